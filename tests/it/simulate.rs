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
    for part in [
        "line-sensor-3",
        "3 alarms → topic fleet-alerts → email oncall@example.com",
        "never fired",
        "windowOffsetSeconds",
    ] {
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

/// The profile of [`published`] as a behaviour set with another threshold.
fn behavior_set(program: &Program, name: &str, alarm_when: &str) {
    let set = format!("behaviors:\n  MessagesPub: {{ metric: aws:num-messages-sent, alarmWhen: \"{alarm_when}\" }}\n");
    program.write(name, &set);
}

#[test]
fn a_change_says_which_alarms_it_adds_and_removes() {
    let program = published();
    behavior_set(&program, "loose.yaml", "> 60 in 5m");
    behavior_set(&program, "strict.yaml", "> 20 in 5m");
    let against = |new: &[&str], old: &str, more: &[&str]| {
        let traffic = ["--traffic", "traffic-1.ndjson", "traffic-2.ndjson", "--against", old];
        program.run(&[&["simulate"], new, &traffic, more].concat())
    };
    let change = |new: &[&str], old: &str| -> [Vec<String>; 3] {
        let ran = against(new, old, &["--format", "json"]);
        let result: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        ["added", "removed", "kept"].map(|fate| {
            let alarms = result["change"][fate].as_array().expect("a list").iter();
            let mut devices: Vec<String> = alarms.map(|alarm| alarm["device"].as_str().unwrap().to_owned()).collect();
            devices.sort();
            devices
        })
    };
    let both = ["dev-IZWB", "elsewhere"].map(str::to_owned).to_vec();
    assert_eq!(change(&["strict.yaml"], "loose.yaml"), [both.clone(), vec![], vec![]]);
    assert_eq!(change(&["loose.yaml"], "strict.yaml"), [vec![], both.clone(), vec![]]);
    // The old side is attached as the new one is, and the other way round.
    let described = ["--security-profile", "profile.json"];
    assert_eq!(change(&described, "strict.yaml"), [vec![], vec![], both.clone()]);
    let attached = ["--targets", "targets.json", "--registry", "registry.json"];
    let attached = [&described[..], &attached].concat();
    assert_eq!(change(&attached, "strict.yaml"), [vec![], vec![], vec!["dev-IZWB".to_owned()]]);

    let codes = |new: &str, old: &str| against(&[new], old, &["--detailed-exitcode"]).code;
    assert_eq!([codes("strict.yaml", "loose.yaml"), codes("strict.yaml", "strict.yaml")], [2, 0]);
    let table = against(&["strict.yaml"], "loose.yaml", &[]);
    // Written as if it said when to alarm.
    program.write(
        "inverted.json",
        &std::fs::read_to_string(program.dir.path().join("profile.json")).unwrap().replace("less", "greater"),
    );
    let calm: String = (0..30).map(|n| format!("{}\n", quiet().replace("\"d\"", &format!("\"d{n}\"")))).collect();
    program.write("calm.ndjson", &calm);
    let inverted = program.run(&["simulate", "inverted.json", "--traffic", "calm.ndjson"]);
    for part in ["sits at the 100th percentile", "100 % of all values are not normal", "Is it the wrong way round?"] {
        assert!(inverted.out.contains(part), "`{part}` is missing in\n{}", inverted.out);
    }
    for part in ["+  2019-11-15", "elsewhere", "at most 60 in 5 min", "2 alarms added, 0 removed, 0 kept"] {
        assert!(table.out.contains(part), "`{part}` is missing in\n{}", table.out);
    }
    let piped = program.run(&["simulate", "strict.yaml", "--traffic", "-", "--against", "loose.yaml"]);
    assert!(piped.code == 1 && piped.err.contains("reads the traffic twice"), "{}", piped.err);
    let page = against(&["strict.yaml"], "loose.yaml", &["--format", "html"]);
    assert!(page.out.contains(r#""fate":"added""#) && page.out.contains(r#""against":"loose.yaml""#));
}

#[test]
fn every_format_tells_the_same_alarms() {
    let program = published();
    let profile = ["--security-profile", "profile.json", "--targets", "targets.json", "--registry", "registry.json"];
    let shown = |format: &str| {
        let traffic = ["--traffic", "traffic-2.ndjson", "traffic-1.ndjson", "--format", format];
        let ran = program.run(&[&["simulate"], &profile[..], &traffic].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    let all: Value = serde_json::from_str(&shown("json")).expect("JSON");
    let events = all["events"].as_array().expect("a list").iter();
    let messages: String = events.map(|event| format!("{}\n", event["message"])).collect();
    assert_eq!(shown("jsonl"), messages);
    assert_eq!(all["alarms"][0]["value"], json!({"count": 54}));
    assert_eq!(all["totals"]["behaviors"][0]["thresholdPercentile"], json!(0.0), "the one value is beyond it");

    let junit = shown("junit");
    assert!(
        junit.contains(r#"<testsuite name="MySecProfile" tests="1" skipped="0" errors="0" failures="1">"#),
        "{junit}"
    );
    assert!(
        junit.contains(r#"message="1 alarm on 1 device; normal: below 10 in 5 min""#) && junit.contains("dev-IZWB: 54")
    );
    let timeline = shown("timeline");
    assert!(timeline.contains("dev-IZWB") && timeline.contains('▶'), "{timeline}");
    assert!(timeline.lines().all(|line| line.chars().count() <= 80), "{timeline}");

    // From a pipe, and with nobody in alarm.
    let arguments = ["simulate", "--security-profile", "profile.json", "--format", "junit", "--traffic", "-"];
    let mut command = program.command();
    let quiet = std::fs::File::open(program.write("quiet.ndjson", &quiet())).expect("there");
    let ran = Ran::from(command.args(arguments).stdin(quiet).output().expect("it starts"));
    assert!(ran.out.contains(r#"tests="1" skipped="0" failures="0""#), "{}{}", ran.out, ran.err);
    let arguments = ["simulate", "--security-profile", "profile.json", "--traffic", "quiet.ndjson"];
    let code = |more: &[&str]| program.run(&[&arguments, more].concat()).code;
    assert_eq!([code(&["--detailed-exitcode"]), code(&["--format", "html"])], [0, 0]);
}

/// One message, which is normal.
fn quiet() -> String {
    json!({"timestamp": 1_573_786_500_000_i64, "type": "publish", "clientId": "d", "topic": "t", "bytes": 10})
        .to_string()
}

#[test]
fn every_setting_is_documented() {
    let page = std::fs::read_to_string(repository("docs/simulate.md")).expect("readable");
    let settings = serde_json::to_value(fleet_detect::Semantics::default()).expect("plain data");
    for (name, default) in settings.as_object().expect("an object") {
        let default = default.as_str().map_or_else(|| default.to_string(), |text| format!("`{text}`"));
        assert!(page.contains(&format!("| `{name}` | {default}")), "{name}, default {default}");
    }
}

#[test]
fn more_files_than_may_be_open_are_merged() {
    let program = published();
    let good = std::fs::read_to_string(program.dir.path().join("traffic-1.ndjson")).expect("readable");
    for copy in 0..150_i64 {
        let later = |line: &str| {
            let mut event: Value = serde_json::from_str(line).expect("JSON");
            event["timestamp"] = (event["timestamp"].as_i64().expect("a time") + copy * 600_000).into();
            format!("{event}\n")
        };
        let name = format!("many/{:03}.ndjson", (copy * 37) % 150);
        program.write(&name, &good.lines().map(later).collect::<String>());
    }
    let command = "ulimit -n 48; exec \"$0\" simulate --security-profile profile.json --traffic 'many/*' --format json";
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", command, env!("CARGO_BIN_EXE_fleetctl")]).current_dir(program.dir.path());
    let ran = Ran::from(shell.output().expect("bash starts"));
    let result: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
    assert_eq!((&result["counts"]["accepted"], &result["counts"]["late"]), (&json!(150 * 54), &json!(0)));
}
