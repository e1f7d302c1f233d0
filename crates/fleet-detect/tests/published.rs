//! The published alert bodies come out byte for byte for the traffic they describe. Only the ID differs, which AWS
//! makes in a way it does not publish.
//!
//! Sources: AWS builders workshop "Detect: Mitigation Cloud Side" (2019), Device Defender workshop module 4 (2020),
//! aws-samples/aws-iot-device-defender-workshop README (2018).

use std::borrow::Cow;

use fleet_detect::event::{Measurement, MetricName, Outcome};
use fleet_detect::metric::BuiltIn;
use fleet_detect::value::Value;
use fleet_detect::{Config, Evaluator, Event, EventKind, Output, SecurityProfile};
use serde_json::json;

fn bodies(profile: serde_json::Value, events: &[Event]) -> Vec<String> {
    let profile: SecurityProfile = serde_json::from_value(profile).unwrap();
    let config = Config { profiles: vec![profile.into()], ..Config::default() };
    let mut evaluator = Evaluator::new(&config).unwrap();
    let mut output = Output::default();
    events.iter().for_each(|event| evaluator.observe(event, &mut output));
    evaluator.finish(&mut output);
    let body = |violation: &fleet_detect::Violation| violation.to_json().replace(&violation.id.to_string(), "ID");
    output.violations.iter().map(body).collect()
}

fn event<'a>(at: i64, name: &'a str, kind: EventKind<'a>) -> Event<'a> {
    Event { at, client_id: Cow::Borrowed(name), thing: None, kind }
}

fn publish(bytes: u64) -> EventKind<'static> {
    EventKind::Publish { outcome: Outcome::Success, topic: None, bytes: Some(bytes), source: None }
}

#[test]
fn messages_sent_above_the_limit() {
    // DescribeSecurityProfile's own order of members is another one than the alert's.
    let profile = json!({"securityProfileName": "MySecProfile", "behaviors": [{
        "name": "MessagesPub", "metric": "aws:num-messages-sent",
        "criteria": {"comparisonOperator": "less-than", "value": {"count": 10}, "durationSeconds": 300,
                     "consecutiveDatapointsToAlarm": 1, "consecutiveDatapointsToClear": 1}}]});
    let events: Vec<_> = (0..54).map(|i| event(1_573_786_500_000 + i * 5000, "dev-IZWB", publish(10))).collect();
    let expected = r#"{"violationEventTime":1573786800000,"thingName":"dev-IZWB","behavior":{"criteria":{"consecutiveDatapointsToClear":1,"value":{"count":10},"durationSeconds":300,"consecutiveDatapointsToAlarm":1,"comparisonOperator":"less-than"},"name":"MessagesPub","metric":"aws:num-messages-sent"},"violationEventType":"in-alarm","metricValue":{"count":54},"violationId":"ID","securityProfileName":"MySecProfile"}"#;
    assert_eq!(bodies(profile, &events), [expected]);
}

#[test]
fn message_smaller_than_the_limit() {
    let profile = json!({"securityProfileName": "LargeMessageSize", "behaviors": [{
        "name": "messageSize", "metric": "aws:message-byte-size",
        "criteria": {"comparisonOperator": "greater-than", "value": {"count": 5000},
                     "consecutiveDatapointsToAlarm": 1, "consecutiveDatapointsToClear": 1}}]});
    let events =
        [event(1_582_745_101_000, "myIoTDevice", publish(9000)), event(1_582_745_399_999, "myIoTDevice", publish(26))];
    let expected = r#"{"violationEventTime":1582745400000,"thingName":"myIoTDevice","behavior":{"criteria":{"consecutiveDatapointsToClear":1,"value":{"count":5000},"consecutiveDatapointsToAlarm":1,"comparisonOperator":"greater-than"},"name":"messageSize","metric":"aws:message-byte-size"},"violationEventType":"in-alarm","metricValue":{"count":26},"violationId":"ID","securityProfileName":"LargeMessageSize"}"#;
    assert_eq!(bodies(profile, &events), [expected]);
}

#[test]
fn packets_out_clears_at_the_report() {
    let profile = json!({"securityProfileName": "NormalHTTPTraffic", "behaviors": [{
        "name": "PacketsOut", "metric": "aws:all-packets-out",
        "criteria": {"comparisonOperator": "less-than", "value": {"count": 100}, "durationSeconds": 300}}]});
    let report = |at, packets| {
        let metric = MetricName::BuiltIn(BuiltIn::AllPacketsOut);
        let measurement = Measurement { metric, value: Value::Count(packets) };
        event(at, "DefenderWorkshopThing", EventKind::Report(vec![measurement]))
    };
    let events = [report(1_542_682_115_515, 20_113), report(1_542_682_416_515, 29)];
    let found = bodies(profile, &events);
    let expected = r#"{"violationEventTime":1542682416515,"thingName":"DefenderWorkshopThing","behavior":{"criteria":{"value":{"count":100},"durationSeconds":300,"comparisonOperator":"less-than"},"name":"PacketsOut","metric":"aws:all-packets-out"},"violationEventType":"alarm-cleared","metricValue":{"count":29},"violationId":"ID","securityProfileName":"NormalHTTPTraffic"}"#;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[1], expected);
}
