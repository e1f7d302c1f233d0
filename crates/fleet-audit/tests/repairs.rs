//! Proposed changes: made in the document, each removes its finding and opens nothing.

use fleet_audit::audit::{self, Report};
use fleet_audit::finding::Finding;
use fleet_audit::repair;
use fleet_audit::settings::Settings;
use fleet_audit::snapshot::Snapshot;
use fleet_audit::timestamp::Timestamp;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:iot:us-east-1:123456789012:";

fn snapshot(document: &Value) -> Snapshot {
    serde_json::from_value(json!({"accountId": "123456789012", "region": "us-east-1", "policies": [
        {"policyName": "p", "policyDocument": document, "address": "policies.p"}]}))
    .unwrap()
}

fn run(document: &Value) -> Report {
    let checks = ["IOT_POLICY_OVERLY_PERMISSIVE_CHECK", "IOT_POLICY_POTENTIAL_MISCONFIGURATION_CHECK"];
    let snapshot = snapshot(document);
    let mut report = audit::run(&snapshot, &Settings::default().only(checks).unwrap(), Timestamp(0));
    repair::propose_all(&mut report, &snapshot);
    report
}

fn all(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().chain(&report.advice)
}

/// Makes the proposed change as its reader would.
fn made(document: &Value, finding: &Finding) -> Value {
    let change = finding.spec_change.as_ref().unwrap_or_else(|| panic!("no change for {finding:#?}"));
    let index: usize = change.pointer.strip_prefix("/document/Statement/").unwrap().parse().unwrap();
    let resolved = change.value.to_string().replace("${partition}", "aws").replace("${region}", "us-east-1");
    let resolved: Value = serde_json::from_str(&resolved.replace("${account}", "123456789012")).unwrap();
    let mut document = document.clone();
    let statements = document["Statement"].as_array_mut().unwrap();
    statements.splice(index..=index, resolved.as_array().unwrap().iter().cloned());
    document
}

#[test]
fn changes_made_one_after_the_other_leave_nothing() {
    let allow = |actions: Value, resources: Value| json!({"Effect": "Allow", "Action": actions, "Resource": resources});
    let at = |resource: &str| json!(format!("{ARN}{resource}"));
    let wide = allow(json!(["iot:Subscribe", "iot:Receive"]), json!([at("topicfilter/b/*"), at("topic/b/*")]));
    let deny = |filter: &str| json!({"Effect": "Deny", "Action": "iot:Subscribe", "Resource": at(filter)});
    let documents = [
        json!([allow(json!("iot:*"), json!("*"))]),
        json!([allow(json!("*"), json!("*"))]),
        json!([allow(json!("iot:Connect"), at("client/*"))]),
        json!([allow(json!("iot:Connect"), at("client/${iot:ClientId}"))]),
        json!([allow(json!("iot:Connect"), at("client/${iot:Connection.Thing.ThingName}"))]),
        json!([allow(json!(["iot:Publish", "iot:Receive"]), at("topic/*"))]),
        json!([allow(json!("iot:Publish"), at("topic/$aws/things/${iot:Connection.Thing.ThingName}*"))]),
        json!([allow(json!("iot:Subscribe"), json!([at("topicfilter/$aws/things/#"), at("topicfilter/own/x")]))]),
        json!([allow(json!("iot:*ThingShadow"), at("thing/*")), allow(json!("iot:Connect"), at("client/*"))]),
        json!([wide, deny("topicfilter/b/control/#")]),
        json!([wide, deny("topicfilter/b/control/*")]),
    ];
    for statements in documents {
        let mut document = json!({"Version": "2012-10-17", "Statement": statements});
        let before = run(&document);
        assert!(all(&before).count() > 0);
        for _ in 0..10 {
            let report = run(&document);
            let Some(finding) = all(&report).next() else { break };
            document = made(&document, finding);
        }
        assert_eq!(all(&run(&document)).count(), 0, "{document:#}");
        for finding in all(&before) {
            let change = finding.spec_change.as_ref().unwrap();
            assert!(change.yaml.starts_with("policies:\n  p:\n"), "{}", change.yaml);
            let read: Value = serde_saphyr::from_str(&change.yaml).unwrap();
            assert_eq!(read["policies"]["p"]["document"]["Statement"], change.value, "{}", change.yaml);
        }
    }
}

#[test]
fn named_resources_stay_and_what_is_not_understood_gets_no_change() {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Subscribe",
        "Resource": [format!("{ARN}topicfilter/$aws/things/*"), format!("{ARN}topicfilter/own/x")]}]});
    let report = run(&document);
    let change = report.findings[0].spec_change.as_ref().unwrap();
    assert!(change.yaml.contains("topicfilter/own/x") && change.yaml.contains("${account}"), "{}", change.yaml);
    let negated = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": "iot:Publish", "Resource": "*"}]});
    assert!(run(&negated).findings.iter().all(|finding| finding.spec_change.is_none()));
}

#[test]
fn a_certificate_is_deactivated_where_it_stands() {
    let snapshot: Snapshot = serde_json::from_value(json!({"certificates": [{"certificateId": "c", "status": "ACTIVE",
        "validity": {"notAfter": 0}, "address": "certificates.a.b"}]}))
    .unwrap();
    let settings = Settings::default().only(["DEVICE_CERTIFICATE_EXPIRING_CHECK"]).unwrap();
    let mut report = audit::run(&snapshot, &settings, Timestamp(1));
    repair::propose_all(&mut report, &snapshot);
    let change = report.findings[0].spec_change.as_ref().unwrap();
    assert_eq!(change.yaml, "certificates:\n  a.b:\n    status: INACTIVE\n");
}
