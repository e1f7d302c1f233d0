//! Findings that were accepted: AWS's audit suppressions and local waivers.
//!
//! Neither hides a finding; both mark it, and it no longer counts. A suppression names
//! one check and one resource, as AWS does; one that names a policy version does not hold
//! for the next version. A waiver may name a rule or check and a group of resources.

use crate::audit::Report;
use crate::finding::{Finding, ResourceIdentifier};
use crate::policy::language;
use crate::policy::pattern::Pattern;
use crate::registry;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// AWS's limit on descriptions, in characters (API:AuditDescription).
const DESCRIPTION_LENGTH: usize = 1000;

/// API:AuditSuppression. Exactly one of `expirationDate` and `suppressIndefinitely`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    pub check_name: String,
    pub resource_identifier: ResourceIdentifier,
    /// Suppressed until then, not including it.
    pub expiration_date: Option<Timestamp>,
    #[serde(default)]
    pub suppress_indefinitely: bool,
    pub description: Option<String>,
}

/// A local exception; it always has an end and a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Waiver {
    /// A rule id or a check's name.
    pub code: String,
    /// The resource or its address, with the wildcards `*` and `?`.
    pub resource: String,
    /// Waived until then, not including it.
    pub until: Timestamp,
    pub reason: String,
}

/// A suppression or waiver that cannot be meant so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuppressionError(String);

impl fmt::Display for SuppressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SuppressionError {}

/// Those that had no effect, each in a phrase that names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Idle {
    /// Past their end.
    pub expired: Vec<String>,
    /// In force, but there is nothing they apply to.
    pub unused: Vec<String>,
}

/// Marks the findings of `report` that a suppression or waiver in force covers. If one of
/// them is malformed nothing is marked.
pub fn apply(
    report: &mut Report,
    suppressions: &[Suppression],
    waivers: &[Waiver],
    now: Timestamp,
) -> Result<Idle, SuppressionError> {
    suppressions.iter().try_for_each(check_suppression)?;
    waivers.iter().try_for_each(check_waiver)?;
    let mut idle = Idle::default();
    for suppression in suppressions {
        let name = format!("{} on {}", suppression.check_name, suppression.resource_identifier);
        let why = suppression.description.as_deref().unwrap_or("suppressed");
        let end = suppression.expiration_date;
        mark(report, &mut idle, name, why, end, now, |finding| covers(suppression, finding));
    }
    for waiver in waivers {
        let name = format!("{} on {}", waiver.code, waiver.resource);
        let end = Some(waiver.until);
        mark(report, &mut idle, name, &waiver.reason, end, now, |finding| waives(waiver, finding));
    }
    Ok(idle)
}

fn mark(
    report: &mut Report,
    idle: &mut Idle,
    name: String,
    why: &str,
    end: Option<Timestamp>,
    now: Timestamp,
    covers: impl Fn(&Finding) -> bool,
) {
    if end.is_some_and(|end| end <= now) {
        idle.expired.push(name);
        return;
    }
    let mut used = false;
    for finding in report.findings.iter_mut().filter(|finding| covers(finding)) {
        used = true;
        finding.is_suppressed = true;
        finding.suppressed_because.get_or_insert_with(|| why.to_owned());
    }
    if !used {
        idle.unused.push(name);
    }
}

/// Whether two names mean the same check; unknown names are compared as they are.
fn same_check(one: &str, other: &str) -> bool {
    let canonical = |name: &str| registry::find(name).map_or(name.to_owned(), |c| c.name.to_owned());
    canonical(one) == canonical(other)
}

fn covers(suppression: &Suppression, finding: &Finding) -> bool {
    same_check(&suppression.check_name, &finding.check_name)
        && suppression.resource_identifier == finding.non_compliant_resource.resource_identifier
}

fn waives(waiver: &Waiver, finding: &Finding) -> bool {
    if waiver.code != finding.rule && !same_check(&waiver.code, &finding.check_name) {
        return false;
    }
    let pattern = Pattern::glob(&waiver.resource);
    let identifier = finding.non_compliant_resource.resource_identifier.to_string();
    let mut names = finding.address.iter().chain([&identifier]);
    // Too complex to tell is not waived.
    names.any(|name| language::includes(&pattern, &Pattern::literal(name)) == Some(true))
}

fn check_suppression(suppression: &Suppression) -> Result<(), SuppressionError> {
    let wrong = |what: &str| {
        let name = format!("{} on {}", suppression.check_name, suppression.resource_identifier);
        Err(SuppressionError(format!("suppression of {name}: {what}")))
    };
    if suppression.resource_identifier == ResourceIdentifier::default() {
        return wrong("it names no resource; give a resourceIdentifier");
    }
    if suppression.expiration_date.is_some() == suppression.suppress_indefinitely {
        return wrong("give either expirationDate or suppressIndefinitely");
    }
    let description = suppression.description.as_deref().unwrap_or("");
    if description.chars().count() > DESCRIPTION_LENGTH {
        return wrong("its description is longer than 1000 characters; shorten it");
    }
    Ok(())
}

fn check_waiver(waiver: &Waiver) -> Result<(), SuppressionError> {
    let wrong = |what: &str| Err(SuppressionError(format!("waiver of {:?}: {what}", waiver.code)));
    if registry::find(&waiver.code).is_none() && registry::find_rule(&waiver.code).is_none() {
        return wrong("there is no such check or rule; see the rule of the finding");
    }
    if waiver.reason.trim().is_empty() {
        return wrong("it has no reason; say why the finding is accepted");
    }
    Ok(())
}
