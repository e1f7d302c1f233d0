//! Findings that were accepted: the spec's audit suppressions and waivers, and a file of waivers.
//!
//! A waiver names a check, or one rule of it, as `code`; codes of other commands in the same list are passed over.

use std::path::Path;

use fleet_audit::audit::Report;
use fleet_audit::registry;
use fleet_audit::suppression::{self, Idle, Suppression, Waiver};
use fleet_audit::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::from_spec;
use super::subject::Subject;
use crate::cli::failure::Failure;
use crate::diagnostic::did_you_mean;

/// What was accepted.
pub struct Acceptance {
    suppressions: Vec<Suppression>,
    waivers: Vec<Waiver>,
}

/// One entry of `waivers:`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    /// An audit check or rule, or the code of another command's finding.
    code: String,
    /// An address or the name of a resource, with `*` and `?`; left out: all of them.
    address: Option<String>,
    reason: String,
    /// The last day on which it is accepted, or a time with a zone.
    until: String,
}

/// When the findings of an entry count again.
fn end(until: &str) -> Option<Timestamp> {
    let at = Timestamp::parse(until)?;
    Some(if until.contains('T') { at } else { at.plus_days(1) })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiverFile {
    waivers: Vec<Entry>,
}

/// Reads all of them.
pub fn read(file: Option<&Path>, subject: &Subject) -> Result<Acceptance, Failure> {
    let mut waivers = Vec::new();
    if let Some(path) = file {
        let found: WaiverFile = yaml(path)?;
        waivers.extend(ours(found.waivers).map_err(|message| Failure::new(format!("{}: {message}", path.display())))?);
    }
    let mut suppressions = Vec::new();
    if let Some(spec) = &subject.spec {
        let declared = spec.checked.waivers.iter().map(|waiver| Entry {
            code: waiver.code.clone(),
            address: waiver.address.clone(),
            reason: waiver.reason.clone(),
            until: waiver.until.to_string(),
        });
        waivers.extend(ours(declared.collect()).map_err(Failure::new)?);
        for (address, state) in from_spec::suppressions(&spec.checked) {
            match suppression(&state) {
                Ok(found) if subject.is_spec() && names_a_version(&found) => eprintln!(
                    "note: {address} names a policy version, which a spec does not know; it holds on AWS alone"
                ),
                Ok(found) => suppressions.push(found),
                Err(error) => eprintln!("warning: {address} is not taken into account: {error}"),
            }
        }
    }
    Ok(Acceptance { suppressions, waivers })
}

fn names_a_version(suppression: &Suppression) -> bool {
    let policy = suppression.resource_identifier.policy_version_identifier.as_ref();
    policy.is_some_and(|policy| policy.policy_version_id.is_some())
}

/// An audit suppression, from the spec's state of it.
fn suppression(state: &Value) -> Result<Suppression, serde_json::Error> {
    let field = |name: &str| state.get(name).cloned().unwrap_or_default();
    let plain = serde_json::json!({
        "checkName": field("checkName"),
        "resourceIdentifier": field("resourceIdentifier"),
        "expirationDate": field("expirationDate"),
        "suppressIndefinitely": field("suppressIndefinitely").as_bool().unwrap_or(false),
        "description": field("description"),
    });
    serde_json::from_value(plain)
}

/// The waivers of audit findings. A code that is nearly one of ours is a slip.
fn ours(entries: Vec<Entry>) -> Result<Vec<Waiver>, String> {
    let known = || {
        let rules = registry::ALL.iter().flat_map(|check| check.rules.iter().map(|rule| rule.id));
        registry::ALL.iter().map(|check| check.name).chain(rules)
    };
    let mut waivers = Vec::new();
    for Entry { code, address, reason, until } in entries {
        if registry::find(&code).is_none() && registry::find_rule(&code).is_none() {
            match did_you_mean(&code, known()) {
                Some(help) => return Err(format!("waiver of `{code}`: there is no such check or rule; {help}")),
                None => continue,
            }
        }
        let until = end(&until).ok_or_else(|| format!("waiver of `{code}`: `{until}` is no day such as 2027-03-31"))?;
        waivers.push(Waiver { code, resource: address.unwrap_or_else(|| "*".to_owned()), until, reason });
    }
    Ok(waivers)
}

impl Acceptance {
    /// Marks what is accepted; returns what had no effect.
    pub fn apply(&self, report: &mut Report, now: Timestamp) -> Result<Idle, Failure> {
        suppression::apply(report, &self.suppressions, &self.waivers, now)
            .map_err(|error| Failure::new(error.to_string()))
    }
}

fn yaml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))?;
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
