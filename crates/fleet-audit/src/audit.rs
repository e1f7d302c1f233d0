//! One audit: all selected checks on one snapshot, the device certificates in pages if
//! there are many.

use crate::certificate::Evidence;
use crate::certificate::inspect::inspect;
use crate::check::{CertificatePage, Check, Outcome, Scope, Undecided};
use crate::finding::{Finding, Severity};
use crate::registry;
use crate::settings::Settings;
use crate::snapshot::{Certificate, Snapshot};
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub findings: Vec<Finding>,
    /// Compliant for AWS, and yet worth a look.
    pub advice: Vec<Finding>,
    /// What could not be decided, and why. Never counted as passed.
    pub undecided: Vec<Undecided>,
    pub checks: Vec<CheckSummary>,
}

/// The numbers of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckSummary {
    pub check_name: String,
    /// Resources looked at, decided or not.
    pub evaluated: usize,
}

/// Certificates that are read and judged together; keeps memory bounded.
const PAGE: usize = 1_000;

/// Runs the selected checks.
pub fn run(snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Report {
    let mut audit = Audit::begin(snapshot, settings, now);
    if let Some(certificates) = &snapshot.certificates {
        audit.certificates(&[]);
        certificates.chunks(PAGE).for_each(|page| audit.certificates(page));
    }
    audit.finish()
}

/// An audit under way. Everything but the device certificates comes first; those follow
/// in pages of any size, and no page is kept.
#[derive(Debug)]
pub struct Audit<'a> {
    snapshot: &'a Snapshot,
    evidence: Evidence,
    settings: &'a Settings,
    now: Timestamp,
    outcomes: Vec<(&'static Check, Outcome)>,
    any_certificates: bool,
}

impl<'a> Audit<'a> {
    /// Judges all that `snapshot` has but its device certificates.
    pub fn begin(snapshot: &'a Snapshot, settings: &'a Settings, now: Timestamp) -> Self {
        Self::begin_watched(snapshot, settings, now, &|| ())
    }

    /// As [`Self::begin`]; `policy_judged` is called [`Self::policies_to_judge`] times.
    pub fn begin_watched(
        snapshot: &'a Snapshot,
        settings: &'a Settings,
        now: Timestamp,
        policy_judged: &dyn Fn(),
    ) -> Self {
        let selected = registry::ALL.into_iter().filter(|check| settings.checks.contains(check.name));
        let outcomes = selected.map(|check| (check, Outcome::default())).collect();
        let evidence = Evidence::gather(snapshot);
        let mut audit = Self { snapshot, evidence, settings, now, outcomes, any_certificates: false };
        let scope = Scope { snapshot, certificates: None, evidence: &audit.evidence, settings, now, policy_judged };
        for (check, outcome) in &mut audit.outcomes {
            if let Some(judge) = check.account {
                judge(&scope, outcome);
            }
        }
        audit
    }

    /// How many policies there are to judge, each counted once for each check of policies.
    pub fn policies_to_judge(snapshot: &Snapshot, settings: &Settings) -> usize {
        let checks = ["IOT_POLICY_OVERLY_PERMISSIVE_CHECK", "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK"];
        let made = checks.iter().filter(|check| settings.checks.contains(**check)).count();
        snapshot.policies.as_ref().map_or(0, Vec::len) * made
    }

    /// Judges some device certificates. An account without any has one empty page: one
    /// that gets no page at all has certificates that are not known.
    pub fn certificates(&mut self, page: &[Certificate]) {
        self.any_certificates = true;
        let inspected: Vec<_> = page.iter().map(|one| one.certificate_pem.as_deref().map(inspect)).collect();
        self.judge(Some(CertificatePage { certificates: page, inspected: &inspected }));
    }

    fn judge(&mut self, certificates: Option<CertificatePage<'_>>) {
        let scope = Scope {
            snapshot: self.snapshot,
            certificates,
            evidence: &self.evidence,
            settings: self.settings,
            now: self.now,
            policy_judged: &|| (),
        };
        for (check, outcome) in &mut self.outcomes {
            if let Some(judge) = check.certificates {
                judge(&scope, outcome);
            }
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Report {
        if !self.any_certificates {
            self.judge(None);
        }
        let mut report = Report::default();
        for (check, mut outcome) in self.outcomes {
            report.undecided.extend(outcome.take_undecided(check));
            report.findings.append(&mut outcome.findings);
            report.advice.append(&mut outcome.advice);
            report.checks.push(CheckSummary { check_name: check.name.to_owned(), evaluated: outcome.evaluated });
        }
        report
    }
}

impl Report {
    /// The findings that count: not suppressed, and at least this severe.
    pub fn failing(&self, at_least: Severity) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter(move |finding| !finding.is_suppressed && finding.severity >= at_least)
    }

    /// The checks of which something could not be decided.
    pub fn is_decided(&self, check_name: &str) -> bool {
        self.undecided.iter().all(|undecided| undecided.check_name != check_name)
    }
}
