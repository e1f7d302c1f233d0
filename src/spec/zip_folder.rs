//! Packs a folder into a zip whose bytes depend on file names and contents only.
//!
//! Names are sorted, times and modes fixed, and there is one compressor, so the same folder has the same hash on every
//! machine, and a function's code is "changed" only when it is.

use std::fmt;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// What AWS Lambda takes unpacked: 250 MB (Lambda quotas).
const LARGEST_UNPACKED: usize = 250 * 1024 * 1024;
/// What it takes packed, in the call itself: 50 MB (Lambda quotas).
const LARGEST_PACKED: usize = 50 * 1024 * 1024;

/// A packed folder.
pub struct ZippedFolder {
    pub bytes: Vec<u8>,
    /// The hash as Lambda gives it (API:FunctionConfiguration, CodeSha256).
    pub sha256_base64: String,
}

/// Why a folder cannot be packed; names the file.
#[derive(Debug)]
pub struct ZipFolderError {
    path: PathBuf,
    cause: String,
}

impl fmt::Display for ZipFolderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` cannot be packed: {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for ZipFolderError {}

fn refuse(path: &Path, cause: impl fmt::Display) -> ZipFolderError {
    ZipFolderError { path: path.to_owned(), cause: cause.to_string() }
}

/// Packs all files below `folder`, except what begins with a dot and `__pycache__`. Empty folders leave no trace. A
/// link to a file is packed as the file; a link to a folder is refused, since it may lead in a circle.
pub fn zip_folder(folder: &Path) -> Result<ZippedFolder, ZipFolderError> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    if files.is_empty() {
        return Err(refuse(folder, "there is no file in it"));
    }
    files.sort();
    // Files are executable, since a custom runtime's `bootstrap` must be and Windows knows no such bit.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755)
        .system(System::Unix);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut unpacked = 0;
    for (name, path) in files {
        let content = fs::read(&path).map_err(|error| refuse(&path, error))?;
        unpacked += content.len();
        if unpacked > LARGEST_UNPACKED {
            return Err(refuse(folder, "it holds more than the 250 MB that AWS Lambda takes"));
        }
        writer.start_file(name, options).map_err(|error| refuse(&path, error))?;
        writer.write_all(&content).map_err(|error| refuse(&path, error))?;
    }
    let bytes = writer.finish().map_err(|error| refuse(folder, error))?.into_inner();
    if bytes.len() > LARGEST_PACKED {
        return Err(refuse(folder, "packed it has more than the 50 MB that AWS Lambda takes in a call"));
    }
    let sha256_base64 = BASE64_STANDARD.encode(Sha256::digest(&bytes));
    Ok(ZippedFolder { bytes, sha256_base64 })
}

/// Adds the files below `folder` under their names in the zip, which have `/` between folders.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, PathBuf)>) -> Result<(), ZipFolderError> {
    for entry in fs::read_dir(folder).map_err(|error| refuse(folder, error))? {
        let path = entry.map_err(|error| refuse(folder, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| refuse(&path, "its name is not valid Unicode"))?;
        if name.starts_with('.') || name == "__pycache__" {
            continue;
        }
        let target = fs::metadata(&path).map_err(|error| refuse(&path, error))?;
        match target.is_dir() {
            true if path.is_symlink() => return Err(refuse(&path, "it is a link to a folder; copy the folder")),
            true => collect(&path, &format!("{prefix}{name}/"), files)?,
            false => files.push((format!("{prefix}{name}"), path)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// A folder of its own for each test.
    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("fleetctl-zip-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (path, content) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn the_bytes_depend_on_names_and_contents_alone() {
        let files = [("lambda_function.py", "def handler():\n    pass\n"), ("lib/a.py", "A = 1\n"), ("lib.py", "")];
        let first = folder("first", &files);
        let hidden = [(".env", "SECRET=1"), (".git/HEAD", "x"), ("lib/__pycache__/a.pyc", "x"), ("empty/.keep", "")];
        let second = folder("second", &files.iter().rev().chain(&hidden).copied().collect::<Vec<_>>());
        fs::File::open(second.join("lib.py")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();

        let packed = zip_folder(&first).unwrap();
        assert_eq!(packed.bytes, zip_folder(&second).unwrap().bytes);
        // Known bytes: an update of the compressor that changes them would replace the code of every function.
        assert_eq!(packed.sha256_base64, "+Qss5okjlJQAEClMuZ+fH3H8FN7IF2Zuwp1/UB+Z2c0=");

        let mut archive = zip::ZipArchive::new(Cursor::new(packed.bytes)).unwrap();
        let names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["lambda_function.py", "lib.py", "lib/a.py"]);
        let mut text = String::new();
        archive.by_name("lib/a.py").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "A = 1\n");

        fs::write(first.join("lib.py"), "B = 2\n").unwrap();
        assert_ne!(packed.sha256_base64, zip_folder(&first).unwrap().sha256_base64);
        for folder in [first, second] {
            fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_packed_is_named() {
        let empty = folder("empty", &[(".hidden", "")]);
        let message = zip_folder(&empty).err().unwrap().to_string();
        assert!(message.contains("no file") && message.contains("empty"), "{message}");
        fs::remove_dir_all(&empty).unwrap();
        assert!(zip_folder(&empty).err().unwrap().to_string().contains("empty"));
    }
}
