//! Two sets of findings side by side: ours and AWS's, or today's and a baseline.
//!
//! Compared is what stays the same between runs: check and resource. A policy counts with
//! its version, so a new version of a policy is a new resource, as it is for AWS's
//! suppressions.

use crate::finding::Finding;
use crate::registry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Written")]
pub struct Subject {
    /// AWS's name; aliases are read as the name they stand for.
    pub check_name: String,
    /// The resource as [`crate::finding::ResourceIdentifier`] prints it.
    pub resource: String,
}

/// A subject as it stands in a file, perhaps under an older name of the check.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    check_name: String,
    resource: String,
}

impl From<Written> for Subject {
    fn from(Written { check_name, resource }: Written) -> Self {
        Self { check_name, resource }.canonical()
    }
}

impl Subject {
    /// What the finding is about.
    pub fn of(finding: &Finding) -> Self {
        let (check_name, resource) = finding.key();
        Self { check_name, resource }.canonical()
    }

    fn canonical(mut self) -> Self {
        if let Some(check) = registry::find(&self.check_name) {
            self.check_name = check.name.to_owned();
        }
        self
    }
}

/// The differences between two sets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    pub both: BTreeSet<Subject>,
    pub only_left: BTreeSet<Subject>,
    pub only_right: BTreeSet<Subject>,
}

/// Compares two sets of findings, suppressed ones included.
pub fn compare<'a>(
    left: impl IntoIterator<Item = &'a Finding>,
    right: impl IntoIterator<Item = &'a Finding>,
) -> Comparison {
    let left: BTreeSet<Subject> = left.into_iter().map(Subject::of).collect();
    let right: BTreeSet<Subject> = right.into_iter().map(Subject::of).collect();
    Comparison {
        both: left.intersection(&right).cloned().collect(),
        only_left: left.difference(&right).cloned().collect(),
        only_right: right.difference(&left).cloned().collect(),
    }
}

/// The findings that a team starts from; only what is new since then fails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Of this form; 1.
    version: BaselineVersion,
    findings: BTreeSet<Subject>,
}

/// The version number of a baseline's form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct BaselineVersion;

impl TryFrom<u32> for BaselineVersion {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self),
            other => Err(format!("baseline version {other} is not known; write the baseline anew")),
        }
    }
}

impl From<BaselineVersion> for u32 {
    fn from(_: BaselineVersion) -> Self {
        1
    }
}

impl Baseline {
    /// A baseline of these findings, suppressed ones left out.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let counted = findings.into_iter().filter(|finding| !finding.is_suppressed);
        Self { version: BaselineVersion, findings: counted.map(Subject::of).collect() }
    }

    /// Whether the finding was there already.
    pub fn has(&self, finding: &Finding) -> bool {
        self.findings.contains(&Subject::of(finding))
    }

    /// What the baseline has and `findings` no longer do: it can be written anew.
    pub fn gone<'a>(&self, findings: impl IntoIterator<Item = &'a Finding>) -> BTreeSet<Subject> {
        let now: BTreeSet<Subject> = findings.into_iter().map(Subject::of).collect();
        self.findings.difference(&now).cloned().collect()
    }
}
