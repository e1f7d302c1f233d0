//! `fleetctl tune`: what it proposes is accepted, and does what it predicted.

use std::collections::BTreeMap;

use serde_json::Value;

use super::program::{Program, Ran};

const DAYS: &str = "
seed: 11
start: 2026-01-05T00:00:00Z
duration: 8d
classes:
  sensor:
    count: 6
    groups: [factory-fleet, sensors]
    messages: { every: 2m, bytes: { min: 150, max: 400 } }
    session: 7h
  gateway:
    count: 3
    groups: [factory-fleet, gateways]
    messages: { every: 20s, bytes: { min: 300, max: 900 } }
    session: 1d
episodes:
  - { kind: publish-storm, at: 2d, for: 30m, devices: { names: [sensor-3] }, factor: 30 }
  - { kind: credential-stuffing, at: 7d, for: 30m, devices: { names: [sensor-5] }, perMinute: 20 }
  - { kind: clock-skew, at: 3d, for: 1h, devices: { names: [sensor-1] } }
";

/// The factory's spec, and eight days of traffic in `days.yaml`.
fn factory() -> Program {
    let program = Program::new();
    assert_eq!(program.run(&["init", ".", "--example", "factory-fleet"]).code, 0);
    program.write("days.yaml", DAYS);
    // What `check` takes for healthy has to be the traffic that is tuned on.
    replace(&program, "scenarios: [scenario.yaml]", "scenarios: [days.yaml]");
    program
}

fn json(ran: &Ran) -> Value {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    serde_json::from_str(&ran.out).expect("JSON")
}

/// Alarms that a choice predicts, in all.
fn predicted(choice: &Value) -> u64 {
    let alarms = |part: &str| ["falseAlarms", "trueAlarms"].map(|kind| choice[part][kind].as_u64().expect("a count"));
    alarms("training").into_iter().chain(alarms("heldOut")).sum()
}

/// Alarms by profile and behaviour that a simulation of the spec raises.
fn simulated(program: &Program) -> BTreeMap<(String, String), u64> {
    let result = json(&program.run(&["simulate", ".", "--scenario", "days.yaml", "--format", "json"]));
    let mut alarms = BTreeMap::new();
    for alarm in result["alarms"].as_array().expect("a list") {
        let name = |member: &str| alarm[member].as_str().expect("a name").to_owned();
        *alarms.entry((name("profile"), name("behavior"))).or_default() += 1;
    }
    alarms
}

fn replace(program: &Program, from: &str, to: &str) {
    let path = program.dir.path().join("fleet.yaml");
    let text = std::fs::read_to_string(&path).expect("readable");
    assert!(text.contains(from), "`{from}` is missing");
    std::fs::write(path, text.replace(from, to)).expect("written");
}

#[test]
fn the_patch_does_what_was_predicted() {
    let program = factory();
    let tune = ["tune", ".", "--scenario", "days.yaml", "--budget", "4"];
    let tuning = json(&program.run(&[&tune[..], &["--json"]].concat()));
    let behaviors = tuning["behaviors"].as_array().expect("a list");
    assert_eq!((tuning["type"].as_str(), behaviors.len()), (Some("tuning"), 5));
    let now = simulated(&program);
    let key = |found: &Value| ("factory-baseline".to_owned(), found["behavior"].as_str().expect("a name").to_owned());
    for found in behaviors {
        assert_eq!(now.get(&key(found)).copied().unwrap_or(0), predicted(&found["current"]), "as it is: {found}");
        let allowed = found["allowed"].as_u64().expect("a count");
        assert!(allowed >= 1, "eight days of nine devices allow some");
        assert!(found["proposed"]["training"]["falseAlarms"].as_u64().expect("a count") <= allowed, "{found}");
    }
    let incidents = tuning["incidents"].as_array().expect("a list");
    let held_out: Vec<bool> = incidents.iter().map(|incident| incident["heldOut"] == true).collect();
    assert_eq!(held_out, [false, true], "a wrong clock is no incident");
    assert!(incidents.iter().all(|incident| incident["firstAlarm"][1].as_u64().expect("detected") <= 600_000));

    let patch = program.run(&[&tune[..], &["--format", "patch", "--out", "tuned.yaml"]].concat());
    assert_eq!(patch.code, 0, "{}", patch.err);
    replace(&program, "use: profiles/cloud-side-baseline.yaml", "use: [profiles/cloud-side-baseline.yaml, tuned.yaml]");
    let checked = program.run(&["check", "."]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let then = simulated(&program);
    for found in behaviors {
        assert_eq!(then.get(&key(found)).copied().unwrap_or(0), predicted(&found["proposed"]), "as proposed: {found}");
    }
}

#[test]
fn classes_have_thresholds_and_patches_of_their_own() {
    let program = factory();
    let tune = ["tune", ".", "--scenario", "days.yaml", "--budget", "4", "--by"];
    let tuning = json(&program.run(&[&tune[..], &["group=sensors,gateways", "--json"]].concat()));
    let sent = |class: &str| {
        let profile = format!("factory-baseline-{class}");
        let mut behaviors = tuning["behaviors"].as_array().expect("a list").iter();
        let found = behaviors.find(|found| found["profile"] == *profile && found["behavior"] == "MessagesSent");
        found.unwrap_or_else(|| panic!("{profile} is missing")).clone()
    };
    let threshold = |class: &str| sent(class)["proposed"]["threshold"].as_f64().expect("a number");
    assert!(threshold("sensors") * 3.0 < threshold("gateways"), "a gateway sends six times as much");
    assert_eq!(sent("gateways")["devices"], 3);
    let by_type = json(&program.run(&[&tune[..], &["type", "--json"]].concat()));
    let classes = by_type["classes"].as_array().expect("a list").iter().map(|class| class["class"].clone());
    let classes: Vec<Value> = classes.filter(|class| class != "others").collect();
    assert_eq!(classes, ["gateway", "sensor"], "a scenario's classes stand for types");

    let text = program.run(&[&tune[..], &["group=sensors,gateways", "--format", "patch"]].concat());
    assert!(text.code == 1 && text.err.contains("--out"), "several patches are no one text: {}", text.err);
    let files = program.run(&[&tune[..], &["group=sensors,gateways", "--format", "patch", "--out", "tuned"]].concat());
    assert_eq!(files.code, 0, "{}", files.err);
    let mut profiles = String::new();
    let mut groups = String::new();
    for class in ["sensors", "gateways"] {
        groups += &format!("  {class}: {{}}\n");
        profiles += &format!(
            "  factory-baseline-{class}:\n    use: [profiles/cloud-side-baseline.yaml, tuned/factory-baseline-{class}.yaml]\n    \
             alertTo: {{ topic: fleet-alerts, role: device-defender }}\n    attachTo: [{{ group: {class} }}]\n"
        );
    }
    replace(&program, "\nthingGroups:\n", &format!("\nthingGroups:\n{groups}"));
    replace(&program, "\nsecurityProfiles:\n", &format!("\nsecurityProfiles:\n{profiles}"));
    let alarms = simulated(&program);
    for class in ["sensors", "gateways"] {
        let key = (format!("factory-baseline-{class}"), "MessagesSent".to_owned());
        assert_eq!(alarms.get(&key).copied().unwrap_or(0), predicted(&sent(class)["proposed"]), "{class}");
    }
}

#[test]
fn labels_are_read_and_their_mistakes_are_named() {
    let program = factory();
    let tune = ["tune", ".", "--scenario", "days.yaml", "--budget", "4", "--behavior", "MessagesSent"];
    program.write("none.yaml", "[]");
    let unlabelled = program.run(&[&tune[..], &["--labels", "none.yaml"]].concat());
    assert_eq!(unlabelled.code, 0, "{}", unlabelled.err);
    program
        .write("labels.yaml", "- { device: sensor-3, from: 2d, to: 2026-01-07T00:30:00Z, behaviors: [MessagesSent] }");
    program.write("labels.csv", "device,from,to,behaviors\nsensor-3,2026-01-07T00:00:00Z,2d30m,MessagesSent\n");
    let labelled = ["labels.yaml", "labels.csv"]
        .map(|file| json(&program.run(&[&tune[..], &["--labels", file, "--json"]].concat()))["behaviors"][0].clone());
    assert_eq!(labelled[0], labelled[1]);
    assert_eq!(labelled[0]["proposed"]["trainingDetected"], 1);
    assert_eq!(labelled[0]["proposed"]["medianDelay"], 600_000, "two windows of five minutes");

    let cases = [
        ("- { device: a, from: 1h, to: 2h, behaviors: [MessageSent] }", "`MessagesSent`"),
        ("- { device: a, from: 2h, to: 1h }", "`to` must be later"),
        ("- { device: a, from: yesterday, to: 1h }", "neither a span"),
        ("- { device: a, form: 1h, to: 2h }", "form"),
    ];
    for (text, part) in cases {
        program.write("bad.yaml", text);
        let ran = program.run(&[&tune[..], &["--labels", "bad.yaml"]].concat());
        assert!(ran.code == 1 && ran.err.contains("bad.yaml") && ran.err.contains(part), "{text}: {}", ran.err);
    }
    program.write("typo.yaml", "- { device: sensr-3, from: 1h, to: 2h }");
    let typo = program.run(&[&tune[..], &["--labels", "typo.yaml"]].concat());
    assert!(typo.code == 0 && typo.err.contains("did you mean `sensor-3`?"), "{}", typo.err);
    for arguments in [&["--budget", "-1"][..], &["--hold-out", "1"], &["--by", "colour"]] {
        assert_eq!(program.run(&[&["tune", ".", "--scenario", "days.yaml"], arguments].concat()).code, 64);
    }
}

#[test]
fn little_traffic_and_suspects_are_told() {
    let program = factory();
    program.write("none.yaml", "[]");
    let tune = ["tune", ".", "--scenario", "days.yaml", "--budget", "0.01", "--labels", "none.yaml"];
    let ran = program.run(&[&tune[..], &["--by", "group=sensors"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    for part in [
        "suspect: without sensor-3",
        "device: \"sensor-3\" from: 2026-01-07T00:0",
        "extrapolated beyond",
        "does not show the budget of 0.01",
        "◀ proposed",
        "factory-baseline-others",
    ] {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&ran.out).contains(part), "`{part}` is missing in\n{}", ran.out);
    }
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "fits a terminal:\n{}", ran.out);
    let page = program.run(&[&tune[..], &["--format", "html", "--out", "tuning.html"]].concat());
    assert_eq!(page.code, 0, "{}", page.err);
    let page = std::fs::read_to_string(program.dir.path().join("tuning.html")).expect("written");
    assert!(page.contains("MessagesSent") && page.contains("\"suspects\""));
}
