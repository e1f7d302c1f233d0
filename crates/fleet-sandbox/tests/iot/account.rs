//! What an account has one of, and role aliases.

use serde_json::json;

use super::caller::{Caller, ROLE};

pub fn lives(aws: &Caller) {
    let address = aws.ok("GET", "/endpoint?endpointType=iot:Data-ATS", json!({}))["endpointAddress"].clone();
    assert!(address.as_str().unwrap().ends_with(&format!("-ats.iot.{}.amazonaws.com", aws.region)), "{address}");
    aws.no("GET", "/v2LoggingOptions", json!({}), "NotConfiguredException", "");
    aws.ok("POST", "/v2LoggingOptions", json!({ "roleArn": ROLE, "defaultLogLevel": "WARN" }));
    let options = aws.ok("GET", "/v2LoggingOptions", json!({}));
    assert_eq!(options, json!({ "roleArn": ROLE, "defaultLogLevel": "WARN", "disableAllLogs": false }));
    let target = json!({ "targetType": "CLIENT_ID", "targetName": "c" });
    aws.ok("POST", "/v2LoggingLevel", json!({ "logTarget": target, "logLevel": "INFO" }));
    let levels = aws.ok("GET", "/v2LoggingLevel", json!({}))["logTargetConfigurations"].clone();
    assert_eq!(levels, json!([{ "logTarget": target, "logLevel": "INFO" }]));
    aws.ok("DELETE", "/v2LoggingLevel?targetType=CLIENT_ID&targetName=c", json!({}));
    let things = json!({ "thingIndexingMode": "REGISTRY" });
    aws.ok("POST", "/indexing/config", json!({ "thingIndexingConfiguration": things }));
    assert_eq!(aws.ok("GET", "/indexing/config", json!({}))["thingIndexingConfiguration"], things);

    aws.ok("POST", "/role-aliases/a", json!({ "roleArn": ROLE }));
    aws.ok("PUT", "/role-aliases/a", json!({ "credentialDurationSeconds": 900 }));
    let shown = aws.ok("GET", "/role-aliases/a", json!({}))["roleAliasDescription"].clone();
    assert_eq!((&shown["credentialDurationSeconds"], &shown["roleArn"]), (&json!(900), &json!(ROLE)));
    assert_eq!(aws.ok("GET", "/role-aliases", json!({})), json!({ "roleAliases": ["a"] }));
    aws.ok("DELETE", "/role-aliases/a", json!({}));
    aws.no("GET", "/role-aliases/a", json!({}), "ResourceNotFoundException", "a");
}
