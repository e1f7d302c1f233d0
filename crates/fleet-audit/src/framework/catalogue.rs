//! The mappings, as data: `frameworks/*.json`, each with its edition, its source and the
//! day it was made. The words are ours; the frameworks' own texts are not repeated.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// One framework.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Framework {
    /// What `--framework` takes.
    pub name: String,
    pub title: String,
    pub edition: String,
    pub publisher: String,
    /// Where the edition is published, an address; after it, in brackets, whether its own
    /// text could not be had for the comparison.
    pub source: String,
    /// The day this mapping was made, `YYYY-MM-DD`.
    pub mapped: String,
    /// What the identifiers and our words were compared with on that day, and what was not found.
    pub compared_with: String,
    /// What `ids` holds, and where it was taken from.
    pub ids_from: String,
    /// The identifiers of the framework's controls, mapped or not.
    pub ids: Vec<String>,
    pub controls: Vec<Control>,
}

/// A control that checks or parts of a spec give evidence for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Control {
    /// The framework's own identifier.
    pub id: String,
    /// What it asks for, as far as it concerns us, in our words.
    pub about: String,
    /// Audit checks whose findings speak against it.
    pub checks: Vec<String>,
    /// Sections of a spec that speak for it.
    pub features: Vec<String>,
}

const TEXTS: [&str; 6] = [
    include_str!("../../frameworks/nist-800-53.json"),
    include_str!("../../frameworks/nistir-8259a.json"),
    include_str!("../../frameworks/iso-27001.json"),
    include_str!("../../frameworks/soc-2.json"),
    include_str!("../../frameworks/hipaa.json"),
    include_str!("../../frameworks/etsi-303-645.json"),
];

/// All frameworks.
pub fn all() -> &'static [Framework] {
    static ALL: LazyLock<Vec<Framework>> = LazyLock::new(|| {
        let read = |text: &&str| serde_json::from_str(text).expect("our own data file, which the tests read");
        TEXTS.iter().map(read).collect()
    });
    &ALL
}

/// The framework of that name.
pub fn find(name: &str) -> Option<&'static Framework> {
    all().iter().find(|framework| framework.name == name)
}
