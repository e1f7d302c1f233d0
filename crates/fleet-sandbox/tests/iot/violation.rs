//! Violations: device traffic judged by the account's profiles, listed, and verified.

use serde_json::{Value, json};

use super::caller::{ACCOUNT, Caller};

pub fn lives(aws: &Caller) {
    let criteria = json!({ "comparisonOperator": "less-than", "value": { "count": 1 }, "durationSeconds": 300 });
    let behavior = json!({ "name": "Sent", "metric": "aws:num-messages-sent", "criteria": criteria });
    aws.ok("POST", "/security-profiles/p", json!({ "behaviors": [behavior] }));
    let now = aws.ok("GET", "/_fleetctl/clock", json!({}))["epochMilliseconds"].as_i64().unwrap();
    let traffic = format!("/_fleetctl/traffic/{ACCOUNT}/{}", aws.region);
    let event =
        json!({ "timestamp": now - 900_000, "type": "publish", "clientId": "line-1", "topic": "t", "bytes": 12 });
    assert_eq!(aws.ok("POST", &traffic, event)["violationEvents"], 1);
    let (status, _, refused) = aws.call("POST", &traffic, &[], json!({ "timestamp": "soon" })).unwrap();
    assert!(status == 400 && refused["error"].is_string(), "{refused}");

    let active =
        |query: &str| aws.ok("GET", &format!("/active-violations{query}"), json!({}))["activeViolations"].clone();
    let found = active("");
    assert_eq!((&found[0]["thingName"], &found[0]["lastViolationValue"]), (&json!("line-1"), &json!({ "count": 1 })));
    assert_eq!(found[0]["verificationState"], "UNKNOWN");
    assert_eq!(active("?thingName=line-1&securityProfileName=p&behaviorCriteriaType=STATIC"), found);
    for none in
        ["?thingName=x", "?securityProfileName=x", "?behaviorCriteriaType=STATISTICAL", "?listSuppressedAlerts=true"]
    {
        assert_eq!(active(none), json!([]), "{none}");
    }
    let id = found[0]["violationId"].as_str().unwrap();
    let said = json!({ "verificationState": "FALSE_POSITIVE", "verificationStateDescription": "a test" });
    aws.ok("POST", &format!("/violations/verification-state/{id}"), said.clone());
    aws.no("POST", "/violations/verification-state/none", said, "InvalidRequestException", "none");
    let range = "startTime=2020-01-01T00%3A00%3A00Z&endTime=2100-01-01T00%3A00%3A00Z";
    let events = aws.ok("GET", &format!("/violation-events?{range}&verificationState=FALSE_POSITIVE"), json!({}));
    let event = &events["violationEvents"][0];
    assert_eq!((&event["violationEventType"], &event["violationId"]), (&json!("in-alarm"), &Value::from(id)));
    assert_eq!(
        (&event["verificationStateDescription"], active("?verificationState=UNKNOWN")),
        (&json!("a test"), json!([]))
    );
}
