//! Finds test files: `*_test.yaml` and `*_test.yml`, in folders and the folders in them.

use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;

/// The test files that the paths stand for, each once, in the order of the paths and of names below them. A file that
/// is named counts whatever its name is.
pub fn test_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            below(path, &mut found)?;
        } else if path.exists() {
            found.push(path.clone());
        } else {
            let failure = Failure::new(format!("there is no `{}`", path.display()));
            return Err(failure.help("name test files, or folders that hold `*_test.yaml`"));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    if found.is_empty() {
        let places: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let failure = Failure::new(format!("no test file is in {}", places.join(", ")));
        return Err(failure.help("test files are called `NAME_test.yaml`; docs/test.md shows one"));
    }
    Ok(found)
}

/// Hidden folders are left out, and links to folders, so that the search ends.
fn below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let unreadable = |error| Failure::new(format!("{} cannot be read: {error}", folder.display()));
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut entries = entries.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().map_err(unreadable)?;
        // `.` itself would lead every name with `./`.
        let path = if folder == Path::new(".") { PathBuf::from(&name) } else { entry.path() };
        if kind.is_dir() {
            if !name.starts_with('.') {
                below(&path, found)?;
            }
        } else if name.ends_with("_test.yaml") || name.ends_with("_test.yml") {
            found.push(path);
        }
    }
    Ok(())
}
