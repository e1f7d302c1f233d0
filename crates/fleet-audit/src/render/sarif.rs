//! SARIF 2.1.0 (OASIS), for code scanning services.
//!
//! One result for each finding; a finding without a place in a file has only a logical
//! location. What could not be decided becomes a notification of the run, because SARIF
//! results are about what was found. Advice has the level `note`.

use crate::audit::Report;
use crate::check::Check;
use crate::finding::{Finding, Severity};
use crate::registry;
use serde_json::{Value, json};

/// The report as a SARIF log.
pub fn sarif(report: &Report, tool_version: &str) -> Value {
    let findings = report.findings.iter().map(|finding| result(finding, level(finding.severity)));
    let advice = report.advice.iter().map(|finding| result(finding, "note"));
    let results: Vec<Value> = findings.chain(advice).collect();
    let notifications: Vec<Value> = report
        .undecided
        .iter()
        .map(|undecided| {
            let text = format!("{}: not decidable here, because {}.", undecided.check_name, undecided.because);
            json!({"level": "warning", "message": {"text": text}})
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "fleetctl", "version": tool_version, "rules": rules()}},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notifications}],
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// Code scanning services order findings by this number, 0 to 10.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn rules() -> Vec<Value> {
    let of_check = |check: &'static Check| {
        check.rules.iter().map(move |rule| {
            json!({
                "id": rule.id,
                "name": check.name,
                "shortDescription": {"text": rule.when},
                "fullDescription": {"text": check.page.why},
                "help": {"text": check.page.fix},
                "defaultConfiguration": {"level": level(check.severity)},
                "properties": {
                    "tags": ["security", check.name, rule.reason_code],
                    "security-severity": security_severity(check.severity),
                },
            })
        })
    };
    registry::ALL.into_iter().flat_map(of_check).collect()
}

fn result(finding: &Finding, level: &str) -> Value {
    let resource = finding.non_compliant_resource.resource_identifier.to_string();
    let mut text = format!("{resource}: {}", finding.reason_for_non_compliance);
    if let Some(example) = &finding.counterexample {
        text.push_str(&format!(" For example, {example}."));
    }
    if !finding.assumed.is_empty() {
        text.push_str(&format!(" Assumed: {}.", finding.assumed.join("; ")));
    }
    let name = finding.address.as_deref().unwrap_or(&resource);
    let mut location = json!({"logicalLocations": [{"fullyQualifiedName": name}]});
    if let Some(place) = &finding.place {
        location["physicalLocation"] = json!({
            "artifactLocation": {"uri": place.path},
            "region": {"startLine": place.line, "startColumn": place.column},
        });
    }
    let suppressions = match &finding.suppressed_because {
        // Published schemas differ on `status`; without it a suppression counts as accepted.
        Some(why) => vec![json!({"kind": "external", "justification": why})],
        None => vec![],
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level,
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"checkAndResource/v1": format!("{}/{resource}/{}", finding.check_name, finding.rule)},
        "suppressions": suppressions,
    });
    if let Some(is_new) = finding.is_new {
        result["baselineState"] = json!(if is_new { "new" } else { "unchanged" });
    }
    result
}
