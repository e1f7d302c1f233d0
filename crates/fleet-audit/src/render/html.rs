//! One self-contained HTML file: no request leaves it, it works offline, in light and dark.

use super::heading::Heading;
use crate::audit::Report;
use crate::finding::{Finding, Severity};
use crate::framework::ByControl;
use crate::mitigation;
use crate::registry;
use serde_json::{Value, json};
use std::cmp::Reverse;

const TEMPLATE: &str = include_str!("page.html");
const PLACE: &str = "/*DATA*/null";

/// Findings that a page shows at most; a browser slows down with more.
const MOST: usize = 2_000;

/// The report as HTML, with a section by control if there is one.
pub fn html(report: &Report, heading: &Heading<'_>, by_control: Option<&ByControl<'_>>) -> String {
    let page = json!({
        "title": heading.title,
        "at": heading.now.moment(),
        "version": heading.tool_version,
        "baseline": report.findings.iter().any(|finding| finding.is_new.is_some()),
        "counts": counts(report),
        "new": report.failing(Severity::Low).filter(|finding| finding.is_new == Some(true)).count(),
        "suppressed": report.findings.iter().filter(|finding| finding.is_suppressed).count(),
        "findings": entries(report.findings.iter().filter(|finding| !finding.is_suppressed)),
        "accepted": entries(report.findings.iter().filter(|finding| finding.is_suppressed)),
        "advice": entries(&report.advice),
        "undecided": report.undecided,
        "checks": report.checks.iter().map(|check| coverage(report, &check.check_name, check.evaluated)).collect::<Vec<_>>(),
        "byControl": by_control,
    });
    // `<` is escaped, so that no name can end the script element.
    TEMPLATE.replacen(PLACE, &page.to_string().replace('<', "\\u003c"), 1)
}

/// Findings that count, by severity.
fn counts(report: &Report) -> Value {
    let of = |severity: Severity| report.failing(severity).filter(|finding| finding.severity == severity).count();
    json!({"CRITICAL": of(Severity::Critical), "HIGH": of(Severity::High), "MEDIUM": of(Severity::Medium),
        "LOW": of(Severity::Low)})
}

/// The most severe findings, by severity and then by place.
fn entries<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Value> {
    let mut findings: Vec<&Finding> = findings.into_iter().collect();
    findings.sort_by_key(|finding| (Reverse(finding.severity), finding.place.as_ref().map(|place| place.line)));
    findings.into_iter().take(MOST).map(entry).collect()
}

fn entry(finding: &Finding) -> Value {
    let page = registry::find(&finding.check_name).map(|check| &check.page);
    let mut entry = json!(finding);
    entry["resource"] = json!(finding.non_compliant_resource.resource_identifier.to_string());
    entry["why"] = json!(page.map(|page| page.why));
    entry["fix"] = json!(page.map(|page| page.fix));
    entry["actions"] = json!(mitigation::suggest(finding));
    entry
}

fn coverage(report: &Report, check_name: &str, evaluated: usize) -> Value {
    let of_check = |finding: &&Finding| finding.check_name == check_name && !finding.is_suppressed;
    let findings = report.findings.iter().filter(of_check).count();
    let state = match () {
        () if findings > 0 => "findings",
        () if !report.is_decided(check_name) => "notDecided",
        () if evaluated == 0 => "nothing",
        () => "passed",
    };
    json!({"checkName": check_name, "state": state, "evaluated": evaluated, "findings": findings})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::snapshot::Snapshot;
    use crate::timestamp::Timestamp;

    #[test]
    fn names_cannot_break_out_of_the_page_and_nothing_is_loaded() {
        let evil = "</script><img src=x onerror=alert(1)>";
        let snapshot: Snapshot = serde_json::from_value(json!({"policies": [{"policyName": evil, "policyDocument":
            {"Statement": {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}}}]}))
        .unwrap();
        let report = crate::audit::run(&snapshot, &Settings::default(), Timestamp(0));
        let heading = Heading { title: evil, now: Timestamp(0), tool_version: "0" };
        let html = html(&report, &heading, None);
        assert!(!html.contains(evil) && html.contains("onerror"));
        assert!(!TEMPLATE.contains("innerHTML"), "names reach the page as text only");
        assert_eq!(TEMPLATE.matches("http").count(), 0, "nothing is loaded");
    }
}
