//! The same service in every protocol it speaks, and each protocol's way to say no.

use fleet_sandbox::Config;
use serde_json::json;

use crate::caller::start;

const CLOUDWATCH: &str = "GraniteServiceVersion20100801";

#[test]
fn one_alarm_is_the_same_in_cbor_json_and_query() {
    let local = start(Config { frozen_clock_ms: Some(1_795_000_000_250), ..Config::default() });
    let caller = local.caller();
    let alarm = json!({
        "AlarmName": "a<&>", "MetricName": "M", "Namespace": "N", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold", "AlarmDescription": "ü \"quoted\"",
    });
    let made = caller.cbor("monitoring", CLOUDWATCH, "PutMetricAlarm", &alarm).unwrap();
    assert_eq!((made.status, made.body.len()), (200, 0), "an operation without output has no body");
    let read = caller.json("monitoring", &format!("{CLOUDWATCH}.DescribeAlarms"), &json!({})).unwrap().json();
    let shown = &read["MetricAlarms"][0];
    assert_eq!(shown["AlarmName"], "a<&>");
    assert_eq!(shown["StateUpdatedTimestamp"], json!(1_795_000_000.25), "epoch seconds in JSON");
    let text = caller.query("monitoring", "Action=DescribeAlarms&AlarmNames.member.1=a%3C%26%3E").unwrap().text();
    assert!(
        text.contains("<AlarmName>a&lt;&amp;&gt;</AlarmName>") && text.contains("<Threshold>5.0</Threshold>"),
        "{text}"
    );
    assert!(text.contains("<StateUpdatedTimestamp>2026-11-18T11:06:40.250Z</StateUpdatedTimestamp>"), "{text}");
    let missing = json!({"AlarmName": "none", "StateValue": "OK", "StateReason": ""});
    let refused = caller.cbor("monitoring", CLOUDWATCH, "SetAlarmState", &missing).unwrap();
    assert_eq!((refused.status, refused.error().as_str()), (404, "ResourceNotFound"));
    assert_eq!(refused.query_error, "ResourceNotFound;Sender");
    let wrong = caller.query("monitoring", "Action=PutMetricAlarm&AlarmName=a").unwrap();
    assert_eq!((wrong.status, wrong.error().as_str()), (400, "ValidationError"));
    let typed = caller.cbor("monitoring", CLOUDWATCH, "PutMetricAlarm", &json!({"AlarmName": "a"})).unwrap();
    assert_eq!((typed.error().as_str(), typed.query_error.as_str()), ("ValidationException", "ValidationError;Sender"));
}

#[test]
fn what_cannot_be_served_is_refused_in_the_form_of_its_protocol() {
    let local = start(Config::default());
    let mut caller = local.caller();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let target = [("x-amz-target", "Logs_20140328.DescribeLogGroups")];
    let unsigned = [
        (caller.send_plain("POST", "/", &form, b"Action=ListRoles"), 403, "MissingAuthenticationToken"),
        (caller.send_plain("POST", "/", &target, b"{}"), 400, "MissingAuthenticationTokenException"),
        (caller.send_plain("GET", "/things", &[], b""), 403, "MissingAuthenticationTokenException"),
    ];
    for (answer, status, code) in unsigned {
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.error().as_str()), (status, code));
    }
    let unknown = [
        (caller.query("iam", "Action=CreateUser&UserName=u"), 400, "InvalidAction", "CreateUser"),
        (caller.json("logs", "Logs_20140328.StartQuery", &json!({})), 400, "UnknownOperationException", "StartQuery"),
        (caller.json("logs", "Other_1.DescribeLogGroups", &json!({})), 400, "UnknownOperationException", "Other_1"),
        (caller.send("iot", "GET", "/jobs", &[], b""), 404, "UnknownOperationException", "ListJobs"),
        (caller.send("iot", "GET", "/no/such/path", &[], b""), 404, "UnknownOperationException", "/no/such/path"),
        (caller.send("s3", "GET", "/bucket", &[], b""), 404, "UnknownOperationException", "s3"),
    ];
    for (answer, status, code, named) in unknown {
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.error().as_str()), (status, code), "{}", answer.text());
        assert!(answer.text().contains(named), "{named} in {}", answer.text());
    }
    let broken = caller.send("logs", "POST", "/", &target, b"{\"limit\": \"many\"}").unwrap();
    assert_eq!((broken.status, broken.error().as_str()), (400, "SerializationException"), "{}", broken.text());
    let broken = caller.send("logs", "POST", "/", &target, b"[").unwrap();
    assert_eq!(broken.error(), "SerializationException");
    for (key, code) in [("EXPIREDKEY", "ExpiredTokenException"), ("INVALIDKEY", "UnrecognizedClientException")] {
        caller.key = key.to_owned();
        assert_eq!(caller.read("lambda").unwrap().error(), code);
        let query = code.replace("Exception", "").replace("UnrecognizedClient", "InvalidClientTokenId");
        assert_eq!(caller.read("sns").unwrap().error(), query);
        let cbor = caller.read("monitoring").unwrap();
        assert_eq!((cbor.error().as_str(), cbor.query_error), (code, format!("{query};Sender")));
    }
}
