//! AWS IoT through the socket, in the bytes of its protocol: every operation offered is called.
//!
//! The many refusals are driven by `tests/boto3/iot.py`; here stand each kind's life and what only
//! the wire, the clock, a restart or a fault can show.

mod account;
mod audit_mitigation_task;
mod audit_task;
mod caller;
mod certificates;
mod defender;
mod policies;
mod registry;
mod rules;
mod violation;

use std::time::Duration;

use caller::{Caller, start};
use fleet_sandbox::{Action, Config, Realism, Rule, Sandbox};
use serde_json::json;

#[test]
fn every_operation_lives_through_the_socket() {
    let local = start(Config::default());
    // A region each: the kinds' lives do not touch.
    registry::lives(&local.caller("us-east-1"));
    defender::lives(&local.caller("us-east-2"));
    rules::lives(&local.caller("us-west-1"));
    policies::lives(&local.caller("us-west-2"));
    certificates::lives(&local.caller("eu-west-1"));
    account::lives(&local.caller("eu-central-1"));
    audit_task::lives(&local.caller("eu-north-1"));
    audit_mitigation_task::lives(&local.caller("eu-south-1"));
    violation::lives(&local.caller("eu-west-2"));
    let called = local.sandbox.calls_by_operation();
    let missed: Vec<String> =
        Sandbox::operations().filter(|name| name.starts_with("iot:") && !called.contains_key(name)).collect();
    assert_eq!(missed, Vec::<String>::new(), "operations that no test calls");
}

#[test]
fn accounts_and_regions_are_apart_and_state_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = || Config { dir: Some(dir.path().to_owned()), ..Config::default() };
    let first = start(config());
    first.caller("us-east-1").ok("POST", "/things/t", json!({ "attributePayload": { "attributes": { "a": "1" } } }));
    let made = first.caller("us-east-1").ok("GET", "/things/t", json!({}));
    for (account, region) in [("111111111111", "us-east-2"), ("222222222222", "us-east-1")] {
        let elsewhere = first.caller_of(account, region);
        elsewhere.no("GET", "/things/t", json!({}), "ResourceNotFoundException", "");
    }
    first.stop();
    let second = start(config());
    assert_eq!(second.caller("us-east-1").ok("GET", "/things/t", json!({})), made);
}

#[test]
fn an_account_without_detect_keeps_audit() {
    let closed = Realism { detect_available: false, ..Realism::default() };
    let local = start(Config { realism: closed, ..Config::default() });
    let aws = local.caller("us-east-1");
    let token = "clientRequestToken";
    for (path, body) in [
        ("/security-profiles/p", json!({})),
        ("/custom-metric/m", json!({ "metricType": "number", token: "t" })),
        ("/dimensions/d", json!({ "type": "TOPIC_FILTER", "stringValues": ["a"], token: "t" })),
    ] {
        aws.no("POST", path, body, "InvalidRequestException", "Detect is not available");
    }
    assert_eq!(aws.ok("GET", "/security-profiles", json!({}))["securityProfileIdentifiers"], json!([]));
    let audit = json!({ "roleArn": caller::ROLE, "auditCheckConfigurations": { "LOGGING_DISABLED_CHECK": { "enabled": true } } });
    aws.ok("PATCH", "/audit/configuration", audit);
}

#[test]
fn a_lost_reply_and_a_retry_leave_one_object() {
    let local = start(Config::default());
    let aws = local.caller("us-east-1");
    let lost = |operation: &str| Rule {
        operation: Some(operation.to_owned()),
        times: Some(1),
        ..Rule::always(Action::DropAfter)
    };
    for (operation, path) in
        [("CreateThing", "/things/t"), ("CreateThingType", "/thing-types/k"), ("CreateThingGroup", "/thing-groups/g")]
    {
        local.sandbox.faults().add(lost(operation));
        assert!(aws.call("POST", path, &[], json!({})).is_none(), "the reply of {operation} is lost");
        aws.ok("POST", path, json!({}));
    }
    local.sandbox.faults().add(lost("CreatePolicy"));
    let policy = json!({ "policyDocument": policies::document("iot:Connect") });
    assert!(aws.call("POST", "/policies/p", &[], policy.clone()).is_none());
    aws.no("POST", "/policies/p", policy, "ResourceAlreadyExistsException", "p");
    assert_eq!(aws.ok("GET", "/policies/p/version", json!({}))["policyVersions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_deprecated_thing_type_waits_for_the_sandbox_clock() {
    let local = start(Config { frozen_clock_ms: Some(1_800_000_000_000), ..Config::default() });
    let aws: Caller = local.caller("us-east-1");
    aws.ok("POST", "/thing-types/k", json!({}));
    aws.ok("POST", "/thing-types/k/deprecate", json!({}));
    let metadata = aws.ok("GET", "/thing-types/k", json!({}))["thingTypeMetadata"].clone();
    assert_eq!(metadata["deprecationDate"], json!(1_800_000_000), "times are seconds on the wire");
    let wait = "Cannot delete thing type : k. Please wait for 5 minutes after deprecation and then retry";
    aws.no("DELETE", "/thing-types/k", json!({}), "InvalidRequestException", wait);
    local.sandbox.clock().advance(Duration::from_secs(300)).unwrap();
    aws.ok("DELETE", "/thing-types/k", json!({}));
}

#[test]
fn certificates_are_issued_on_any_clock() {
    let local = start(Config::default());
    let aws = local.caller("us-east-1");
    for years in [0_u64, 30, 1_000_000] {
        local.sandbox.clock().advance(Duration::from_secs(years * 365 * 86_400)).unwrap();
        aws.ok("POST", "/keys-and-certificate", json!({}));
    }
}

#[test]
fn what_was_detached_stands_in_the_way_for_a_while() {
    let slow = Realism { iot_detachment: Duration::from_secs(300), ..Realism::default() };
    let local = start(Config { realism: slow, ..Config::default() });
    let aws = local.caller("us-east-1");
    let made = aws.ok("POST", "/keys-and-certificate", json!({}));
    let (id, arn) = (made["certificateId"].as_str().unwrap(), made["certificateArn"].as_str().unwrap());
    let principal = [("x-amzn-principal", arn)];
    aws.ok("POST", "/things/t", json!({}));
    aws.ok("POST", "/policies/p", json!({ "policyDocument": policies::document("iot:Connect") }));
    aws.ok("PUT", "/target-policies/p", json!({ "target": arn }));
    aws.ok_with("PUT", "/things/t/principals", &principal, json!({}));
    aws.ok("POST", "/target-policies/p", json!({ "target": arn }));
    aws.ok_with("DELETE", "/things/t/principals", &principal, json!({}));
    assert_eq!(aws.ok("POST", "/policy-targets/p", json!({}))["targets"], json!([]));
    aws.no("DELETE", "/policies/p", json!({}), "DeleteConflictException", "attached");
    aws.no("DELETE", "/things/t", json!({}), "InvalidRequestException", "still attached");
    aws.no("DELETE", &format!("/certificates/{id}"), json!({}), "DeleteConflictException", "Things");
    local.sandbox.clock().advance(Duration::from_secs(300)).unwrap();
    for path in ["/policies/p", "/things/t", &format!("/certificates/{id}")] {
        aws.ok("DELETE", path, json!({}));
    }
}
