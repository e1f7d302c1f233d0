//! A report by the controls of a framework, as Markdown.

use super::markdown::escaped;
use crate::framework::ByControl;
use std::fmt::Write as _;

/// The controls as a Markdown section.
pub fn controls(by_control: &ByControl<'_>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "## {}, {}\n\nEvidence for an assessor, not a certification. {} further controls of the framework cannot be \
         judged from here. Source: {}; mapping of {}.\n\n| Control | What it asks for | Standing | Evidence |\n\
         |---|---|---|---|\n",
        by_control.title, by_control.edition, by_control.not_covered, by_control.source, by_control.mapped
    );
    for control in &by_control.controls {
        let mut evidence = vec![];
        for finding in &control.findings {
            let resource = finding.non_compliant_resource.resource_identifier.to_string();
            let place = finding.address.as_deref().unwrap_or(&resource);
            let known = format!("`{}` on {}", finding.rule, escaped(place));
            if evidence.len() < 5 && !evidence.contains(&known) {
                evidence.push(known);
            }
        }
        if control.findings.len() > evidence.len() {
            evidence.push(format!("{} findings in all", control.findings.len()));
        }
        if control.suppressed > 0 {
            evidence.push(format!("{} suppressed", control.suppressed));
        }
        if !control.undecided.is_empty() {
            evidence.push(format!("{} open questions", control.undecided.len()));
        }
        if !control.declared.is_empty() {
            evidence.push(format!("declared: {}", control.declared.join(", ")));
        }
        let (id, about, standing) = (escaped(control.id), escaped(control.about), control.standing.as_str());
        let _ = writeln!(text, "| {id} | {about} | {standing} | {} |", evidence.join("; "));
    }
    text
}
