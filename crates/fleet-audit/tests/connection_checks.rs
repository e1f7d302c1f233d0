//! The checks on connections and on logging, the parts that may be missing, and the
//! registry of checks.

use fleet_audit::audit;
use fleet_audit::registry;
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::timestamp::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// 2026-11-21T06:00:00Z.
const NOW: i64 = 1_795_240_800;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn run(check: &str, parts: Value, previous: Option<i64>) -> (Vec<String>, Vec<String>) {
    let snapshot: Snapshot = serde_json::from_value(parts).unwrap();
    let mut settings = Settings::default().only([check]).unwrap();
    settings.previous_run = previous.map(Timestamp);
    let report = audit::run(&snapshot, &settings, Timestamp(NOW));
    let findings = report.findings.iter();
    let findings = findings.map(|f| format!("{} {}", f.rule, f.key().1)).collect();
    (findings, report.undecided.into_iter().map(|u| u.because).collect())
}

fn connections(list: Value) -> Value {
    json!({"connections": {"observedFrom": NOW - 40 * DAY, "observedTo": NOW, "observations": list}})
}

/// A connection of certificate `c`; times in hours before now.
fn link(client: &str, c: char, from: i64, to: Option<i64>) -> Value {
    json!({"clientId": client, "principalIdentifier": c.to_string().repeat(64),
        "connectedAt": NOW - from * HOUR, "disconnectedAt": to.map(|to| NOW - to * HOUR),
        "disconnectReason": "CONNECTION_LOST"})
}

#[test]
fn shared_certificates() {
    let check = "DEVICE_CERTIFICATE_SHARED_CHECK";
    let shared = |list: Value, previous| run(check, connections(list), previous).0;
    let finding = [format!("device-certificate/shared {}", "a".repeat(64))];
    let none: [String; 0] = [];
    assert_eq!(shared(json!([link("x", 'a', 10, Some(5)), link("y", 'a', 6, Some(3))]), None), finding);
    // Back to back, or with different certificates.
    assert_eq!(shared(json!([link("x", 'a', 10, Some(6)), link("y", 'a', 6, Some(3))]), None), none);
    assert_eq!(shared(json!([link("x", 'a', 10, Some(5)), link("y", 'b', 6, Some(3))]), None), none);
    // Still connected; enclosed by a longer one that started earlier; order of arrival.
    assert_eq!(shared(json!([link("y", 'a', 6, None), link("x", 'a', 10, None)]), None), finding);
    let enclosed = json!([link("x", 'a', 10, Some(3)), link("y", 'a', 9, Some(8)), link("z", 'a', 7, Some(6))]);
    assert_eq!(shared(enclosed, None), finding);
    // The last two hours belong to the next audit, what was before the window to the last.
    assert_eq!(shared(json!([link("x", 'a', 10, None), link("y", 'a', 2, None)]), None), none);
    assert_eq!(shared(json!([link("x", 'a', 10, None), link("y", 'a', 3, None)]), None), finding);
    let early = json!([link("x", 'a', 32 * 24, Some(31 * 24)), link("y", 'a', 32 * 24, Some(31 * 24))]);
    assert_eq!(shared(early, None), none);
    let two = json!([link("x", 'a', 30, Some(26)), link("y", 'a', 30, Some(26))]);
    assert_eq!(shared(two.clone(), Some(NOW - 24 * HOUR)), none);
    assert_eq!(shared(two, Some(NOW - 25 * HOUR)), finding);
    // Amazon Cognito identities are no certificates.
    let mut cognito = json!([link("x", 'a', 10, Some(5)), link("y", 'a', 6, Some(3))]);
    for connection in cognito.as_array_mut().unwrap() {
        connection["principalIdentifier"] = json!("us-east-1:11111111-2222-3333-4444-555555555555");
    }
    assert_eq!(shared(cognito, None), none);
}

#[test]
fn attachment_to_several_things_is_advice() {
    let parts =
        |things: Value| json!({"certificates": [{"certificateId": "c", "status": "ACTIVE", "attachedThings": things}]});
    let advice = |things: Value| {
        let snapshot: Snapshot = serde_json::from_value(parts(things)).unwrap();
        let settings = Settings::default().only(["DEVICE_CERTIFICATE_SHARED_CHECK"]).unwrap();
        audit::run(&snapshot, &settings, Timestamp(NOW)).advice.len()
    };
    assert_eq!((advice(json!(["a"])), advice(json!(["a", "b"])), advice(json!(null))), (0, 1, 0));
}

#[test]
fn conflicting_client_ids() {
    let check = "CONFLICTING_CLIENT_IDS_CHECK";
    let displaced = |reason: Value, to: Option<i64>| {
        let mut one = link("sensor", 'a', 40 * 24, to);
        one["disconnectReason"] = reason;
        run(check, connections(json!([one])), None)
    };
    let finding = vec!["client-id/displaced sensor".to_owned()];
    assert_eq!(displaced(json!("DUPLICATE_CLIENTID"), Some(0)), (finding.clone(), vec![]));
    assert_eq!(displaced(json!("CONNECTION_LOST"), Some(0)), (vec![], vec![]));
    assert_eq!(displaced(json!(null), None), (vec![], vec![]));
    let (found, undecided) = displaced(json!(null), Some(1));
    assert!(found.is_empty() && undecided[0].contains("without its reason"));
    // Just within and just outside of the 31 days.
    assert_eq!(displaced(json!("DUPLICATE_CLIENTID"), Some(31 * 24 - 1)).0, finding);
    assert_eq!(displaced(json!("DUPLICATE_CLIENTID"), Some(31 * 24)).0, Vec::<String>::new());
}

#[test]
fn a_window_that_was_not_observed_is_said() {
    for (from, to, complete) in [(31 * DAY, 0, true), (31 * DAY - 1, 0, false), (31 * DAY, 1, false)] {
        let part = json!({"connections": {"observedFrom": NOW - from, "observedTo": NOW - to, "observations": []}});
        let (_, undecided) = run("CONFLICTING_CLIENT_IDS_CHECK", part, None);
        assert_eq!(undecided.is_empty(), complete, "{undecided:?}");
    }
}

#[test]
fn logging() {
    let role = "arn:aws:iam::123456789012:role/logs";
    let v1_on = json!({"roleArn": role, "logLevel": "INFO"});
    let v2_on = json!({"roleArn": role, "defaultLogLevel": "ERROR", "disableAllLogs": false});
    let off = [
        json!({"roleArn": role, "defaultLogLevel": "DISABLED"}),
        json!({"roleArn": role, "defaultLogLevel": "INFO", "disableAllLogs": true}),
        json!({"defaultLogLevel": "INFO"}),
        json!({}),
    ];
    let said = |logging: Value| match run("LOGGING_DISABLED_CHECK", json!({"logging": logging}), None) {
        (found, undecided) if found.is_empty() && undecided.is_empty() => "passed",
        (found, _) if found.is_empty() => "not decidable",
        _ => "finding",
    };
    for v2 in &off {
        assert_eq!(said(json!({"v1": {}, "v2": v2})), "finding", "{v2}");
        assert_eq!(said(json!({"v2": v2})), "not decidable", "{v2}");
        assert_eq!(said(json!({"v1": v1_on, "v2": v2})), "passed", "{v2}");
    }
    assert_eq!(said(json!({"v2": v2_on})), "passed");
    assert_eq!(said(json!({"v1": {"roleArn": role, "logLevel": "DISABLED"}, "v2": v2_on})), "passed");
    assert_eq!(said(json!({"v1": {"roleArn": role, "logLevel": "DISABLED"}})), "not decidable");
}

/// An empty snapshot passes nothing; an empty account passes what can be decided.
#[test]
fn every_check_says_what_is_missing() {
    let report = audit::run(&Snapshot::default(), &Settings::default(), Timestamp(NOW));
    let undecided: BTreeSet<&str> = report.undecided.iter().map(|u| u.check_name.as_str()).collect();
    assert_eq!(undecided.len(), 17, "{undecided:?}");
    assert!(report.findings.is_empty() && report.advice.is_empty());
    assert!(report.undecided.iter().all(|u| u.because.starts_with("the snapshot has no")));
    let misspelt = serde_json::from_value::<Snapshot>(json!({"certificate": []}));
    assert!(misspelt.unwrap_err().to_string().contains("unknown field `certificate`"));
}

#[test]
fn names_and_rules_are_unique_and_documented() {
    let mut names = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for check in registry::ALL {
        for name in check.aliases.iter().chain([&check.name]) {
            assert!(names.insert(*name), "{name}");
            assert_eq!(registry::find(name).unwrap().name, check.name);
        }
        assert!(check.name.ends_with("_CHECK") && check.mitigations[0] == "PUBLISH_FINDING_TO_SNS");
        assert!(!check.page.why.is_empty() && !check.page.fix.is_empty() && !check.page.reads.is_empty());
        for rule in check.rules {
            assert!(ids.insert(rule.id), "{}", rule.id);
            assert!(!rule.when.is_empty() && rule.wrong != rule.right, "{}", rule.id);
            assert_eq!(registry::find_rule(rule.id).unwrap().0.name, check.name);
        }
    }
    assert!(registry::find("LOGGING_DISABLED").is_none());
    assert!(Settings::default().only(["LOGGING_DISABLED"]).unwrap_err().to_string().contains("LOGGING_DISABLED"));
}
