//! `fleetctl test`: the shipped tests hold, they can fail, and what fails or is mistaken is said well.

use std::path::Path;

use serde_json::Value;

use super::program::{Program, Ran, repository};

/// Runs `fleetctl test` in the repository.
fn here(arguments: &[&str]) -> Ran {
    let program = Program::new();
    let mut command = program.command();
    command.current_dir(repository("")).arg("test").args(arguments);
    Ran::from(command.output().expect("it starts"))
}

#[test]
fn every_test_that_is_shipped_holds() {
    let ran = here(&["profiles", "examples"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}{}", ran.out, ran.err);
    for entry in std::fs::read_dir(repository("profiles")).expect("readable") {
        let name = entry.expect("readable").file_name().into_string().expect("UTF-8");
        if let Some(stem) = name.strip_suffix(".yaml").filter(|stem| !stem.ends_with("_test")) {
            assert!(ran.out.contains(&format!("profiles/{stem}_test.yaml: ")), "{name} has no tests");
        }
    }
}

/// A profile with one thing changed, by a description of the change.
struct Mutant {
    change: String,
    profile: String,
}

/// Every behaviour of a profile text, weakened and tightened in each of its parts. The shipped profiles have one form:
/// `alarmWhen`, `alarmAfter` and `clearAfter` on lines of their own.
fn mutants(profile: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = profile.lines().collect();
    let mut behavior = "";
    let mut mutants = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match line.trim().split_once(": ") {
            _ if line.trim_start().starts_with('#') => {}
            None if indent == 2 => behavior = line.trim().trim_end_matches(':'),
            Some((key, value)) if indent == 4 => {
                for changed in changes(key, value) {
                    let line = format!("    {key}: {changed}");
                    let text = [&lines[..number], &[line.as_str()], &lines[number + 1..]].concat();
                    mutants.push(Mutant { change: format!("{behavior}.{key}: {changed}"), profile: text.join("\n") });
                }
            }
            _ => {}
        }
    }
    mutants
}

/// What `value` could be instead.
fn changes(key: &str, value: &str) -> Vec<String> {
    let quoted = |text: String| format!("\"{text}\"");
    match key {
        "alarmAfter" | "clearAfter" => {
            let count: u8 = value.parse().expect("a number");
            [count + 1, count - 1].into_iter().filter(|count| *count > 0).map(|count| count.to_string()).collect()
        }
        "alarmWhen" => {
            let text = value.trim_matches('"');
            if let Some(list) = text.strip_prefix("any not in [").and_then(|rest| rest.strip_suffix(']')) {
                let items: Vec<&str> = list.split(", ").collect();
                let without = |index: usize| {
                    let kept: Vec<&str> = (0..items.len()).filter(|i| *i != index).map(|i| items[i]).collect();
                    format!("any not in [{}]", kept.join(", "))
                };
                let never = if list.contains('/') { "any in [192.0.2.0/32]" } else { "any in [1]" };
                let mut found: Vec<String> = (0..items.len()).filter(|_| items.len() > 1).map(without).collect();
                found.extend([format!("any in [{list}]"), never.to_owned()]);
                return found.into_iter().map(quoted).collect();
            }
            let (sign, rest) = text.split_once(' ').expect("`> 5 in 5m`");
            let (number, after) = rest.split_once(' ').map_or((rest, String::new()), |(n, a)| (n, format!(" {a}")));
            let limit: f64 = number.replace('_', "").parse().expect("a number");
            let whole =
                |limit: f64| if number.contains('.') { format!("{limit}") } else { format!("{}", limit as u64) };
            let opposite = if sign == ">" { "<=" } else { ">=" };
            let mut found = vec![format!("{opposite} {number}{after}")];
            // Twice and half the limit: a test that does not notice either says little about the limit.
            let other = [whole(limit * 2.0), whole(limit / 2.0)].into_iter().filter(|other| other != number);
            found.extend(other.map(|other| format!("{sign} {other}{after}")));
            found.into_iter().map(quoted).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn every_shipped_profile_has_a_test_that_notices_a_change_of_any_behaviour() {
    let program = Program::new();
    let mut made = Vec::new();
    for entry in std::fs::read_dir(repository("profiles")).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".yaml").filter(|stem| !stem.ends_with("_test")) else { continue };
        let profile = std::fs::read_to_string(&path).expect("readable");
        for (index, mutant) in mutants(&profile).into_iter().enumerate() {
            let folder = format!("{stem}-{index}");
            for other in std::fs::read_dir(repository("profiles")).expect("readable") {
                let other = other.expect("readable").path();
                let other_name = other.file_name().expect("a name").to_string_lossy().into_owned();
                // The canary's tests compare it with the baseline.
                if other.is_file() && !other_name.ends_with("_test.yaml") {
                    program.write(&format!("{folder}/{other_name}"), &std::fs::read_to_string(other).expect("text"));
                }
            }
            let test = std::fs::read_to_string(path.with_file_name(format!("{stem}_test.yaml"))).expect("its test");
            program.write(&format!("{folder}/{stem}_test.yaml"), &test);
            program.write(&format!("{folder}/{name}"), &mutant.profile);
            made.push((folder, format!("{name}: {}", mutant.change)));
        }
    }
    assert!(made.len() > 200, "{} changes are not all", made.len());
    let ran = program.run(&["test", "--json", "."]);
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.err));
    let files = report["files"].as_array().expect("a list");
    let mut unnoticed = Vec::new();
    for (folder, change) in &made {
        let file = files.iter().find(|file| Path::new(file["file"].as_str().expect("a path")).starts_with(folder));
        let file = file.expect("each was tested");
        if let Some(refusal) = file["diagnostics"][0]["message"].as_str() {
            // AWS offers only one direction for some metrics, so that change cannot be made.
            assert!(refusal.contains("does not fit"), "{change}: {refusal}");
            continue;
        }
        if file["tests"].as_array().expect("a list").iter().all(|test| test["passed"] == true) {
            unnoticed.push(change);
        }
    }
    assert!(unnoticed.is_empty(), "{} of {} changes go unnoticed: {unnoticed:#?}", unnoticed.len(), made.len());
}

#[test]
fn a_failing_test_shows_expected_and_actual_side_by_side() {
    let folder = repository("tests/golden/test_failures");
    let program = Program::new();
    for name in ["baseline.yaml", "baseline_test.yaml"] {
        program.write(name, &std::fs::read_to_string(folder.join(name)).expect("readable"));
    }
    let ran = program.run(&["test", "--junit", "out/report.xml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("out/report.xml cannot be written"), "{}", ran.err);
    let ran = program.run(&["test", "--junit", "report.xml"]);
    let seen = format!("exit {}\n--- standard output\n{}--- standard error\n{}", ran.code, ran.out, ran.err);
    super::golden::compare(&folder.join("expected.txt"), &seen, "test_failures");

    let junit = std::fs::read_to_string(program.dir.path().join("report.xml")).expect("written");
    for part in [
        r#"tests="3" skipped="0" errors="0" failures="2""#,
        r#"<testcase name="A quiet fleet raises nothing""#,
        "≠  at 1h10m",
    ] {
        assert!(junit.contains(part), "`{part}` is missing in\n{junit}");
    }
    let ran = program.run(&["test", "--json", "--filter", "A storm*"]);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(report["summary"], serde_json::json!({"files": 1, "tests": 1, "passed": 0, "failed": 1, "errors": 0}));
    let alarms = report["files"][0]["tests"][0]["alarms"].as_array().expect("a list");
    let differs: Vec<&Value> = alarms.iter().map(|alarm| &alarm["differs"]).collect();
    assert_eq!(serde_json::json!(differs), serde_json::json!([["raised"], ["ended"], [], [], []]));
    assert_eq!(program.run(&["test", "--filter", "A quiet*"]).code, 0, "the only one that is asked for holds");
}

/// Files with one mistake each, and what is said of it.
const MISTAKES: [(&str, &[&str]); 22] = [
    ("tests: []", &["_test.yaml:1:", "tests"]),
    ("profil: p.yaml\ntests: [{ name: n, expect: no alarms }]", &["_test.yaml:1:1", "did you mean `profile`?"]),
    ("tests: [{ name: n, expect: no alarms }]", &["nothing says what is tested", "profile:"]),
    ("spec: none.yaml\ntests: [{ name: n, expect: no alarms }]", &["_test.yaml:1:7", "there is no `none.yaml`"]),
    ("profile: none.yaml\ntests: [{ name: n, expect: no alarms }]", &["_test.yaml:1:10", "none.yaml` cannot be read"]),
    (
        "profile: p.yaml\nspec: p.yaml\ntests: [{ name: n, expect: no alarms }]",
        &["_test.yaml:1:1", "exclude each other"],
    ),
    (
        "behaviors: { B: { metric: aws:num-message-sent, alarmWhen: '> 5 in 5m' } }\ntests: [{ name: n, expect: no alarms }]",
        &["_test.yaml:1:", "aws:num-messages-sent"],
    ),
    (
        "securityProfiles: { a: { use: p.yaml } }\ntests: [{ name: n, expect: no alarms }]",
        &["watches a device", "attachTo"],
    ),
    ("profile: p.yaml\ntests:\n  - { name: n, expect: nothing }", &["_test.yaml:3:", "no alarms"]),
    ("profile: p.yaml\ntests:\n  - { name: n, expect: no alarms }", &["_test.yaml:3:5", "has no traffic"]),
    (
        "profile: p.yaml\nscenario: { start: 2026-01-05T08:00:00Z, duration: 5x, classes: {} }\ntests: [{ name: n, expect: no alarms }]",
        &["_test.yaml:2:", "`5x` is not a length of time"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - { name: n, expect: no alarms, episodes: [{ kind: botnet, at: 1h, devices: { names: [s-9] } }] }",
        &["_test.yaml:4:", "there is no device `s-9`"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - { name: n, expect: no alarms, episodes: [{ kind: publish-strom, at: 1h, devices: {} }] }",
        &["_test.yaml:4:", "did you mean `publish-storm`?"],
    ),
    (
        "profile: p.yaml\nscenario: bad.yaml\ntests: [{ name: n, expect: no alarms }]",
        &["bad.yaml:3:1", "did you mean `classes`?"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - name: n\n    expect: { alarms: [{ device: sensr-1, behavior: Sent }] }",
        &["_test.yaml:5:34", "no device `sensr-1`", "did you mean `sensor-1`?"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - name: n\n    expect: { alarms: [{ device: sensor-1, behavior: Snet }] }",
        &["_test.yaml:5:54", "no behaviour `Snet`", "did you mean `Sent`?"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - name: n\n    expect: { alarms: [{ devices: { class: sensors }, behavior: Sent }] }",
        &["_test.yaml:5:", "there is no class `sensors`"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - name: n\n    expect: { alarms: [{ device: sensor-1, behavior: Kept }] }",
        &["has no criteria, so it never alarms"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - name: n\n    expect: { alarms: [{ device: sensor-1, behavior: Sent, at: noon }] }",
        &["_test.yaml:5:64", "`noon` is neither a span"],
    ),
    (
        "profile: p.yaml\ntests:\n  - { name: n, expect: no alarms, events: [{ at: 0s, type: connect, clientId: c, bytes: 5 }] }",
        &["_test.yaml:3:", "`bytes` means nothing in a `connect` event"],
    ),
    (
        "profile: p.yaml\ntests:\n  - { name: n, expect: no alarms, traffic: none.ndjson }",
        &["_test.yaml:3:", "there is no file `none.ndjson`"],
    ),
    (
        "profile: p.yaml\nscenario: S\ntests:\n  - { name: n, expect: no alarms }\n  - { name: n, expect: no alarms }",
        &["_test.yaml:5:", "two cases have this name", "first here"],
    ),
];

#[test]
fn mistakes_in_a_test_file_are_placed_and_explained() {
    let program = Program::new();
    let sent = "  Sent: { metric: \"aws:num-messages-sent\", alarmWhen: \"> 5 in 5m\" }\n  Kept: { metric: \"aws:num-disconnects\" }\n";
    program.write("p.yaml", &format!("behaviors:\n{sent}"));
    program.write("bad.yaml", "start: 2026-01-05T08:00:00Z\nduration: 1h\nclases: {}\n");
    let scenario =
        "{ start: 2026-01-05T08:00:00Z, duration: 1h, classes: { sensor: { count: 2, messages: { every: 5m } } } }";
    for (text, parts) in MISTAKES {
        program.write("mistake_test.yaml", &text.replace("scenario: S", &format!("scenario: {scenario}")));
        let ran = program.run(&["test"]);
        assert_eq!(ran.code, 1, "{text}\n{}", ran.out);
        for part in parts {
            assert!(ran.err.contains(part), "`{part}` is missing for\n{text}\nin\n{}", ran.err);
        }
    }
    assert_eq!(program.run(&["test", "--filter", "[", "."]).code, 64, "no glob");
    let none = program.run(&["test", "p.yaml/none"]);
    assert!(none.code == 1 && none.err.contains("there is no `p.yaml/none`"), "{}", none.err);
    std::fs::remove_file(program.dir.path().join("mistake_test.yaml")).expect("removed");
    let none = program.run(&["test"]);
    assert!(none.code == 1 && none.err.contains("no test file is in ."), "{}", none.err);
}

#[test]
fn recorded_traffic_and_a_registry_that_changes_are_tested_too() {
    let program = Program::new();
    program.write("p.yaml", "behaviors:\n  Sent: { metric: \"aws:num-messages-sent\", alarmWhen: \"> 5 in 5m\" }\n");
    let scenario = "start: 2026-01-05T08:00:00Z\nduration: 1h\nclasses: { sensor: { count: 1, groups: [g], messages: { every: 30s } } }\n";
    program.write("scenario.yaml", scenario);
    let line = |at: i64| {
        let event = serde_json::json!({"timestamp": 1_767_600_000_000 + at * 1000, "type": "publish", "clientId": "c", "topic": "t"});
        format!("{event}\n")
    };
    program.write("traffic.ndjson", &(0..30).map(|i| line(i * 10)).collect::<String>());
    let file = "securityProfiles: { p: { use: p.yaml, attachTo: [{ group: g }] } }\nthingGroups: { g: }\ntests:\n\
        \x20 - name: Until it leaves the group\n    scenario: scenario.yaml\n\
        \x20   changes: [{ at: 30m, op: remove-from-group, thing: sensor-1, group: g }]\n\
        \x20   expect: { alarms: [{ device: sensor-1, behavior: Sent, at: 5m, cleared: never }] }\n";
    program.write("group_test.yaml", file);
    let file = "profile: p.yaml\ntests:\n  - name: As recorded\n    traffic: traffic.ndjson\n\
        \x20   expect: { alarms: [{ device: c, behavior: Sent, at: 2026-01-05T08:05:00Z }] }\n";
    program.write("recorded_test.yaml", file);
    let ran = program.run(&["test"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}{}", ran.out, ran.err);
    program.write("recorded_test.yaml", &file.replace("device: c,", "device: d,"));
    let ran = program.run(&["test", "recorded_test.yaml"]);
    assert!(ran.code == 1 && ran.err.contains("no device `d` is in this traffic"), "{}{}", ran.out, ran.err);
}
