//! Detect (profiles, metrics, dimensions) and Audit (configuration, schedules, suppressions,
//! mitigation actions).

use serde_json::{Value, json};

use super::caller::{Caller, ROLE, encoded};

pub fn lives(aws: &Caller) {
    metrics_and_dimensions(aws);
    profiles(aws);
    audit(aws);
    mitigation_and_suppression(aws);
}

fn behavior(name: &str) -> Value {
    let criteria = json!({ "comparisonOperator": "less-than", "value": { "count": u64::MAX }, "durationSeconds": 300 });
    json!({ "name": name, "metric": "aws:num-messages-sent", "criteria": criteria })
}

fn metrics_and_dimensions(aws: &Caller) {
    aws.ok("POST", "/custom-metric/m", json!({ "metricType": "number", "clientRequestToken": "1" }));
    let renamed = aws.ok("PATCH", "/custom-metric/m", json!({ "displayName": "M" }));
    assert_eq!(aws.ok("GET", "/custom-metric/m", json!({})), renamed);
    assert_eq!(aws.ok("GET", "/custom-metrics", json!({}))["metricNames"], json!(["m"]));
    aws.ok(
        "POST",
        "/dimensions/d",
        json!({ "type": "TOPIC_FILTER", "stringValues": ["a/#"], "clientRequestToken": "2" }),
    );
    let changed = aws.ok("PATCH", "/dimensions/d", json!({ "stringValues": ["b/#"] }));
    assert_eq!(aws.ok("GET", "/dimensions/d", json!({})), changed);
    assert_eq!(aws.ok("GET", "/dimensions", json!({}))["dimensionNames"], json!(["d"]));
}

fn profiles(aws: &Caller) {
    let mut scoped = behavior("scoped");
    scoped["metricDimension"] = json!({ "dimensionName": "d" });
    let own = json!({ "name": "own", "metric": "m" });
    aws.ok("POST", "/security-profiles/p", json!({ "behaviors": [scoped, own], "securityProfileDescription": "d" }));
    aws.no("POST", "/security-profiles/p", json!({}), "ResourceAlreadyExistsException", "p");
    assert_eq!(
        aws.ok("GET", "/security-profiles?metricName=m", json!({}))["securityProfileIdentifiers"][0]["name"],
        "p"
    );
    aws.no("DELETE", "/custom-metric/m", json!({}), "InvalidRequestException", "security profile p");
    aws.no("DELETE", "/dimensions/d", json!({}), "InvalidRequestException", "security profile p");
    let changed = aws.ok("PATCH", "/security-profiles/p?expectedVersion=1", json!({ "behaviors": [behavior("b")] }));
    assert_eq!(
        (&changed["version"], &changed["behaviors"]),
        (&json!(2), &json!([behavior("b")])),
        "counts reach 2^64-1"
    );
    assert_eq!(aws.ok("GET", "/security-profiles/p", json!({})), changed);
    aws.no("PATCH", "/security-profiles/p?expectedVersion=1", json!({}), "VersionConflictException", "");
    let both = json!({ "deleteBehaviors": true, "behaviors": [behavior("b")] });
    aws.no("PATCH", "/security-profiles/p", both, "InvalidRequestException", "deleteBehaviors");
    let emptied = aws.ok("PATCH", "/security-profiles/p", json!({ "deleteBehaviors": true }));
    assert!(emptied["behaviors"].is_null() && emptied["securityProfileDescription"] == "d");
    let mut wrong = behavior("w");
    wrong["criteria"]["durationSeconds"] = json!(7);
    let judged = aws.ok("POST", "/security-profile-behaviors/validate", json!({ "behaviors": [wrong] }));
    assert!(
        judged["valid"] == false
            && judged["validationErrors"][0]["errorMessage"].as_str().unwrap().contains("durationSeconds")
    );

    let target = aws.arn("all/registered-things");
    let query = format!("securityProfileTargetArn={}", encoded(&target));
    aws.ok("PUT", &format!("/security-profiles/p/targets?{query}"), json!({}));
    assert_eq!(
        aws.ok("GET", "/security-profiles/p/targets", json!({}))["securityProfileTargets"],
        json!([{ "arn": target }])
    );
    let mappings = aws.ok("GET", &format!("/security-profiles-for-target?{query}"), json!({}));
    assert_eq!(mappings["securityProfileTargetMappings"][0]["securityProfileIdentifier"]["name"], "p");
    aws.ok("DELETE", &format!("/security-profiles/p/targets?{query}"), json!({}));
    aws.ok("DELETE", "/security-profiles/p", json!({}));
    aws.ok("DELETE", "/custom-metric/m", json!({}));
    aws.ok("DELETE", "/dimensions/d", json!({}));
}

fn audit(aws: &Caller) {
    let check = "LOGGING_DISABLED_CHECK";
    let enable = |on: bool| json!({ "auditCheckConfigurations": { check: { "enabled": on } } });
    aws.no("PATCH", "/audit/configuration", enable(true), "InvalidRequestException", "roleArn");
    let mut first = enable(true);
    first["roleArn"] = ROLE.into();
    aws.ok("PATCH", "/audit/configuration", first);
    aws.ok(
        "POST",
        "/audit/scheduledaudits/s",
        json!({ "frequency": "WEEKLY", "dayOfWeek": "SUN", "targetCheckNames": [check] }),
    );
    aws.no("PATCH", "/audit/configuration", enable(false), "InvalidRequestException", "scheduled audit s");
    aws.ok("PATCH", "/audit/scheduledaudits/s", json!({ "frequency": "DAILY" }));
    let shown = aws.ok("GET", "/audit/scheduledaudits/s", json!({}));
    assert!(shown["frequency"] == "DAILY" && shown["dayOfWeek"].is_null(), "{shown}");
    assert_eq!(aws.ok("GET", "/audit/scheduledaudits", json!({}))["scheduledAudits"][0]["scheduledAuditName"], "s");
    aws.no("DELETE", "/audit/configuration", json!({}), "InvalidRequestException", "deleteScheduledAudits");
    aws.ok("DELETE", "/audit/scheduledaudits/s", json!({}));
    aws.ok("PATCH", "/audit/configuration", enable(false));
    let shown = aws.ok("GET", "/audit/configuration", json!({}));
    assert_eq!(
        (&shown["roleArn"], &shown["auditCheckConfigurations"][check]),
        (&json!(ROLE), &json!({ "enabled": false }))
    );
    aws.ok("DELETE", "/audit/configuration", json!({}));
    aws.no("DELETE", "/audit/configuration", json!({}), "ResourceNotFoundException", "");
}

fn mitigation_and_suppression(aws: &Caller) {
    let params = |name: &str| json!({ name: { "action": "DEACTIVATE" } });
    aws.ok(
        "POST",
        "/mitigationactions/actions/a",
        json!({ "roleArn": ROLE, "actionParams": params("updateDeviceCertificateParams") }),
    );
    aws.ok("PATCH", "/mitigationactions/actions/a", json!({ "actionParams": params("updateCACertificateParams") }));
    assert_eq!(aws.ok("GET", "/mitigationactions/actions/a", json!({}))["actionType"], "UPDATE_CA_CERTIFICATE");
    let listed = aws.ok("GET", "/mitigationactions/actions?actionType=UPDATE_CA_CERTIFICATE", json!({}));
    assert_eq!(listed["actionIdentifiers"].as_array().map(Vec::len), Some(1));
    aws.ok("DELETE", "/mitigationactions/actions/a", json!({}));

    let key = json!({ "checkName": "CONFLICTING_CLIENT_IDS_CHECK", "resourceIdentifier": { "clientId": "c" } });
    let with = |more: Value| {
        let mut body = key.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let far = 4_000_000_000_i64;
    aws.ok("POST", "/audit/suppressions/create", with(json!({ "expirationDate": far, "clientRequestToken": "t" })));
    assert_eq!(aws.ok("POST", "/audit/suppressions/describe", key.clone())["expirationDate"], json!(far));
    aws.ok("PATCH", "/audit/suppressions/update", with(json!({ "suppressIndefinitely": true })));
    assert_eq!(
        aws.ok("POST", "/audit/suppressions/list", json!({}))["suppressions"],
        json!([with(json!({ "suppressIndefinitely": true }))])
    );
    aws.ok("POST", "/audit/suppressions/delete", key.clone());
    aws.no("POST", "/audit/suppressions/describe", key, "ResourceNotFoundException", "");
}
