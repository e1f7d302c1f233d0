//! Policies, their versions and attachments.

use serde_json::json;

use super::caller::{Caller, encoded};

/// A policy that allows one action.
pub fn document(action: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": action, "Resource": "*" }] })
        .to_string()
}

pub fn lives(aws: &Caller) {
    aws.ok("POST", "/policies/p", json!({ "policyDocument": document("iot:Connect") }));
    let version =
        aws.ok("POST", "/policies/p/version?setAsDefault=true", json!({ "policyDocument": document("iot:Publish") }));
    assert_eq!((&version["policyVersionId"], &version["isDefaultVersion"]), (&json!("2"), &json!(true)));
    let shown = aws.ok("GET", "/policies/p", json!({}));
    assert_eq!((&shown["defaultVersionId"], &shown["policyDocument"]), (&json!("2"), &json!(document("iot:Publish"))));
    assert_eq!(aws.ok("GET", "/policies/p/version/1", json!({}))["policyDocument"], json!(document("iot:Connect")));
    aws.ok("PATCH", "/policies/p/version/1", json!({}));
    let listed = aws.ok("GET", "/policies/p/version", json!({}));
    assert_eq!(listed["policyVersions"][0]["isDefaultVersion"], true);
    aws.no("DELETE", "/policies/p/version/1", json!({}), "DeleteConflictException", "default");
    aws.no("DELETE", "/policies/p", json!({}), "DeleteConflictException", "versions");
    aws.ok("DELETE", "/policies/p/version/2", json!({}));
    assert_eq!(aws.ok("GET", "/policies?pageSize=1", json!({}))["policies"][0]["policyName"], "p");

    aws.ok("POST", "/thing-groups/g", json!({}));
    let group = aws.arn("thinggroup/g");
    aws.ok("PUT", "/target-policies/p", json!({ "target": group }));
    let attached = aws.ok("POST", &format!("/attached-policies/{}", encoded(&group)), json!({}));
    assert_eq!(attached["policies"], json!([{ "policyName": "p", "policyArn": aws.arn("policy/p") }]));
    assert_eq!(aws.ok("POST", "/policy-targets/p", json!({}))["targets"], json!([group]));
    let principals = aws.ok_with("GET", "/policy-principals", &[("x-amzn-iot-policy", "p")], json!({}));
    assert_eq!(principals["principals"], json!([]), "a group is no principal");
    aws.no(
        "DELETE",
        "/policies/p",
        json!({}),
        "DeleteConflictException",
        "attached to one or more principals (name=p)",
    );
    aws.ok("POST", "/target-policies/p", json!({ "target": group }));
    aws.ok("DELETE", "/policies/p", json!({}));
    aws.no("GET", "/policies/p", json!({}), "ResourceNotFoundException", "p");
}
