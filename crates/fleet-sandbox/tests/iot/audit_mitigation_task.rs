//! Mitigation tasks: what each type of action changes, and what is told of it.

use serde_json::{Value, json};

use super::audit_task::{findings, pass, role, violate};
use super::caller::Caller;

const LOGGING: &str = "LOGGING_DISABLED_CHECK";
const POLICY: &str = "IOT_POLICY_OVERLY_PERMISSIVE_CHECK";
const TASKS: &str = "/audit/mitigationactions/tasks";

fn action(aws: &Caller, name: &str, role: &str, params: Value) {
    aws.ok("POST", &format!("/mitigationactions/actions/{name}"), json!({ "roleArn": role, "actionParams": params }));
}

fn task(findings: &Value, mapping: Value, token: &str) -> Value {
    json!({ "target": { "findingIds": findings }, "auditCheckToActionsMapping": mapping, "clientRequestToken": token })
}

pub fn lives(aws: &Caller) {
    let role = role(aws, "responder");
    violate(aws, &role);
    action(aws, "blank", &role, json!({ "replaceDefaultPolicyVersionParams": { "templateName": "BLANK_POLICY" } }));
    let logs = json!({ "roleArnForLogging": role, "logLevel": "ERROR" });
    action(aws, "log", &role, json!({ "enableIoTLoggingParams": logs }));
    let topic = json!({ "topicArn": "arn:aws:sns:eu-south-1:111111111111:none" });
    action(aws, "tell", &role, json!({ "publishFindingToSnsParams": topic }));
    let found = findings(aws);
    let of = |check: &str| found.iter().find(|one| one["checkName"] == check).unwrap()["findingId"].clone();
    let (policy, logging) = (of(POLICY), of(LOGGING));

    let start = |id: &str, body: Value, text: &str| {
        aws.no("POST", &format!("{TASKS}/{id}"), body, "InvalidRequestException", text);
    };
    start("t", task(&json!([policy]), json!({ POLICY: ["none"] }), "t"), "none not found");
    start("t", task(&json!([policy]), json!({ POLICY: ["log"] }), "t"), "cannot be applied");
    start("t", task(&json!(["none"]), json!({ POLICY: ["blank"] }), "t"), "none not found");

    // The topic does not exist: the action after it is skipped for that finding alone.
    let mapping = json!({ POLICY: ["tell", "blank"], LOGGING: ["log"] });
    aws.ok("POST", &format!("{TASKS}/mixed"), task(&json!([policy, logging]), mapping.clone(), "a"));
    let again = task(&json!([policy]), mapping, "b");
    aws.no("POST", &format!("{TASKS}/mixed"), again, "TaskAlreadyExistsException", "mixed");
    pass(aws, 60);
    let shown = aws.ok("GET", &format!("{TASKS}/mixed"), json!({}));
    assert_eq!(shown["taskStatus"], "COMPLETED");
    assert_eq!(shown["taskStatistics"][POLICY]["failedFindingsCount"], 1);
    assert_eq!(shown["taskStatistics"][LOGGING]["succeededFindingsCount"], 1);
    let executions = |id: &str, finding: &Value| {
        let path = format!("/audit/mitigationactions/executions?taskId={id}&findingId={}", finding.as_str().unwrap());
        let listed = aws.ok("GET", &path, json!({}))["actionsExecutions"].clone();
        let listed = listed.as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap().to_owned());
        listed.collect::<Vec<_>>()
    };
    assert_eq!(executions("mixed", &policy), ["FAILED", "SKIPPED"]);
    assert_eq!(executions("mixed", &logging), ["COMPLETED"]);
    assert_eq!(aws.ok("GET", "/v2LoggingOptions", json!({}))["defaultLogLevel"], "ERROR");

    // All findings of the audit; the task can be cancelled while it lasts, and nothing is taken back.
    let all = json!({ "target": { "auditTaskId": found[0]["taskId"] },
        "auditCheckToActionsMapping": { POLICY: ["blank"] }, "clientRequestToken": "c" });
    aws.ok("POST", &format!("{TASKS}/whole"), all);
    aws.ok("PUT", &format!("{TASKS}/whole/cancel"), json!({}));
    assert_eq!(aws.ok("GET", &format!("{TASKS}/whole"), json!({}))["taskStatus"], "CANCELED");
    aws.no("PUT", &format!("{TASKS}/whole/cancel"), json!({}), "InvalidRequestException", "not in progress");
    assert_eq!(aws.ok("GET", "/policies/wide", json!({}))["defaultVersionId"], "2");
    assert_eq!(findings(aws), Vec::<Value>::new(), "both are mended");
    let range = "startTime=2020-01-01T00%3A00%3A00Z&endTime=2100-01-01T00%3A00%3A00Z";
    let listed = aws.ok("GET", &format!("{TASKS}?{range}&findingId={}", policy.as_str().unwrap()), json!({}));
    assert_eq!(listed["tasks"].as_array().map(Vec::len), Some(2));
    certificates(aws, &role);
}

/// A certificate that is about to expire is deactivated, and its thing goes into a group.
fn certificates(aws: &Caller, role: &str) {
    const EXPIRING: &str = "DEVICE_CERTIFICATE_EXPIRING_CHECK";
    let on = json!({ "enabled": true });
    aws.ok("PATCH", "/audit/configuration", json!({ "auditCheckConfigurations": { EXPIRING: on } }));
    let made = aws.ok("POST", "/keys-and-certificate?setAsActive=true", json!({}));
    let (id, arn) = (made["certificateId"].as_str().unwrap(), made["certificateArn"].as_str().unwrap());
    aws.ok("POST", "/things/t", json!({}));
    aws.ok("POST", "/thing-groups/quarantine", json!({}));
    aws.ok_with("PUT", "/things/t/principals", &[("x-amzn-principal", arn)], json!({}));
    let validity =
        aws.ok("GET", &format!("/certificates/{id}"), json!({}))["certificateDescription"]["validity"].clone();
    let ends = validity["notAfter"].as_f64().unwrap();
    let now = aws.ok("GET", "/_fleetctl/clock", json!({}))["epochMilliseconds"].as_f64().unwrap() / 1000.0;
    pass(aws, (ends - now - 86_400.0) as u64);

    let group = json!({ "thingGroupNames": ["quarantine"] });
    action(aws, "quarantine", role, json!({ "addThingsToThingGroupParams": group }));
    action(aws, "off", role, json!({ "updateDeviceCertificateParams": { "action": "DEACTIVATE" } }));
    let started = aws.ok("POST", "/audit/tasks", json!({ "targetCheckNames": [EXPIRING] }));
    pass(aws, 60);
    let found = aws.ok("POST", "/audit/findings", json!({ "taskId": started["taskId"] }))["findings"].clone();
    assert_eq!(found[0]["nonCompliantResource"]["resourceIdentifier"]["deviceCertificateId"], id, "{found}");
    let mapping = json!({ EXPIRING: ["quarantine", "off"] });
    aws.ok("POST", &format!("{TASKS}/device"), task(&json!([found[0]["findingId"]]), mapping, "d"));
    let shown = aws.ok("GET", &format!("/certificates/{id}"), json!({}));
    assert_eq!(shown["certificateDescription"]["status"], "INACTIVE");
    assert_eq!(aws.ok("GET", "/thing-groups/quarantine/things", json!({}))["things"], json!(["t"]));
}
