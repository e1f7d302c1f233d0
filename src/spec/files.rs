//! Reads the files that entries name: function sources, documents, certificates.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::entry::Outline;
use super::load::{beside, unreadable};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::scope::{FileContent, FileForm};

/// What was read: for each entry the contents by path as written, and where each artifact comes from.
#[derive(Default)]
pub struct Files {
    by_entry: BTreeMap<Address, BTreeMap<String, FileContent>>,
    /// Folders behind zips, by the hash of the zip; a saved plan names them.
    pub folders: BTreeMap<String, PathBuf>,
}

impl Files {
    pub fn of(&self, address: &Address) -> Option<&BTreeMap<String, FileContent>> {
        self.by_entry.get(address)
    }

    /// The zips, by the hash that stands in the state.
    pub fn artifacts(&self) -> BTreeMap<String, Arc<Vec<u8>>> {
        let contents = self.by_entry.values().flat_map(BTreeMap::values);
        contents
            .filter_map(|content| match content {
                FileContent::Zip { bytes, sha256_base64 } => Some((sha256_base64.clone(), bytes.clone())),
                FileContent::Text(_) => None,
            })
            .collect()
    }
}

pub fn read(outline: &Outline, sources: &Sources, diagnostics: &mut Diagnostics) -> Files {
    let mut files = Files::default();
    for entry in outline.entries.values() {
        for request in entry.kind.files(&entry.node.to_json()) {
            let span = entry.node.nearest(&request.pointer).span;
            let path = beside(sources, span, &request.path);
            let content = match request.form {
                FileForm::Text => match std::fs::read_to_string(&path) {
                    Ok(text) => FileContent::Text(text),
                    Err(error) => {
                        diagnostics.push(unreadable(&path, &error).at(span));
                        continue;
                    }
                },
                FileForm::ZippedFolder => match super::zip_folder::zip_folder(&path) {
                    Ok(zip) => {
                        files.folders.insert(zip.sha256_base64.clone(), path);
                        FileContent::Zip { bytes: Arc::new(zip.bytes), sha256_base64: zip.sha256_base64 }
                    }
                    Err(error) => {
                        diagnostics.push(Diagnostic::error("unreadable-file", error.to_string()).at(span));
                        continue;
                    }
                },
            };
            files.by_entry.entry(entry.address.clone()).or_default().insert(request.path, content);
        }
    }
    files
}
