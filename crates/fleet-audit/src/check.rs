//! What a check is: data that describes it, and one function that judges a snapshot.

use crate::certificate::Evidence;
use crate::certificate::inspect::Inspected;
use crate::finding::{Finding, Resource, Severity};
use crate::settings::Settings;
use crate::snapshot::{CaCertificate, Certificate, Snapshot};
use crate::timestamp::Timestamp;
use std::collections::BTreeMap;

/// One of AWS's audit checks.
#[derive(Debug)]
pub struct Check {
    /// AWS's name, e.g. `LOGGING_DISABLED_CHECK`.
    pub name: &'static str,
    /// Older or misspelt names still found in AWS texts; read, never written.
    pub aliases: &'static [&'static str],
    pub severity: Severity,
    pub rules: &'static [Rule],
    pub page: Page,
    /// AWS mitigation actions that apply (API:MitigationActionType).
    pub mitigations: &'static [&'static str],
    /// Judges what there is once: policies, roles, logging, connections.
    pub account: Option<Judge>,
    /// Judges the device certificates, which may come in pages.
    pub certificates: Option<Judge>,
}

/// Looks at a scope and says what it found.
pub type Judge = fn(&Scope<'_>, &mut Outcome);

/// One way to fail a check: finer than AWS's reason codes.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `family/what`, unique.
    pub id: &'static str,
    /// AWS's `reasonForNonComplianceCode`.
    pub reason_code: &'static str,
    pub level: Level,
    pub basis: Basis,
    /// When it reports, one row of the decision table.
    pub when: &'static str,
    pub wrong: &'static str,
    pub right: &'static str,
}

/// Whether a rule makes its resource non-compliant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Yes: a finding.
    Finding,
    /// No: worth a look, AWS would pass it.
    Advice,
}

/// Where a rule comes from.
#[derive(Debug, PartialEq, Eq)]
pub enum Basis {
    /// AWS's page of the check says so.
    Documented,
    /// AWS leaves it open; this is our choice, and why.
    Chosen(&'static str),
}

/// The documentation of a check, for `explain`.
#[derive(Debug)]
pub struct Page {
    pub why: &'static str,
    pub fix: &'static str,
    /// The parts of the snapshot it reads.
    pub reads: &'static [&'static str],
    /// AWS's page.
    pub source: &'static str,
}

/// What a check may look at.
pub struct Scope<'a> {
    pub snapshot: &'a Snapshot,
    /// The device certificates at hand: all, or one page of them.
    pub certificates: Option<CertificatePage<'a>>,
    pub evidence: &'a Evidence,
    pub settings: &'a Settings,
    pub now: Timestamp,
    /// Called for each policy that was judged, which is what takes long.
    pub policy_judged: &'a dyn Fn(),
}

/// Device certificates, each with what was read of it.
#[derive(Debug, Clone, Copy)]
pub struct CertificatePage<'a> {
    pub certificates: &'a [Certificate],
    /// One for one with `certificates`.
    pub inspected: &'a [Option<Result<Inspected, String>>],
}

impl<'a> Scope<'a> {
    /// The device certificates that AWS's checks look at: ACTIVE and PENDING_TRANSFER.
    /// Says so if the part is missing, and counts what will be judged.
    pub fn live_certificates(&self, outcome: &mut Outcome) -> Vec<(&'a Certificate, Parsed<'a>)> {
        let Some(page) = self.certificates else {
            outcome.cannot_decide("the snapshot has no device certificates");
            return vec![];
        };
        let live: Vec<_> = page
            .certificates
            .iter()
            .zip(page.inspected)
            .filter(|(certificate, _)| matches!(certificate.status.as_str(), "ACTIVE" | "PENDING_TRANSFER"))
            .collect();
        outcome.evaluated += live.len();
        live
    }

    /// The CA certificates that are ACTIVE; their status has no PENDING_TRANSFER
    /// (API:CACertificateStatus).
    pub fn live_ca_certificates(&self, outcome: &mut Outcome) -> Vec<(&'a CaCertificate, Parsed<'a>)> {
        let Some(certificates) = &self.snapshot.ca_certificates else {
            outcome.cannot_decide("the snapshot has no CA certificates");
            return vec![];
        };
        let live: Vec<_> = certificates
            .iter()
            .zip(&self.evidence.ca_certificates)
            .filter(|(certificate, _)| certificate.status == "ACTIVE")
            .collect();
        outcome.evaluated += live.len();
        live
    }
}

/// A certificate as parsed: missing, unreadable with a cause, or read.
pub type Parsed<'a> = &'a Option<Result<Inspected, String>>;

/// Something that could not be decided, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Undecided {
    pub check_name: String,
    /// "not decidable here, because " fits before it.
    pub because: String,
    /// How many resources; 0 when the check as a whole is meant.
    pub resource_count: usize,
    /// The first of them, at most [`UNDECIDED_NAMES`].
    pub resources: Vec<String>,
}

/// How many resources an [`Undecided`] names; keeps memory bounded.
pub const UNDECIDED_NAMES: usize = 10;

/// What a check said.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Resources that were looked at and decided or found undecidable.
    pub evaluated: usize,
    pub findings: Vec<Finding>,
    pub advice: Vec<Finding>,
    undecided: BTreeMap<String, (usize, Vec<String>)>,
}

impl Outcome {
    /// Nothing can be said about the whole check or a part of it.
    pub fn cannot_decide(&mut self, because: &str) {
        self.undecided.entry(because.to_owned()).or_default();
    }

    /// Nothing can be said about `resource`.
    pub fn cannot_decide_for(&mut self, resource: &str, because: &str) {
        let (count, names) = self.undecided.entry(because.to_owned()).or_default();
        *count += 1;
        if names.len() < UNDECIDED_NAMES {
            names.push(resource.to_owned());
        }
    }

    /// The parsed certificate, or a note that `resource` cannot be decided without it.
    pub fn need<'a>(&mut self, resource: &str, parsed: Parsed<'a>) -> Option<&'a Inspected> {
        match parsed {
            Some(Ok(inspected)) => return Some(inspected),
            Some(Err(cause)) => self.cannot_decide_for(resource, cause),
            None => self.cannot_decide_for(resource, "the snapshot does not have its PEM text"),
        }
        None
    }

    /// Reports `rule` on `resource`; the returned finding may be added to.
    pub fn report(&mut self, check: &Check, rule: &Rule, resource: Resource, reason: String) -> &mut Finding {
        let finding = Finding {
            finding_id: None,
            task_id: None,
            check_name: check.name.to_owned(),
            task_start_time: None,
            finding_time: None,
            severity: check.severity,
            non_compliant_resource: resource,
            related_resources: vec![],
            reason_for_non_compliance: reason,
            reason_for_non_compliance_code: rule.reason_code.to_owned(),
            is_suppressed: false,
            rule: rule.id.to_owned(),
            address: None,
            pointer: None,
            place: None,
            counterexample: None,
            assumed: vec![],
            suppressed_because: None,
            is_new: None,
            spec_change: None,
        };
        let list = match rule.level {
            Level::Finding => &mut self.findings,
            Level::Advice => &mut self.advice,
        };
        list.push(finding);
        let last = list.len() - 1;
        &mut list[last]
    }

    /// The undecided parts, ordered by reason.
    pub fn take_undecided(&mut self, check: &Check) -> Vec<Undecided> {
        std::mem::take(&mut self.undecided)
            .into_iter()
            .map(|(because, (resource_count, resources))| Undecided {
                check_name: check.name.to_owned(),
                because,
                resource_count,
                resources,
            })
            .collect()
    }
}
