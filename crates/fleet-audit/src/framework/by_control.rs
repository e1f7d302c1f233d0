//! A report, sorted by the controls of a framework.

use super::catalogue::{Control, Framework};
use crate::audit::Report;
use crate::check::Undecided;
use crate::finding::Finding;
use serde::Serialize;
use std::collections::BTreeSet;

/// A report by control.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ByControl<'a> {
    pub framework: &'a str,
    pub title: &'a str,
    pub edition: &'a str,
    pub source: &'a str,
    /// The day the mapping was made.
    pub mapped: &'a str,
    pub controls: Vec<ControlReport<'a>>,
    /// Controls of the framework that nothing here speaks to.
    pub not_covered: usize,
}

/// What is to be said of one control.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlReport<'a> {
    pub id: &'a str,
    pub about: &'a str,
    pub standing: Standing,
    /// Findings that count against it.
    pub findings: Vec<&'a Finding>,
    /// Findings that were accepted.
    pub suppressed: usize,
    pub undecided: Vec<&'a Undecided>,
    /// Checks that were not run.
    pub not_run: Vec<&'a str>,
    /// Sections that the spec has and that speak for it; nothing if there is no spec.
    pub declared: Vec<&'a str>,
    /// Sections that would speak for it and are not in the spec.
    pub not_declared: Vec<&'a str>,
}

/// Where a control stands, the worst that is true of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// Something speaks against it.
    Findings,
    /// Nothing is known to speak against it, but not all could be decided.
    NotDecided,
    /// All its checks were made, and nothing speaks against it.
    NoFindings,
    /// It has no checks; the spec has something that speaks for it.
    Declared,
    /// It has no checks, and the spec has nothing for it, or there is no spec.
    NothingDeclared,
}

impl Standing {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Findings => "findings",
            Standing::NotDecided => "not all decided",
            Standing::NoFindings => "no findings",
            Standing::Declared => "declared",
            Standing::NothingDeclared => "nothing declared",
        }
    }
}

/// Sorts `report` by the controls of `framework`. `sections` are those that the spec
/// declares something in.
pub fn by_control<'a>(framework: &'a Framework, report: &'a Report, sections: &BTreeSet<String>) -> ByControl<'a> {
    let controls: Vec<_> = framework.controls.iter().map(|control| of(control, report, sections)).collect();
    ByControl {
        framework: &framework.name,
        title: &framework.title,
        edition: &framework.edition,
        source: &framework.source,
        mapped: &framework.mapped,
        not_covered: framework.ids.len() - controls.len(),
        controls,
    }
}

fn of<'a>(control: &'a Control, report: &'a Report, sections: &BTreeSet<String>) -> ControlReport<'a> {
    let about_it = |check: &String| control.checks.contains(check);
    let findings = report.findings.iter().filter(|finding| about_it(&finding.check_name));
    let (suppressed, findings): (Vec<_>, Vec<_>) = findings.partition(|finding| finding.is_suppressed);
    let undecided: Vec<_> = report.undecided.iter().filter(|undecided| about_it(&undecided.check_name)).collect();
    let ran = |check: &str| report.checks.iter().any(|ran| ran.check_name == check);
    let not_run: Vec<&str> = control.checks.iter().map(String::as_str).filter(|check| !ran(check)).collect();
    let features = control.features.iter().map(String::as_str);
    let (declared, not_declared): (Vec<_>, Vec<_>) = features.partition(|feature| sections.contains(*feature));
    let standing = match () {
        () if !findings.is_empty() => Standing::Findings,
        () if !undecided.is_empty() || !not_run.is_empty() => Standing::NotDecided,
        () if !control.checks.is_empty() => Standing::NoFindings,
        () if !declared.is_empty() => Standing::Declared,
        () => Standing::NothingDeclared,
    };
    let (id, about) = (control.id.as_str(), control.about.as_str());
    let suppressed = suppressed.len();
    ControlReport { id, about, standing, findings, suppressed, undecided, not_run, declared, not_declared }
}
