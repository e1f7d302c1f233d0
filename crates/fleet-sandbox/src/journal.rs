//! Keeps the store in a folder: one line of JSON per transaction, compacted at every start.
//!
//! A line is `{"put": [[account, region, collection, key, value]…], "remove": [[…]…]}`. A process
//! killed while writing leaves a torn last line; it is dropped at the next start, and the request
//! it belonged to was never answered. Lines are not flushed to the disk one by one: the state
//! outlives the process, not the machine's power.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::{Objects, Table};

const STATE: &str = "state.jsonl";
const LOCK: &str = "lock";

/// An open, locked journal.
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Holds the folder's lock for as long as the journal lives.
    _lock: File,
}

#[derive(Default, Serialize, Deserialize)]
struct Line {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    put: Vec<(String, String, String, String, Value)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remove: Vec<(String, String, String, String)>,
}

/// The folder is in use by another server, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another server holds the folder's lock.
    #[error("another sandbox is running on {0}: stop it or choose another folder")]
    Locked(PathBuf),
    /// A line in the middle of the file is not readable.
    #[error(
        "{path}:{line}: not a line of sandbox state ({reason}); restore the file, or delete the folder to start empty"
    )]
    Damaged {
        /// File.
        path: PathBuf,
        /// 1-based line.
        line: usize,
        /// What the parser said.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot use {path} for sandbox state: {source}")]
    Io {
        /// Folder.
        path: PathBuf,
        /// Cause.
        source: io::Error,
    },
}

impl Journal {
    /// Locks the folder (made if absent), reads its state and compacts it.
    pub fn open(dir: &Path) -> Result<(Journal, BTreeMap<Table, Objects>), JournalError> {
        let failed = |source| JournalError::Io { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let lock = lock(dir)?;
        let path = dir.join(STATE);
        let tables = read(&path, failed)?;
        let compacted = dir.join("state.jsonl.new");
        let mut file = private(&compacted).map_err(failed)?;
        for (table, objects) in &tables {
            let puts = objects.iter().map(|(key, value)| (table, key.as_str(), Some(value)));
            file.write_all(&encode(puts)).map_err(failed)?;
        }
        std::fs::rename(&compacted, &path).map_err(failed)?;
        Ok((Journal { path, file, _lock: lock }, tables))
    }

    /// Appends one transaction.
    pub fn append<'a>(
        &mut self,
        changes: impl Iterator<Item = (&'a Table, &'a str, Option<&'a Value>)>,
    ) -> io::Result<()> {
        let end = self.file.stream_position()?;
        let written = self.file.write_all(&encode(changes));
        if written.is_err() {
            // Half a line (a full disk) would spoil the next one. The transaction is rolled back by
            // the store, so its line has to go, too.
            self.file.set_len(end)?;
            self.file.seek(SeekFrom::Start(end))?;
        }
        written
    }

    /// Empties the journal.
    pub fn clear(&mut self) -> io::Result<()> {
        self.file = private(&self.path)?;
        Ok(())
    }
}

/// Deletes the state kept in `dir`; true if there was any.
///
/// # Errors
/// When a server is running on the folder, or the file system refuses.
pub fn reset_dir(dir: &Path) -> io::Result<bool> {
    if !dir.join(STATE).exists() {
        return Ok(false);
    }
    let _lock = lock(dir).map_err(|error| match error {
        JournalError::Io { source, .. } => source,
        other => io::Error::new(io::ErrorKind::ResourceBusy, other.to_string()),
    })?;
    std::fs::remove_file(dir.join(STATE))?;
    Ok(true)
}

fn lock(dir: &Path) -> Result<File, JournalError> {
    let failed = |source| JournalError::Io { path: dir.to_owned(), source };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(LOCK)).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// An empty file for this user alone: the state holds code and environment variables of functions.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn encode<'a>(changes: impl Iterator<Item = (&'a Table, &'a str, Option<&'a Value>)>) -> Vec<u8> {
    let mut line = Line::default();
    for ((account, region, collection), key, value) in changes {
        let place = (account.clone(), region.clone(), collection.clone(), key.to_owned());
        match value {
            Some(value) => line.put.push((place.0, place.1, place.2, place.3, value.clone())),
            None => line.remove.push(place),
        }
    }
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn read(path: &Path, failed: impl Fn(io::Error) -> JournalError) -> Result<BTreeMap<Table, Objects>, JournalError> {
    let mut tables: BTreeMap<Table, Objects> = BTreeMap::new();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(tables),
        Err(error) => return Err(failed(error)),
    };
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        reader.read_until(b'\n', &mut bytes).map_err(&failed)?;
        // Without its line end the last line is torn: the writer died in it.
        if bytes.pop() != Some(b'\n') {
            break;
        }
        let line: Line = serde_json::from_slice(&bytes).map_err(|error| JournalError::Damaged {
            path: path.to_owned(),
            line: number,
            reason: error.to_string(),
        })?;
        for (account, region, collection, key, value) in line.put {
            tables.entry((account, region, collection)).or_default().insert(key, value);
        }
        for (account, region, collection, key) in line.remove {
            tables.entry((account, region, collection)).or_default().remove(&key);
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn table() -> Table {
        ("1".into(), "r".into(), "c".into())
    }

    #[test]
    fn state_survives_a_torn_line_and_refuses_a_second_server_and_a_damaged_file() {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, empty) = Journal::open(dir.path()).unwrap();
        assert!(empty.is_empty());
        let (kept, dropped) = (json!({"n": 1}), json!(2));
        journal.append([(&table(), "kept", Some(&kept)), (&table(), "gone", Some(&dropped))].into_iter()).unwrap();
        journal.append([(&table(), "gone", None)].into_iter()).unwrap();
        let second = Journal::open(dir.path()).err().unwrap().to_string();
        assert!(second.contains(&dir.path().display().to_string()), "{second}");
        assert_eq!(reset_dir(dir.path()).unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        drop(journal);

        let path = dir.path().join(STATE);
        let mut torn = std::fs::read(&path).unwrap();
        torn.extend_from_slice(br#"{"put":[["1","r","c","torn","#);
        std::fs::write(&path, &torn).unwrap();
        let (journal, tables) = Journal::open(dir.path()).unwrap();
        assert_eq!(tables[&table()], Objects::from([("kept".to_owned(), kept)]));
        drop(journal);

        std::fs::write(&path, b"{}\nnonsense\n{}\n").unwrap();
        let damaged = Journal::open(dir.path()).err().unwrap().to_string();
        assert!(damaged.contains("state.jsonl:2:"), "{damaged}");
        assert!(reset_dir(dir.path()).unwrap());
        assert!(!reset_dir(dir.path()).unwrap());
    }
}
