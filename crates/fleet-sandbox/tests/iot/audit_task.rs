//! Audits on demand: what a task finds, when it is seen, and what a suppression or a cancellation does to it.

use serde_json::{Value, json};

use super::caller::{ACCOUNT, Caller};
use super::policies::document;

const LOGGING: &str = "LOGGING_DISABLED_CHECK";
const POLICY: &str = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK";

/// Makes a role that AWS IoT may assume, and returns its ARN.
pub fn role(aws: &Caller, name: &str) -> String {
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "iot.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    let trust: String = trust.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
    aws.iam(&format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={trust}"));
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

pub fn pass(aws: &Caller, seconds: u64) {
    aws.ok("POST", "/_fleetctl/clock", json!({ "advanceSeconds": seconds }));
}

fn start(aws: &Caller, checks: &[&str]) -> String {
    let started = aws.ok("POST", "/audit/tasks", json!({ "targetCheckNames": checks }));
    started["taskId"].as_str().unwrap().to_owned()
}

/// An account with a policy that allows everything, without logging, and with both checks enabled.
pub fn violate(aws: &Caller, role: &str) {
    let on = json!({ "enabled": true });
    let configuration = json!({ "roleArn": role, "auditCheckConfigurations": { LOGGING: on, POLICY: on } });
    aws.ok("PATCH", "/audit/configuration", configuration);
    aws.ok("POST", "/policies/wide", json!({ "policyDocument": document("iot:*") }));
}

/// The findings of an audit that is made now.
pub fn findings(aws: &Caller) -> Vec<Value> {
    let task = start(aws, &[LOGGING, POLICY]);
    pass(aws, 60);
    let found = aws.ok("POST", "/audit/findings", json!({ "taskId": task }));
    found["findings"].as_array().unwrap().clone()
}

pub fn lives(aws: &Caller) {
    aws.no("POST", "/audit/tasks", json!({ "targetCheckNames": [LOGGING] }), "InvalidRequestException", "not enabled");
    violate(aws, &role(aws, "auditor"));
    let off = ["DEVICE_CERTIFICATE_AGE_CHECK"];
    aws.no("POST", "/audit/tasks", json!({ "targetCheckNames": off }), "InvalidRequestException", "not enabled");
    aws.no("POST", "/audit/tasks", json!({ "targetCheckNames": [] }), "InvalidRequestException", "at least one");

    let task = start(aws, &[LOGGING, POLICY]);
    let path = format!("/audit/tasks/{task}");
    let running = aws.ok("GET", &path, json!({}));
    assert_eq!(
        (&running["taskStatus"], &running["taskStatistics"]["inProgressChecks"]),
        (&json!("IN_PROGRESS"), &json!(2))
    );
    assert_eq!(aws.ok("POST", "/audit/findings", json!({ "taskId": task }))["findings"], json!([]));
    pass(aws, 60);
    let done = aws.ok("GET", &path, json!({}));
    assert_eq!((&done["taskStatus"], &done["taskStatistics"]["nonCompliantChecks"]), (&json!("COMPLETED"), &json!(2)));
    assert_eq!(done["auditDetails"][POLICY]["checkRunStatus"], "COMPLETED_NON_COMPLIANT");
    assert_eq!(done["auditDetails"][POLICY]["nonCompliantResourcesCount"], 1);

    let found = aws.ok("POST", "/audit/findings", json!({ "taskId": task, "checkName": POLICY }))["findings"].clone();
    let version = json!({ "policyVersionIdentifier": { "policyName": "wide", "policyVersionId": "1" } });
    assert_eq!(found[0]["nonCompliantResource"]["resourceIdentifier"], version, "{found}");
    let id = found[0]["findingId"].as_str().unwrap();
    assert_eq!(aws.ok("GET", &format!("/audit/findings/{id}"), json!({}))["finding"], found[0]);
    aws.ok("GET", &format!("/audit/relatedResources?findingId={id}"), json!({}));
    aws.no("GET", "/audit/findings/none", json!({}), "ResourceNotFoundException", "none");
    let both = json!({ "taskId": task, "startTime": 0, "endTime": 4_000_000_000_i64 });
    aws.no("POST", "/audit/findings", both, "InvalidRequestException", "not both");
    aws.no("POST", "/audit/findings", json!({ "startTime": 0 }), "InvalidRequestException", "not both");

    cancelled(aws);
    suppressed(aws, &version);
}

fn cancelled(aws: &Caller) {
    let task = start(aws, &[LOGGING]);
    let path = format!("/audit/tasks/{task}");
    aws.ok("PUT", &format!("{path}/cancel"), json!({}));
    pass(aws, 60);
    let shown = aws.ok("GET", &path, json!({}));
    assert_eq!(shown["taskStatus"], "CANCELED");
    assert_eq!(shown["auditDetails"][LOGGING], json!({ "checkRunStatus": "CANCELED" }));
    assert_eq!(aws.ok("POST", "/audit/findings", json!({ "taskId": task }))["findings"], json!([]));
    aws.no("PUT", &format!("{path}/cancel"), json!({}), "InvalidRequestException", "not in progress");
    aws.no("PUT", "/audit/tasks/none/cancel", json!({}), "ResourceNotFoundException", "none");
    let range = "startTime=2020-01-01T00%3A00%3A00Z&endTime=2100-01-01T00%3A00%3A00Z";
    let listed = aws.ok("GET", &format!("/audit/tasks?{range}"), json!({}));
    assert_eq!(listed["tasks"].as_array().map(Vec::len), Some(2));
    let canceled = aws.ok("GET", &format!("/audit/tasks?{range}&taskStatus=CANCELED"), json!({}));
    assert_eq!(canceled["tasks"][0]["taskId"], task.as_str());
}

fn suppressed(aws: &Caller, version: &Value) {
    let key = json!({ "checkName": POLICY, "resourceIdentifier": version });
    let mut suppression = key.clone();
    suppression["suppressIndefinitely"] = true.into();
    suppression["clientRequestToken"] = "audits".into();
    aws.ok("POST", "/audit/suppressions/create", suppression);
    let found = findings(aws);
    let flags: Vec<_> =
        found.iter().map(|one| (one["checkName"].as_str().unwrap(), one["isSuppressed"] == true)).collect();
    assert!(flags.contains(&(POLICY, true)) && flags.contains(&(LOGGING, false)), "{flags:?}");
    let task = &found[0]["taskId"];
    let only = |flag: bool| {
        let listed = aws.ok("POST", "/audit/findings", json!({ "taskId": task, "listSuppressedFindings": flag }));
        listed["findings"].as_array().unwrap().len()
    };
    assert_eq!((only(true), only(false)), (1, 1));
    let shown = aws.ok("GET", &format!("/audit/tasks/{}", task.as_str().unwrap()), json!({}));
    assert_eq!(shown["auditDetails"][POLICY]["checkRunStatus"], "COMPLETED_COMPLIANT");
    assert_eq!(shown["auditDetails"][POLICY]["suppressedNonCompliantResourcesCount"], 1);
    aws.ok("POST", "/audit/suppressions/delete", key);

    // V1 logging counts as V2 does.
    aws.ok("POST", "/loggingOptions", json!({ "roleArn": "arn:aws:iam::111111111111:role/logs", "logLevel": "ERROR" }));
    assert_eq!(aws.ok("GET", "/loggingOptions", json!({}))["logLevel"], "ERROR");
    assert_eq!(findings(aws).len(), 1, "the policy alone");
    // A role that cannot be assumed fails every check, and so the task.
    aws.ok("PATCH", "/audit/configuration", json!({ "roleArn": "arn:aws:iam::111111111111:role/nobody" }));
    let task = start(aws, &[LOGGING]);
    pass(aws, 60);
    let shown = aws.ok("GET", &format!("/audit/tasks/{task}"), json!({}));
    assert_eq!(shown["taskStatus"], "FAILED");
    assert_eq!(shown["auditDetails"][LOGGING]["errorCode"], "INSUFFICIENT_PERMISSIONS");
}
