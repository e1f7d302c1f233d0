//! Suppressions, waivers, baselines and mitigation suggestions over one report.

use fleet_audit::audit::{self, Report};
use fleet_audit::comparison::{Baseline, compare};
use fleet_audit::finding::{Finding, Severity};
use fleet_audit::mitigation::suggest;
use fleet_audit::registry;
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::suppression::{self, Suppression, Waiver};
use fleet_audit::timestamp::Timestamp;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_795_240_800);

/// A broad policy and logging off, in one account.
fn report() -> Report {
    let snapshot: Snapshot = serde_json::from_value(json!({
        "accountId": "123456789012",
        "logging": {"v1": {}, "v2": {}, "address": "logging.main"},
        "policies": [{"policyName": "device", "defaultVersionId": "2", "address": "iotPolicies.device",
            "policyDocument": {"Version": "2012-10-17", "Statement":
                {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}}}],
    }))
    .unwrap();
    let checks = ["LOGGING_DISABLED_CHECK", "IOT_POLICY_OVERLY_PERMISSIVE_CHECK"];
    audit::run(&snapshot, &Settings::default().only(checks).unwrap(), NOW)
}

fn suppression(check: &str, resource: Value, end: Option<i64>) -> Suppression {
    serde_json::from_value(json!({"checkName": check, "resourceIdentifier": resource, "expirationDate": end,
        "suppressIndefinitely": end.is_none(), "description": "known"}))
    .unwrap()
}

fn waiver(code: &str, resource: &str, until: i64) -> Waiver {
    Waiver { code: code.into(), resource: resource.into(), until: Timestamp(until), reason: "test bench".into() }
}

fn counted(report: &Report) -> Vec<&str> {
    let failing = report.failing(Severity::Low);
    failing.map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn suppressions_hold_for_their_check_resource_and_time() {
    let policy =
        |version: &str| json!({"policyVersionIdentifier": {"policyName": "device", "policyVersionId": version}});
    let check = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK";
    let both = vec!["iot-policy/connect-any-client", "logging/off"];
    let cases = [
        (suppression(check, policy("2"), None), vec!["logging/off"], (0, 0)),
        (suppression(check, policy("2"), Some(NOW.0 + 1)), vec!["logging/off"], (0, 0)),
        (suppression(check, policy("2"), Some(NOW.0)), both.clone(), (1, 0)),
        (suppression(check, policy("1"), None), both.clone(), (0, 1)),
        (suppression("LOGGING_DISABLED_CHECK", policy("2"), None), both.clone(), (0, 1)),
        (
            suppression("LOGGING_DISABLED_CHECK", json!({"account": "123456789012"}), None),
            vec!["iot-policy/connect-any-client"],
            (0, 0),
        ),
    ];
    for (suppression, expected, idle) in cases {
        let mut report = report();
        let said = suppression::apply(&mut report, &[suppression], &[], NOW).unwrap();
        assert_eq!(counted(&report), expected);
        assert_eq!((said.expired.len(), said.unused.len()), idle);
        assert_eq!(report.findings.len(), 2, "a suppressed finding stays in the report");
    }
}

#[test]
fn waivers_cover_rules_checks_and_groups_of_resources() {
    let later = NOW.0 + 1;
    let policy = "iot-policy/connect-any-client";
    let cases = [
        (waiver(policy, "iotPolicies.*", later), vec!["logging/off"]),
        (waiver("IOT_POLICY_OVERLY_PERMISSIVE_CHECK", "device:2", later), vec!["logging/off"]),
        (waiver("LOGGING_DISABLED_CHECK", "*", later), vec![policy]),
        (waiver(policy, "iotPolicies.devic", later), vec![policy, "logging/off"]),
        (waiver("iot-policy/publish-any-thing", "*", later), vec![policy, "logging/off"]),
        (waiver(policy, "*", NOW.0), vec![policy, "logging/off"]),
    ];
    for (waiver, expected) in cases {
        let mut report = report();
        suppression::apply(&mut report, &[], std::slice::from_ref(&waiver), NOW).unwrap();
        assert_eq!(counted(&report), expected, "{waiver:?}");
        let reasons: Vec<_> = report.findings.iter().filter_map(|f| f.suppressed_because.as_deref()).collect();
        assert!(reasons.iter().all(|reason| *reason == "test bench"));
    }
}

#[test]
fn malformed_ones_are_refused_before_anything_is_marked() {
    let account = json!({"account": "1"});
    let mut neither = suppression("LOGGING_DISABLED_CHECK", account.clone(), None);
    neither.suppress_indefinitely = false;
    let mut both = suppression("LOGGING_DISABLED_CHECK", account.clone(), Some(1));
    both.suppress_indefinitely = true;
    let mut long = suppression("LOGGING_DISABLED_CHECK", account, None);
    long.description = Some("x".repeat(1001));
    let nothing = suppression("LOGGING_DISABLED_CHECK", json!({}), None);
    for wrong in [neither, both, long, nothing] {
        let good = suppression("LOGGING_DISABLED_CHECK", json!({"account": "123456789012"}), None);
        let mut report = report();
        assert!(suppression::apply(&mut report, &[good, wrong], &[], NOW).is_err());
        assert_eq!(counted(&report).len(), 2);
    }
    let mut silent = waiver("logging/off", "*", NOW.0 + 1);
    silent.reason = " ".into();
    for wrong in [silent, waiver("logging/of", "*", NOW.0 + 1)] {
        assert!(suppression::apply(&mut report(), &[], &[wrong], NOW).is_err());
    }
}

#[test]
fn a_baseline_lets_only_new_findings_through() {
    let report = report();
    let old = Baseline::of(&report.findings[..1]);
    let text = serde_json::to_string(&old).unwrap();
    let read: Baseline = serde_json::from_str(&text).unwrap();
    assert_eq!(read, old);
    let new: Vec<bool> = report.findings.iter().map(|finding| !read.has(finding)).collect();
    assert_eq!(new, [false, true]);
    assert_eq!(read.gone(&report.findings).len(), 0);
    assert_eq!(read.gone(&report.findings[1..]).len(), 1);
    let newer = text.replace("\"version\":1", "\"version\":2");
    assert!(serde_json::from_str::<Baseline>(&newer).unwrap_err().to_string().contains("write the baseline anew"));
}

/// AWS's own findings have another id, no rule, and perhaps an old check name.
#[test]
fn findings_of_aws_are_read_and_compared() {
    let aws: Vec<Finding> = serde_json::from_value(json!([
        {"findingId": "f", "taskId": "t", "checkName": "IOT_POLICY_OVERLY_PERMISSIVE_CHECK",
         "taskStartTime": 1795240000.5, "findingTime": 1795240001.0, "severity": "CRITICAL",
         "nonCompliantResource": {"resourceType": "IOT_POLICY",
            "resourceIdentifier": {"policyVersionIdentifier": {"policyName": "device", "policyVersionId": "2"}},
            "additionalInfo": {"POLICY_DOCUMENT": "x"}},
         "reasonForNonCompliance": "Policy allows broad access",
         "reasonForNonComplianceCode": "ALLOWS_BROAD_ACCESS_TO_IOT_DATA_PLANE_ACTIONS", "isSuppressed": false},
        {"checkName": "REVOKED_CA_CERT_CHECK", "severity": "CRITICAL",
         "nonCompliantResource": {"resourceType": "CA_CERTIFICATE", "resourceIdentifier": {"caCertificateId": "c"}},
         "reasonForNonCompliance": "", "reasonForNonComplianceCode": "CERTIFICATE_REVOKED_BY_ISSUER"}
    ]))
    .unwrap();
    let comparison = compare(&report().findings, &aws);
    assert_eq!((comparison.both.len(), comparison.only_left.len(), comparison.only_right.len()), (1, 1, 1));
    let revoked = comparison.only_right.first().unwrap();
    assert_eq!(revoked.check_name, "REVOKED_CA_CERTIFICATE_STILL_ACTIVE_CHECK");
}

#[test]
fn every_check_has_suggestions_and_telling_somebody_comes_last() {
    let template = report().findings[0].clone();
    for check in registry::ALL {
        let finding = Finding { check_name: check.name.to_owned(), ..template.clone() };
        let suggestions = suggest(&finding);
        assert_eq!(suggestions.len(), check.mitigations.len(), "{}", check.name);
        assert_eq!(suggestions.last().unwrap().action_type, "PUBLISH_FINDING_TO_SNS");
        for suggestion in suggestions {
            assert_eq!(suggestion.action_params.as_object().unwrap().len(), 1, "AWS takes exactly one member");
        }
    }
}
