//! `fleetctl traffic`: the same bytes everywhere, every format there and back, and the published schema.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::program::{Program, Ran};

/// Every kind of episode, on a fleet of three classes.
const SCENARIO: &str = r#"
seed: 5
start: 2026-01-05T08:00:00Z
duration: 2h
classes:
  camera: { count: 2, region: north, network: "2001:db8::/64", session: 30m, messages: { every: 2m } }
  meter: { count: 2, groups: [canary], messages: { every: 2m }, deliveries: { every: 10m } }
  sensor:
    count: 4
    name: "line-{n}"
    messages: { every: 60s, topic: "f/${thing}/é" }
    reports: { every: 5m, bytesOut: { min: 100, max: 900 }, tcpPorts: [22], destinations: [10.0.0.9],
               custom: { battery: { min: 3, max: 4, step: 0.125 } } }
episodes:
  - { kind: publish-storm, at: 10m, for: 5m, devices: { names: [line-1] } }
  - { kind: credential-stuffing, at: 20m, for: 5m, devices: { names: [line-1] } }
  - { kind: reconnect-storm, at: 30m, for: 5m, devices: { names: [line-2] } }
  - { kind: exfiltration, at: 40m, for: 5m, devices: { names: [line-2] } }
  - { kind: port-opened, at: 20m, for: 20m, devices: { names: [line-3] } }
  - { kind: unknown-destination, at: 50m, for: 20m, devices: { names: [line-3] } }
  - { kind: silent-device, at: 50m, for: 20m, devices: { names: [line-4] } }
  - { kind: botnet, at: 1h, for: 20m, devices: { class: sensor } }
  - { kind: botnet, at: 1h, for: 20m, devices: { region: north } }
  - { kind: bad-ota, at: 1h, for: 20m, devices: { group: canary } }
  - { kind: clock-skew, at: 1h20m, for: 20m, devices: { names: [line-4] } }
  - { kind: counter-reset, at: 1h30m, devices: { names: [line-1] } }
"#;

fn program() -> Program {
    let program = Program::new();
    program.write("scenario.yaml", SCENARIO);
    program
}

fn made(program: &Program, more: &[&str]) -> Ran {
    let ran = program.run(&[&["traffic", "generate", "scenario.yaml"], more].concat());
    assert_eq!(ran.code, 0, "{more:?}: {}", ran.err);
    ran
}

fn bytes(program: &Program, name: &str) -> Vec<u8> {
    std::fs::read(program.dir.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Written down from one machine: any other must give the same.
const SAME_EVERYWHERE: [(&str, &str); 8] = [
    ("ndjson", "14ac6a67a5020f98"),
    ("iot-log", "1d128d8cae2086f8"),
    ("filter-log-events", "5ebd601f30d22a23"),
    ("lifecycle", "57e764e276164f42"),
    ("report", "9e04045f816f66b0"),
    ("report-cbor", "df46d9f19a577e1c"),
    ("export", "043689657a7c6cac"),
    ("csv", "a3ecd7fcba04af04"),
];

#[test]
fn the_same_seed_gives_the_same_bytes_in_every_format() {
    let program = program();
    let sums: Vec<(&str, String)> = SAME_EVERYWHERE
        .into_iter()
        .map(|(format, _)| {
            let sum = Sha256::digest(made(&program, &["--format", format]).out);
            (format, sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
        })
        .collect();
    assert_eq!(sums, SAME_EVERYWHERE.map(|(format, sum)| (format, sum.to_owned())));
    for name in ["a.parquet", "b.parquet"] {
        assert!(made(&program, &["--out", name]).err.contains(&format!(" events to {name}.")));
    }
    assert!(bytes(&program, "a.parquet") == bytes(&program, "b.parquet"));
    assert_ne!(made(&program, &["--seed", "6"]).out, made(&program, &[]).out);
}

#[test]
fn every_format_is_read_back_and_says_what_it_leaves_out() {
    let program = program();
    let all = made(&program, &[]).out;
    let convert = |from: &str, more: &[&str]| -> Ran {
        let ran = program.run(&[&["traffic", "convert", "--strict", "--traffic", from], more].concat());
        assert_eq!(ran.code, 0, "{from}: {}", ran.err);
        ran
    };
    for name in ["all.parquet", "all.ndjson.gz", "all.ndjson.zst"] {
        made(&program, &["--out", name]);
        assert!(convert(name, &[]).out == all, "{name}");
    }
    // What a format has room for stays the same when it is written once more from what was read.
    for (format, _) in SAME_EVERYWHERE {
        let first = made(&program, &["--format", format, "--out", "first"]);
        let complete = format == "ndjson";
        assert_eq!(first.err.contains("events are left out"), !complete, "{format}: {}", first.err);
        convert("first", &["--format", format, "--out", "second"]);
        let same = bytes(&program, "first") == bytes(&program, "second");
        // The rows of a report are values of their own afterwards, and so are the members of a batch.
        assert!(same || format == "export", "{format}");
        let lines = convert("first", &[]).out.lines().count();
        assert!(lines > 50, "{format}: only {lines} events");
    }
    let told = made(&program, &["--out", "all.parquet", "--json"]);
    let told: Value = serde_json::from_str(&told.out).expect("JSON");
    assert_eq!((&told["events"], &told["leftOut"]), (&json!(all.lines().count()), &json!(0)));
}

#[test]
fn parquet_is_evaluated_as_its_lines_are() {
    let program = program();
    for name in ["all.parquet", "all.ndjson"] {
        made(&program, &["--out", name]);
    }
    program.write(
        "profile.json",
        r#"{"securityProfileName":"p","behaviors":[{"name":"Sent","metric":"aws:num-messages-sent",
        "criteria":{"comparisonOperator":"less-than","value":{"count":20},"durationSeconds":300}}]}"#,
    );
    let simulate = |name: &str| {
        program.run(&["simulate", "--security-profile", "profile.json", "--traffic", name, "--format", "jsonl"])
    };
    let (table, lines) = (simulate("all.parquet"), simulate("all.ndjson"));
    assert_eq!((table.code, &table.out), (0, &lines.out), "{}", table.err);
    assert!(table.out.contains("line-1"));
}

#[test]
fn wrong_requests_say_what_to_do() {
    let program = program();
    program.write("other.yaml", &SCENARIO.replace("line-4", "line-5"));
    program.write("bad.ndjson", "{\"timestamp\":1700000000000,\"type\":\"connect\",\"clientId\":\"c\"}\n{\n");
    made(&program, &["--out", "all.parquet"]);
    let cases: [(&[&str], i32, &str); 8] = [
        (&["generate", "none.yaml"], 1, "none.yaml cannot be read"),
        (&["generate", "other.yaml"], 1, "there is no device `line-5`"),
        (&["generate", "scenario.yaml", "--format", "xml"], 64, "possible values: ndjson, iot-log"),
        (&["generate", "scenario.yaml", "--out", "x.parquet", "--compress", "gzip"], 64, "compressed inside"),
        (&["generate", "scenario.yaml", "--out", "no/such/folder"], 1, "cannot be written"),
        (&["convert", "--traffic", "bad.ndjson", "--out", "x"], 1, "1 of 2 lines are bad"),
        (&["convert", "--traffic", "all.parquet", "--traffic-format", "csv"], 1, "cannot read the traffic"),
        (&["convert", "--traffic", "scenario.yaml", "--traffic-format", "parquet"], 1, "not a Parquet file"),
    ];
    for (arguments, code, expected) in cases {
        let ran = program.run(&[&["traffic"], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
    assert!(!program.dir.path().join("x").exists() && !program.dir.path().join("x.partial").exists());
    let mut piped = program.command();
    let table = std::fs::File::open(program.dir.path().join("all.parquet")).expect("made before");
    let ran = Ran::from(piped.args(["traffic", "convert", "--traffic", "-"]).stdin(table).output().expect("it starts"));
    assert!(ran.code == 1 && ran.err.contains("has to be a file") && ran.err.contains("help: "), "{}", ran.err);
}

/// Each of these is one mistake away from an event.
const WRONG: [&str; 14] = [
    r#"{"type":"connect","clientId":"c"}"#,
    r#"{"timestamp":1700000000,"type":"connect","clientId":"c"}"#,
    r#"{"timestamp":"2026-01-05","type":"connect","clientId":"c"}"#,
    r#"{"timestamp":1700000000000,"clientId":"c"}"#,
    r#"{"timestamp":1700000000000,"type":"connected","clientId":"c"}"#,
    r#"{"timestamp":1700000000000,"type":"connect"}"#,
    r#"{"timestamp":1700000000000,"type":"connect","clientId":""}"#,
    r#"{"timestamp":1700000000000,"type":"connect","clientId":"c","status":"Success"}"#,
    r#"{"timestamp":1700000000000,"type":"connect","clientId":"c","sourceIp":"10.0.0"}"#,
    r#"{"timestamp":1700000000000,"type":"publish","clientId":"c","bytes":-1}"#,
    r#"{"timestamp":1700000000000,"type":"subscribe","clientId":"c","bytes":1}"#,
    r#"{"timestamp":1700000000000,"type":"report","thing":"t","metrics":{"x":{"count":1,"number":1}}}"#,
    r#"{"timestamp":1700000000000,"type":"value","thing":"t","metric":"x"}"#,
    r#"{"timestamp":1700000000000,"type":"value","thing":"t","metric":"x","value":{"ports":[65536]}}"#,
];

/// Kinds of events that no scenario makes.
const OTHERS: [&str; 2] = [
    r#"{"timestamp":1700000000000,"type":"subscribe","clientId":"c","status":"refused","topic":"a/#"}"#,
    r#"{"timestamp":1700000000000,"type":"value","thing":"t","metric":"x","value":{"cidrs":["10.0.0.0/8"]},"version":2,"dimension":{"name":"d"}}"#,
];

#[test]
fn the_published_schema_holds_for_all_events_and_for_nothing_else() {
    let program = program();
    let schema: Value = serde_json::from_str(&program.run(&["schema", "--of", "traffic"]).out).expect("JSON");
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    let made = made(&program, &[]).out;
    let mut kinds = std::collections::BTreeSet::new();
    for line in made.lines().chain(OTHERS) {
        let event: Value = serde_json::from_str(line).expect("JSON");
        assert!(schema.is_valid(&event), "{line}");
        kinds.insert(event["type"].as_str().expect("a text").to_owned());
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    for line in WRONG {
        assert!(!schema.is_valid(&serde_json::from_str(line).expect("JSON")), "{line}");
        program.write("wrong.ndjson", line);
        let arguments = ["traffic", "convert", "--traffic", "wrong.ndjson", "--traffic-format", "ndjson"];
        assert_eq!(program.run(&arguments).code, 1, "the reader takes {line}");
    }
}
