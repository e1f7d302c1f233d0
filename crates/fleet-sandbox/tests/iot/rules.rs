//! Topic rules, and the role they need.

use serde_json::json;

use super::caller::{Caller, ROLE, encoded};

pub fn lives(aws: &Caller) {
    let action = json!({ "republish": { "topic": "b", "roleArn": ROLE } });
    let rule = json!({ "sql": "SELECT * FROM 'a/+'", "actions": [action] });
    let unable = "AWS IoT (iot.amazonaws.com) is unable to assume role";
    aws.no("POST", "/rules/r", rule.clone(), "InvalidRequestException", unable);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"iot.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let trust: String = trust.bytes().map(|byte| format!("%{byte:02X}")).collect();
    aws.iam(&format!("Action=CreateRole&RoleName=iot&AssumeRolePolicyDocument={trust}"));
    aws.no("POST", "/rules/r", rule.clone(), "InvalidRequestException", unable);

    // Without a role, a rule need not wait for one.
    let other = json!({ "sql": "SELECT * FROM 'a/+'", "actions": [{ "lambda": { "functionArn": "f" } }], "ruleDisabled": true });
    aws.ok_with("POST", "/rules/r", &[("x-amz-tagging", "a=1&b=x%20y")], other.clone());
    let tags = aws.ok("GET", &format!("/tags?resourceArn={}", encoded(&aws.arn("rule/r"))), json!({}));
    assert_eq!(tags["tags"], json!([{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "x y" }]));
    aws.no("POST", "/rules/r", other.clone(), "ResourceAlreadyExistsException", "r");
    aws.no("POST", "/rules/no-dash", other.clone(), "InvalidRequestException", "regular expression");
    aws.ok("POST", "/rules/r/enable", json!({}));
    assert_eq!(aws.ok("GET", "/rules/r", json!({}))["rule"]["ruleDisabled"], false);
    aws.ok("POST", "/rules/r/disable", json!({}));
    let listed = aws.ok("GET", "/rules?topic=a/x&ruleDisabled=true", json!({}));
    assert_eq!(listed["rules"][0]["topicPattern"], "a/+");
    aws.no("PATCH", "/rules/r", json!({ "sql": "SELECT", "actions": [] }), "SqlParseException", "FROM");
    aws.ok("PATCH", "/rules/r", json!({ "sql": "SELECT b FROM 'c'", "actions": [] }));
    let shown = aws.ok("GET", "/rules/r", json!({}))["rule"].clone();
    assert_eq!(
        (&shown["sql"], &shown["actions"], &shown["ruleDisabled"]),
        (&json!("SELECT b FROM 'c'"), &json!([]), &json!(false))
    );
    aws.ok("DELETE", "/rules/r", json!({}));
    aws.no("GET", "/rules/r", json!({}), "UnauthorizedException", "Access to topic rule 'r' was denied");
}
