//! One audit: all selected checks on one snapshot.

use crate::certificate::Evidence;
use crate::check::{Outcome, Scope, Undecided};
use crate::finding::{Finding, Severity};
use crate::registry;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::timestamp::Timestamp;
use serde::Serialize;

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckSummary {
    pub check_name: String,
    /// Resources looked at, decided or not.
    pub evaluated: usize,
}

/// Runs the selected checks. Of a large account, certificates can be handed in page by
/// page: run the certificate checks on a snapshot for each page, and [`Report::absorb`]
/// the reports.
pub fn run(snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Report {
    let evidence = Evidence::gather(snapshot);
    let scope = Scope { snapshot, evidence: &evidence, settings, now };
    let mut report = Report::default();
    for check in registry::ALL {
        if !settings.checks.contains(check.name) {
            continue;
        }
        let mut outcome = Outcome::default();
        (check.run)(&scope, &mut outcome);
        report.undecided.extend(outcome.take_undecided(check));
        report.findings.append(&mut outcome.findings);
        report.advice.append(&mut outcome.advice);
        report.checks.push(CheckSummary { check_name: check.name.to_owned(), evaluated: outcome.evaluated });
    }
    report
}

impl Report {
    /// The findings that count: not suppressed, and at least this severe.
    pub fn failing(&self, at_least: Severity) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter(move |finding| !finding.is_suppressed && finding.severity >= at_least)
    }

    /// Adds the report on another part of the same account.
    pub fn absorb(&mut self, other: Report) {
        self.findings.extend(other.findings);
        self.advice.extend(other.advice);
        for new in other.undecided {
            let same =
                self.undecided.iter_mut().find(|old| old.check_name == new.check_name && old.because == new.because);
            match same {
                Some(old) => old.absorb(new),
                None => self.undecided.push(new),
            }
        }
        for new in other.checks {
            let same = self.checks.iter_mut().find(|old| old.check_name == new.check_name);
            match same {
                Some(old) => old.evaluated += new.evaluated,
                None => self.checks.push(new),
            }
        }
    }
}
