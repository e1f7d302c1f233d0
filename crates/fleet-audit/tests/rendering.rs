//! Reports as SARIF, JUnit and Markdown, and the pages of `explain`.

use fleet_audit::audit::{self, Report};
use fleet_audit::explain::explain;
use fleet_audit::finding::Place;
use fleet_audit::registry;
use fleet_audit::render::junit::junit;
use fleet_audit::render::markdown::markdown;
use fleet_audit::render::sarif::sarif;
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::suppression::{self, Waiver};
use fleet_audit::timestamp::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const NOW: Timestamp = Timestamp(1_795_240_800);

/// A finding with a place, one that is waived, advice, and much that is not decidable.
/// The names are hostile to every format.
fn report() -> Report {
    let snapshot: Snapshot = serde_json::from_value(json!({
        "logging": {"v1": {}, "v2": {}},
        "policies": [
            {"policyName": "a|b<c>&\"*\n", "policyDocument": {"Version": "2012-10-17", "Statement":
                {"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}}},
            {"policyName": "own", "address": "iotPolicies.own", "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
                {"Effect": "Allow", "Action": "iot:GetThingShadow", "Resource": "arn:aws:iot:r:a:thing/line-*"}]}},
        ],
    }))
    .unwrap();
    let mut report = audit::run(&snapshot, &Settings::default(), NOW);
    let waiver = Waiver {
        code: "LOGGING_DISABLED_CHECK".into(),
        resource: "*".into(),
        until: Timestamp(NOW.0 + 1),
        reason: "a <test> bench".into(),
    };
    suppression::apply(&mut report, &[], &[waiver], NOW).unwrap();
    report
}

#[test]
fn sarif_has_places_rules_and_suppressions() {
    let mut placed = report();
    for finding in placed.findings.iter_mut().filter(|finding| finding.address.as_deref() == Some("iotPolicies.own")) {
        finding.place = Some(Place { path: "fleet.yaml".into(), line: 7, column: 3 });
    }
    let log = sarif(&placed, "0.1.0");
    let run = &log["runs"][0];
    let ids = |list: &Value, key: &str| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(|item| item[key].as_str().unwrap().to_owned()).collect()
    };
    let results = &run["results"];
    let known = ids(&run["tool"]["driver"]["rules"], "id");
    assert!(ids(results, "ruleId").is_subset(&known));
    assert_eq!(known.len(), registry::ALL.iter().map(|check| check.rules.len()).sum::<usize>());
    let one = |rule: &str| results.as_array().unwrap().iter().find(|r| r["ruleId"] == rule).unwrap();
    let connect = one("iot-policy/connect-any-client");
    assert_eq!(
        connect["locations"][0]["physicalLocation"],
        json!({"artifactLocation": {"uri": "fleet.yaml"}, "region": {"startLine": 7, "startColumn": 3}})
    );
    assert_eq!(connect["level"], "error");
    assert_eq!(connect["suppressions"], json!([]));
    assert!(one("iot-policy/publish-any-thing")["locations"][0].get("physicalLocation").is_none());
    assert_eq!(one("iot-policy/name-family")["level"], "note");
    assert_eq!(one("logging/off")["suppressions"][0]["justification"], "a <test> bench");
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notifications.len(), report().undecided.len());
    let prints = results.as_array().unwrap().iter().map(|r| r["partialFingerprints"].to_string());
    assert_eq!(prints.collect::<BTreeSet<_>>().len(), results.as_array().unwrap().len());
}

#[test]
fn markdown_keeps_its_tables_whole() {
    let text = markdown(&report());
    assert!(text.contains("2 findings, 1 suppressed, 1 remarks"), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 3 * 2 + 4);
    for row in rows {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    }
    assert!(text.contains("Suppressed: a \\<test\\> bench"));
}

#[test]
fn junit_passes_only_what_was_decided() {
    let report = report();
    let xml = junit(&report).unwrap();
    assert_eq!(xml.matches("<testsuite ").count(), report.checks.len());
    assert_eq!(xml.matches("<failure ").count(), 2);
    assert_eq!(xml.matches("<skipped ").count(), 1 + report.undecided.len());
    // Only the second policy check has neither findings nor anything undecided.
    assert_eq!(xml.matches("2 resources").count(), 1, "{xml}");
    assert!(xml.contains("For example, any device may publish to $aws/things/OTHER/shadow/update."));
    assert!(xml.contains("a|b&lt;c&gt;&amp;&quot;*"), "{xml}");
}

#[test]
fn every_code_has_a_page() {
    for check in registry::ALL {
        let page = explain(check.name).unwrap();
        for rule in check.rules {
            assert!(page.contains(rule.id) && page.contains(rule.reason_code));
            let own = explain(rule.id).unwrap();
            assert!(own.contains(rule.wrong) && own.contains(check.page.fix) && own.len() <= page.len());
        }
        for alias in check.aliases {
            assert_eq!(explain(alias).as_ref(), Some(&page));
        }
    }
    assert_eq!(explain("logging"), None);
}
