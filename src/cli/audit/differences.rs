//! AWS's findings beside ours: one report of both, and where they differ, with the reason as far as it can be told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet_audit::audit::Report;
use fleet_audit::comparison::{Subject, compare};
use fleet_audit::finding::Finding;
use serde::Serialize;

use crate::aws::defender::audit_task::Task;
use crate::render::paint::Paint;

/// On which side something stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Side {
    /// Found, or suppressed, by AWS and not here.
    AwsAlone,
    /// Found, or accepted, here and not by AWS.
    FleetctlAlone,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    pub check_name: String,
    pub resource: String,
    pub side: Side,
    /// In words.
    pub because: String,
}

impl Difference {
    fn new(subject: Subject, side: Side, because: String) -> Difference {
        Difference { check_name: subject.check_name, resource: subject.resource, side, because }
    }
}

/// Adds AWS's findings to the report: ours get AWS's ids and times, and what AWS alone has found comes at the end, under
/// the name of its check. Returns what one side alone has found.
pub fn merge(report: &mut Report, task: &Task, found: &[Finding]) -> Vec<Difference> {
    let comparison = compare(&report.findings, found);
    let here = comparison.only_left.into_iter().map(|subject| {
        let because = why_not_there(task, &subject.check_name);
        Difference::new(subject, Side::FleetctlAlone, because)
    });
    let mut differences: Vec<Difference> = here.collect();
    let theirs: BTreeMap<Subject, &Finding> = found.iter().map(|finding| (Subject::of(finding), finding)).collect();
    for finding in &mut report.findings {
        let Some(their) = theirs.get(&Subject::of(finding)) else { continue };
        finding.finding_id.clone_from(&their.finding_id);
        finding.task_id.clone_from(&their.task_id);
        (finding.task_start_time, finding.finding_time) = (their.task_start_time, their.finding_time);
    }
    for subject in comparison.only_right {
        let because = why_not_here(report, &subject.check_name);
        for their in found.iter().filter(|their| Subject::of(their) == subject) {
            let mut added = their.clone();
            added.rule.clone_from(&added.check_name);
            // Set by `suppressions`, with the others.
            added.is_suppressed = false;
            report.findings.push(added);
        }
        differences.push(Difference::new(subject, Side::AwsAlone, because));
    }
    differences
}

/// After what is accepted here is marked: marks what AWS suppresses, and adds where only one side does.
pub fn suppressions(report: &mut Report, found: &[Finding], differences: &mut Vec<Difference>) {
    let mut theirs: BTreeMap<Subject, bool> = BTreeMap::new();
    for finding in found {
        *theirs.entry(Subject::of(finding)).or_default() |= finding.is_suppressed;
    }
    let mut alone = BTreeMap::new();
    for finding in &mut report.findings {
        let subject = Subject::of(finding);
        match (finding.is_suppressed, theirs.get(&subject)) {
            (false, Some(true)) => {
                finding.is_suppressed = true;
                finding.suppressed_because = Some("an audit suppression of the account".to_owned());
                alone.insert(subject, (Side::AwsAlone, "suppressed by the account's audit suppressions, and not here"));
            }
            (true, Some(false)) => {
                alone.insert(subject, (Side::FleetctlAlone, "accepted here, and not suppressed by AWS"));
            }
            _ => {}
        }
    }
    let told = alone.into_iter().map(|(subject, (side, because))| Difference::new(subject, side, because.to_owned()));
    differences.extend(told);
}

fn why_not_there(task: &Task, check: &str) -> String {
    match task.checks.get(check) {
        None => "the check is not part of AWS's task: it is not enabled for the account".to_owned(),
        Some(run) if !run.is_complete() => {
            let error = run.error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
            format!("AWS's check is {}{error}", run.status)
        }
        Some(_) => "AWS's check passes it; either its rule is coarser, or the account changed since".to_owned(),
    }
}

fn why_not_here(report: &Report, check: &str) -> String {
    let undecided = report.undecided.iter().find(|undecided| undecided.check_name == check);
    match undecided {
        Some(undecided) => format!("not decidable here, because {}", undecided.because),
        None => {
            "the check here passes it; `fleetctl explain` says by which rules, or the account changed since".to_owned()
        }
    }
}

/// The section of the report for people.
pub fn text(task: &Task, differences: &[Difference], paint: Paint) -> String {
    let complete = task.checks.values().filter(|run| run.is_complete()).count();
    let mut text = format!(
        "\nAWS's audit task {}: {}, {complete} of {} checks complete.\n",
        task.task_id,
        task.status,
        task.checks.len()
    );
    for (name, run) in task.checks.iter().filter(|(_, run)| !run.is_complete()) {
        let error = run.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        let _ = writeln!(text, "  {} {name}{error}", paint.red(&run.status));
    }
    if differences.is_empty() {
        text.push_str("AWS and fleetctl have found the same.\n");
        return text;
    }
    let _ = writeln!(text, "{}", paint.bold("Where AWS and fleetctl differ:"));
    for one in differences {
        let side = match one.side {
            Side::AwsAlone => "only AWS",
            Side::FleetctlAlone => "only fleetctl",
        };
        let _ = writeln!(text, "  {side:13} {} {}: {}", one.check_name, one.resource, one.because);
    }
    text
}
