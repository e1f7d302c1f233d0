//! `fleetctl simulate`: from a spec and from AWS's own documents, on made and on recorded traffic.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::program::{Program, Ran, repository};

/// The members of an alert body, in the order of AWS's published samples.
const MEMBERS: [&str; 7] = [
    "violationEventTime",
    "thingName",
    "behavior",
    "violationEventType",
    "metricValue",
    "violationId",
    "securityProfileName",
];

fn bodies(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, 0, "alarms are no error: {}", ran.err);
    ran.out.lines().map(|line| serde_json::from_str(line).expect("one JSON body a line")).collect()
}

#[test]
fn the_factory_pages_for_its_two_incidents_and_nothing_else() {
    let program = Program::new();
    let (spec, scenario) = (repository("examples/factory-fleet"), repository("examples/factory-fleet/scenario.yaml"));
    let simulate = |more: &[&str]| {
        let mut command = program.command();
        command.arg("simulate").arg(&spec).arg("--scenario").arg(&scenario).args(more);
        Ran::from(command.output().expect("it starts"))
    };
    let bodies = bodies(&simulate(&["--format", "jsonl"]));
    let mut found = BTreeSet::new();
    for body in &bodies {
        let members: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(members, MEMBERS);
        let text = |member: &Value| member.as_str().expect("a text").to_owned();
        found.insert([&body["thingName"], &body["behavior"]["name"], &body["violationEventType"]].map(text));
    }
    let expected = [
        ["line-sensor-3", "MessagesSent", "in-alarm"],
        ["line-sensor-3", "MessagesSent", "alarm-cleared"],
        ["line-sensor-5", "AuthorizationFailures", "in-alarm"],
        ["line-sensor-5", "AuthorizationFailures", "alarm-cleared"],
        ["line-sensor-5", "ConnectionAttempts", "in-alarm"],
        ["line-sensor-5", "ConnectionAttempts", "alarm-cleared"],
    ];
    assert_eq!(found, expected.map(|texts| texts.map(str::to_owned)).into());
    assert_eq!(bodies.len(), expected.len(), "each once");

    let table = simulate(&["--explain"]);
    for part in ["line-sensor-3", "3 alarms → topic fleet-alerts → email oncall@example.com", "never fired", "windowOffsetSeconds"] {
        assert!(table.out.contains(part), "`{part}` is missing in\n{}", table.out);
    }
    let page = simulate(&["--format", "html", "--out", "report.html"]);
    assert_eq!((page.code, page.out.as_str()), (0, ""), "{}", page.err);
    let page = std::fs::read_to_string(program.dir.path().join("report.html")).expect("written");
    assert!(page.contains("line-sensor-5") && !page.contains("line-sensor-1"), "only devices in alarm are drawn");

    let unknown = simulate(&["--profile-name", "nobody"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("no security profile `nobody`") && unknown.err.contains("factory-baseline"));
}

/// A program with the profile of a published alert, and 54 messages in five minutes.
///
/// Source: AWS builders workshop "Detect: Mitigation Cloud Side" (2019).
fn published() -> Program {
    let program = Program::new();
    let criteria = json!({"comparisonOperator": "less-than", "value": {"count": 10}, "durationSeconds": 300,
        "consecutiveDatapointsToAlarm": 1, "consecutiveDatapointsToClear": 1});
    let behavior = json!({"name": "MessagesPub", "metric": "aws:num-messages-sent", "criteria": criteria});
    let profile = json!({"securityProfileName": "MySecProfile", "behaviors": [behavior], "version": 1});
    program.write("profile.json", &profile.to_string());
    program.write("targets.json", r#"{"securityProfileTargets":[{"arn":"arn:aws:iot:us-east-1:1:thinggroup/line"}]}"#);
    let registry = json!({"things": [{"thingName": "dev-IZWB"}, {"thingName": "elsewhere"}],
        "thingGroups": [{"groupName": "line", "things": ["dev-IZWB"]}]});
    program.write("registry.json", &registry.to_string());
    let line = |device: &str, i: i64| {
        let at = 1_573_786_500_000 + i * 5000;
        format!("{}\n", json!({"timestamp": at, "type": "publish", "clientId": device, "topic": "t", "bytes": 10}))
    };
    let lines = |device: &str| -> String { (0..54).map(|i| line(device, i)).collect() };
    program.write("traffic-1.ndjson", &lines("dev-IZWB"));
    program.write("traffic-2.ndjson", &lines("elsewhere"));
    program
}

#[test]
fn documents_of_aws_give_the_published_alert() {
    let program = published();
    let arguments = ["simulate", "--security-profile", "profile.json", "--format", "jsonl", "--traffic"];
    let attached = ["--targets", "targets.json", "--registry", "registry.json"];
    let ran = program.run(&[&arguments[..], &["traffic-*.ndjson"], &attached].concat());
    let found = bodies(&ran);
    assert_eq!(found.len(), 1, "one device is in the group: {}", ran.out);
    let id = found[0]["violationId"].as_str().expect("a text");
    let expected = r#"{"violationEventTime":1573786800000,"thingName":"dev-IZWB","behavior":{"criteria":{"consecutiveDatapointsToClear":1,"value":{"count":10},"durationSeconds":300,"consecutiveDatapointsToAlarm":1,"comparisonOperator":"less-than"},"name":"MessagesPub","metric":"aws:num-messages-sent"},"violationEventType":"in-alarm","metricValue":{"count":54},"violationId":"ID","securityProfileName":"MySecProfile"}"#;
    assert_eq!(ran.out.trim_end().replace(id, "ID"), expected);
    assert!(ran.err.contains("54 events left out: of devices that no profile is attached to"), "{}", ran.err);

    let everywhere = program.run(&[&arguments[..], &["traffic-1.ndjson", "traffic-2.ndjson"]].concat());
    assert_eq!(bodies(&everywhere).len(), 2, "without targets every device counts");
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    let program = published();
    let good = std::fs::read_to_string(program.dir.path().join("traffic-1.ndjson")).expect("readable");
    program.write("bad.ndjson", &format!("{good}{{\"timestamp\":\n"));
    program.write("strange.txt", "hello\n");
    program.write("scenario.yaml", "start: 2026-01-05T08:00:00Z\nduration: 6h\nclases: {}\n");
    program.write("empty.json", "[]");
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--traffic", "bad.ndjson"], &["bad.ndjson: 1 of 55 lines are bad", "line 55", "--max-bad"]),
        (&["--traffic", "bad.ndjson", "--strict"], &["bad.ndjson: line 55", "--strict"]),
        (&["--traffic", "strange.txt"], &["strange.txt: cannot tell the traffic's format", "--traffic-format"]),
        (&["--traffic", "none-*.ndjson"], &["--traffic none-*.ndjson: there is no such file"]),
        (&["--scenario", "scenario.yaml"], &["scenario.yaml", "clases", "classes"]),
        (
            &["--traffic", "traffic-1.ndjson", "--targets", "empty.json"],
            &["empty.json: the profile is attached to nothing"],
        ),
    ];
    for (arguments, parts) in cases {
        let ran = program.run(&[&["simulate", "--security-profile", "profile.json"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{arguments:?}");
        for part in parts {
            assert!(ran.err.contains(part), "`{part}` is missing in\n{}", ran.err);
        }
    }
    let allowed = ["simulate", "--security-profile", "profile.json", "--traffic", "bad.ndjson", "--max-bad", "0.5"];
    let ran = program.run(&allowed);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("1 of 55 lines are bad and left out") && ran.err.contains("line 55"), "{}", ran.err);
    assert_eq!(program.run(&["simulate", "--security-profile", "profile.json"]).code, 64, "no traffic is named");
}
