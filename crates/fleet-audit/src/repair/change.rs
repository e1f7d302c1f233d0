//! A proposed change, and how it is written down.

use super::{certificate, policy};
use crate::audit::Report;
use crate::finding::Finding;
use crate::snapshot::Snapshot;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What to write where in a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpecChange {
    /// The entry, `section.name`.
    pub address: String,
    /// Where in the entry, as a JSON pointer.
    pub pointer: String,
    /// What to put there. For an item of a list: the items that take its place.
    pub value: Value,
    /// What else to think of.
    pub note: String,
    /// The same as YAML, from the section down.
    pub yaml: String,
}

impl SpecChange {
    /// A change of the entry `section.name`; `None` if the address has no name.
    pub(super) fn new(address: &str, pointer: &str, value: Value, note: &str) -> Option<Self> {
        let yaml = yaml(address, pointer, &value)?;
        let (address, pointer, note) = (address.to_owned(), pointer.to_owned(), note.to_owned());
        Some(Self { address, pointer, value, note, yaml })
    }
}

/// Proposes a change for each finding whose resource has an address in the spec. What
/// cannot be repaired by a change of the resource's own entry gets none.
pub fn propose_all(report: &mut Report, snapshot: &Snapshot) {
    for finding in report.findings.iter_mut().chain(&mut report.advice) {
        finding.spec_change = propose(finding, snapshot);
    }
}

fn propose(finding: &Finding, snapshot: &Snapshot) -> Option<SpecChange> {
    let address = finding.address.as_deref()?;
    match finding.rule.split('/').next()? {
        "iot-policy" => policy::propose(finding, address, snapshot),
        "device-certificate" | "ca-certificate" => certificate::propose(finding, address),
        "logging" => SpecChange::new(
            address,
            "/defaultLogLevel",
            Value::from("ERROR"),
            "The role must be allowed to write to CloudWatch Logs.",
        ),
        _ => None,
    }
}

/// The change as YAML. An index in the pointer becomes a comment, since a snippet cannot
/// say which item it means.
fn yaml(address: &str, pointer: &str, value: &Value) -> Option<String> {
    // A name may hold dots; of the sections only those inside `audit` do.
    let inner = ["audit.schedules.", "audit.suppressions."].iter().find(|inner| address.starts_with(*inner));
    let split = inner.map_or_else(|| address.find('.'), |inner| Some(inner.len() - 1));
    let (section, name) = split.map_or((address, None), |at| (&address[..at], Some(&address[at + 1..])));
    let mut keys: Vec<String> = section.split('.').map(str::to_owned).collect();
    keys.extend(name.map(str::to_owned));
    let mut item = None;
    for token in pointer.split('/').skip(1) {
        match token.parse::<usize>() {
            Ok(index) => item = Some(index),
            Err(_) => keys.push(token.replace("~1", "/").replace("~0", "~")),
        }
    }
    let innermost = keys.pop()?;
    let nested = Map::from_iter([(innermost, value.clone())]);
    let nested = keys.into_iter().rev().fold(nested, |inner, key| Map::from_iter([(key, Value::Object(inner))]));
    // ARNs are long and have no place to wrap.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false, compact_list_indent: false };
    let text = serde_saphyr::to_string_with_options(&Value::Object(nested), options).ok()?;
    let Some(index) = item else { return Some(text) };
    // The list is the only value, so it begins with the first dash.
    let at = text.lines().position(|line| line.trim_start().starts_with("- "))?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let indent = " ".repeat(lines[at].len() - lines[at].trim_start().len());
    lines.insert(at, format!("{indent}# instead of statement {}; leave the others as they are", index + 1));
    Some(lines.join("\n") + "\n")
}
