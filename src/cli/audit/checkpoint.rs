//! What a live audit has read, a line for each object: a run that is cut goes on from there, and certificates are
//! judged from the file, page by page, so that memory stays bounded.
//!
//! At AWS's rates the certificates of a large account take hours; the file makes that safe to interrupt.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fleet_audit::snapshot::{Certificate, IotPolicy, Snapshot};
use fleet_audit::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;

/// What was read longer ago than this is read again, in seconds: a day.
const KEEPS: i64 = 86_400;

/// Certificates that are judged together.
const PAGE: usize = 1_000;

/// What a file is for; one for anything else is begun anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Purpose {
    /// Of this form; 1.
    pub version: u32,
    pub account: String,
    pub region: String,
    /// Whether certificates are described, and whether their things are listed.
    pub text: bool,
    pub things: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Begun(Purpose, Timestamp),
    Policy(IotPolicy),
    Certificate(Box<Certificate>),
}

pub struct Checkpoint {
    path: PathBuf,
    writer: Mutex<BufWriter<File>>,
    /// Certificates in the file that still are in the account.
    wanted: BTreeSet<String>,
}

/// What an earlier run has left.
#[derive(Default)]
pub struct Left {
    pub policies: Vec<IotPolicy>,
    /// IDs of the certificates that are described.
    pub certificates: BTreeSet<String>,
}

impl Checkpoint {
    /// Opens the file, with what an earlier run for the same purpose has left in it.
    pub fn open(path: PathBuf, purpose: &Purpose, fresh: bool, now: Timestamp) -> Result<(Checkpoint, Left), Failure> {
        let unusable = |error: std::io::Error| Failure::new(format!("{} cannot be used: {error}", path.display()));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(unusable)?;
        }
        let (left, good) = match fresh {
            true => (None, 0),
            false => left(&path, purpose, now).map_err(unusable)?,
        };
        let mut file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
        // A line that was cut ends what can be used.
        file.set_len(good).map_err(unusable)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).map_err(unusable)?;
        let writer = Mutex::new(BufWriter::new(file));
        let checkpoint = Checkpoint { path: path.clone(), writer, wanted: BTreeSet::new() };
        if left.is_none() {
            checkpoint.write(&Line::Begun(purpose.clone(), now))?;
        }
        Ok((checkpoint, left.unwrap_or_default()))
    }

    pub fn keep_policy(&self, policy: &IotPolicy) -> Result<(), Failure> {
        self.write(&Line::Policy(policy.clone()))
    }

    pub fn keep_certificate(&self, certificate: Certificate) -> Result<(), Failure> {
        self.write(&Line::Certificate(Box::new(certificate)))
    }

    fn write(&self, line: &Line) -> Result<(), Failure> {
        let mut writer = self.writer.lock().expect("no panic while holding the lock");
        let mut text = serde_json::to_string(line).expect("plain data");
        text.push('\n');
        // Flushed line by line: what is not on disk would be read again.
        writer.write_all(text.as_bytes()).and_then(|()| writer.flush()).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::new(format!("{} cannot be used: {error}", self.path.display()))
    }

    /// Says which certificates the account has now.
    pub fn want(&mut self, ids: BTreeSet<String>) {
        self.wanted = ids;
    }

    /// How many certificates are to be judged.
    pub fn certificates(&self) -> usize {
        self.wanted.len()
    }

    /// Hands out the certificates in pages, at least one, which may be empty.
    pub fn pages(&self, take: &mut dyn FnMut(&[Certificate])) -> Result<(), Failure> {
        let (mut page, mut seen) = (Vec::with_capacity(PAGE), BTreeSet::new());
        take(&[]);
        for line in lines(&self.path).map_err(|error| self.failed(&error))? {
            let (line, _) = line.map_err(|error| self.failed(&error))?;
            let Line::Certificate(certificate) = line else { continue };
            let id = &certificate.certificate_id;
            if !self.wanted.contains(id) || !seen.insert(id.clone()) {
                continue;
            }
            page.push(*certificate);
            if page.len() == PAGE {
                take(&page);
                page.clear();
            }
        }
        take(&page);
        Ok(())
    }

    /// Writes `snapshot` with the certificates of the file in it.
    pub fn save(&self, snapshot: &Snapshot, path: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("{} cannot be written: {error}", path.display()));
        let mut out = BufWriter::new(File::create(path).map_err(failed)?);
        let mut base = serde_json::to_value(snapshot).expect("plain data");
        base.as_object_mut().map(|parts| parts.remove("certificates"));
        let base = base.to_string();
        let mut result = write!(out, "{},\"certificates\":[", base.trim_end_matches('}'));
        let mut first = true;
        self.pages(&mut |page| {
            for certificate in page {
                let text = serde_json::to_string(certificate).expect("plain data");
                let comma = if std::mem::take(&mut first) { "" } else { "," };
                if result.is_ok() {
                    result = write!(out, "{comma}\n{text}");
                }
            }
        })?;
        result.and_then(|()| writeln!(out, "]}}")).and_then(|()| out.flush()).map_err(failed)
    }

    /// Deletes the file: the audit is done.
    pub fn remove(self) {
        // One that stays is only older than the next run likes.
        let _ = fs::remove_file(&self.path);
    }
}

/// The lines of a file, each with the number of bytes up to its end.
fn lines(path: &Path) -> std::io::Result<impl Iterator<Item = std::io::Result<(Line, u64)>>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut offset = 0;
    Ok(std::iter::from_fn(move || {
        let mut text = String::new();
        match reader.read_line(&mut text) {
            Ok(0) => None,
            Ok(bytes) => {
                offset += bytes as u64;
                match serde_json::from_str(&text) {
                    Ok(line) if text.ends_with('\n') => Some(Ok((line, offset))),
                    _ => None,
                }
            }
            Err(error) => Some(Err(error)),
        }
    }))
}

/// What the file holds for this purpose, and how many of its bytes are good.
fn left(path: &Path, purpose: &Purpose, now: Timestamp) -> std::io::Result<(Option<Left>, u64)> {
    if !path.exists() {
        return Ok((None, 0));
    }
    let (mut left, mut good, mut begun) = (Left::default(), 0, false);
    for line in lines(path)? {
        let (line, offset) = line?;
        match line {
            Line::Begun(of, at) if !begun && of == *purpose && at.0 > now.0 - KEEPS && at <= now => begun = true,
            Line::Begun(..) => return Ok((None, 0)),
            Line::Policy(policy) => left.policies.push(policy),
            Line::Certificate(certificate) => drop(left.certificates.insert(certificate.certificate_id)),
        }
        good = offset;
    }
    Ok(if begun { (Some(left), good) } else { (None, 0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(id: &str) -> Certificate {
        serde_json::from_value(serde_json::json!({ "certificateId": id, "status": "ACTIVE" })).unwrap()
    }

    #[test]
    fn a_cut_run_goes_on_and_another_purpose_or_an_old_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit").join("x.jsonl");
        let purpose = Purpose { version: 1, account: "1".into(), region: "r".into(), text: true, things: true };
        let open =
            |purpose: &Purpose, now| Checkpoint::open(path.clone(), purpose, false, Timestamp(now)).ok().unwrap();
        let (first, left) = open(&purpose, 1000);
        assert!(left.certificates.is_empty());
        first.keep_certificate(certificate("a")).ok().unwrap();
        first.keep_certificate(certificate("b")).ok().unwrap();
        drop(first);
        // Cut in the middle of a line.
        let text = fs::read_to_string(&path).unwrap() + "{\"certificate\":{\"certif";
        fs::write(&path, text).unwrap();

        let (mut second, left) = open(&purpose, 2000);
        assert_eq!(left.certificates, ["a", "b"].map(str::to_owned).into());
        second.keep_certificate(certificate("c")).ok().unwrap();
        second.want(["a", "c"].map(str::to_owned).into());
        let mut seen = Vec::new();
        second.pages(&mut |page| seen.extend(page.iter().map(|c| c.certificate_id.clone()))).ok().unwrap();
        assert_eq!(seen, ["a", "c"], "what is gone from the account is not judged");
        let saved = folder.path().join("saved.json");
        second.save(&Snapshot { account_id: Some("1".into()), ..Snapshot::default() }, &saved).ok().unwrap();
        let read: Snapshot = serde_json::from_str(&fs::read_to_string(saved).unwrap()).unwrap();
        assert_eq!(read.certificates.unwrap().len(), 2);
        drop(second);

        let (_, left) = open(&Purpose { things: false, ..purpose.clone() }, 2000);
        assert!(left.certificates.is_empty(), "another purpose");
        let (again, _) = open(&purpose, 3000);
        again.keep_certificate(certificate("d")).ok().unwrap();
        drop(again);
        assert!(open(&purpose, 3000 + KEEPS + 1).1.certificates.is_empty(), "too old");
    }
}
