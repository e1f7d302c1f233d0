//! Markdown, for comments on merge requests.

use crate::audit::Report;
use crate::finding::{Finding, Severity};
use std::cmp::Reverse;
use std::fmt::Write as _;

/// Rows of a table at most: comments on merge requests are cut when they are long.
const MOST: usize = 500;

/// The report as Markdown: what counts, most severe first, then advice, what could not be
/// decided, and what is suppressed.
pub fn markdown(report: &Report) -> String {
    let mut text = String::from("## Audit\n\n");
    let mut counted: Vec<&Finding> = report.failing(Severity::Low).collect();
    counted.sort_by_key(|finding| Reverse(finding.severity));
    let suppressed: Vec<&Finding> = report.findings.iter().filter(|finding| finding.is_suppressed).collect();
    let undecided = report.undecided.len();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} findings, {} suppressed, {} remarks, {undecided} reasons why something could not be decided.",
        counted.len(),
        suppressed.len(),
        report.advice.len(),
    );
    table(&mut text, "Findings", &counted);
    table(&mut text, "Remarks", &report.advice.iter().collect::<Vec<_>>());
    if undecided > 0 {
        text.push_str("\n### Not decidable here\n\n");
    }
    for undecided in &report.undecided {
        let resources = match undecided.resource_count {
            0 => String::new(),
            count => format!(" ({count} resources)"),
        };
        let because = escaped(&undecided.because);
        let _ = writeln!(text, "- `{}`{resources}, because {because}", undecided.check_name);
    }
    table(&mut text, "Suppressed", &suppressed);
    text
}

fn table(text: &mut String, title: &str, findings: &[&Finding]) {
    if findings.is_empty() {
        return;
    }
    let _ = write!(text, "\n### {title}\n\n| Severity | Rule | Resource | Why |\n|---|---|---|---|\n");
    for finding in findings.iter().take(MOST) {
        let resource = finding.non_compliant_resource.resource_identifier.to_string();
        let place = finding.address.as_deref().unwrap_or(&resource);
        let mut why = finding.reason_for_non_compliance.clone();
        if let Some(example) = &finding.counterexample {
            let _ = write!(why, " For example, {example}.");
        }
        if let Some(because) = &finding.suppressed_because {
            let _ = write!(why, " Suppressed: {because}.");
        }
        let (severity, rule) = (finding.severity, &finding.rule);
        let _ = writeln!(text, "| {severity} | `{rule}` | {} | {} |", escaped(place), escaped(&why));
    }
    if findings.len() > MOST {
        let _ = writeln!(text, "\n… and {} more.", findings.len() - MOST);
    }
}

/// Names come from outside: they must not end a cell or become markup.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => safe.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '$' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}
