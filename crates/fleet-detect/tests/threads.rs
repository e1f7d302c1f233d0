//! Enough events and devices that parsing and evaluating really start threads: the result is that of one thread, event
//! by event, with every member read.

use std::io::{Cursor, Write};
use std::num::NonZeroUsize;

use fleet_detect::dimension::Dimension;
use fleet_detect::traffic::output::{OutputFormat, Writer};
use fleet_detect::traffic::reader::{Options, Traffic};
use fleet_detect::{Config, Counts, Evaluator, Event, Needs, Output, SecurityProfile, Violation};
use serde_json::json;

const DEVICES: u64 = 5000;
const EVENTS: u64 = 120_000;

/// Broker events of all types over an hour, out of order by up to a minute, some of them for another thing.
fn lines() -> Vec<u8> {
    let (mut lines, mut state) = (Vec::new(), 7_u64);
    for number in 0..EVENTS {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let device = (state >> 33) % DEVICES;
        let at = 1_767_600_000_000 + number * 3_600_000 / EVENTS + (state >> 20) % 60_000;
        let status = if state >> 62 == 0 { r#","status":"refused""# } else { "" };
        let rest = match (state >> 56) % 5 {
            0 => format!(r#""connect"{status},"sourceIp":"10.0.0.{}""#, device % 250),
            1 => r#""disconnect""#.to_owned(),
            2 => format!(r#""subscribe"{status},"topic":"a/{device}""#),
            _ => format!(r#""publish"{status},"topic":"{}/x","bytes":{}"#, state >> 63, (state >> 40) % 1000),
        };
        let thing = if device.is_multiple_of(7) { format!(r#","thing":"thing-{device}""#) } else { String::new() };
        writeln!(lines, r#"{{"timestamp":{at},"clientId":"c-{device}"{thing},"type":{rest}}}"#).unwrap();
    }
    lines
}

fn config(behaviors: serde_json::Value) -> Config {
    let profile = json!({"securityProfileName": "p", "behaviors": behaviors});
    let dimension = json!({"name": "zero", "type": "TOPIC_FILTER", "stringValues": ["0/+"]});
    let profile: SecurityProfile = serde_json::from_value(profile).unwrap();
    let dimension: Dimension = serde_json::from_value(dimension).unwrap();
    Config { profiles: vec![profile.into()], dimensions: vec![dimension], ..Config::default() }
}

fn at_most(name: &str, metric: &str, count: u64, dimension: Option<&str>) -> serde_json::Value {
    let criteria = json!({"comparisonOperator": "less-than-equals", "value": {"count": count}, "durationSeconds": 300});
    let mut behavior = json!({"name": name, "metric": metric, "criteria": criteria});
    if let Some(dimension) = dimension {
        behavior["metricDimension"] = json!({"dimensionName": dimension, "operator": "IN"});
    }
    behavior
}

fn in_rounds(config: &Config, file: &[u8], threads: usize) -> (Vec<Violation>, Counts, u64) {
    let threads = NonZeroUsize::new(threads).unwrap();
    let (mut evaluator, mut output) = (Evaluator::with_threads(config, threads).unwrap(), Output::default());
    let options = Options { threads, needs: evaluator.needs(), ..Options::default() };
    let traffic = Traffic::open_file(Cursor::new(file.to_vec()), options).unwrap();
    let tally = traffic.for_each_round(|batches| evaluator.observe_batches(batches, &mut output)).unwrap();
    let counts = evaluator.finish(&mut output);
    (output.violations, counts, tally.events)
}

#[test]
fn threads_and_members_left_out_do_not_change_the_result() {
    let lines = lines();
    let mut events: Vec<Event<'static>> = Vec::new();
    let mut traffic = Traffic::open(&lines[..], Options::default()).unwrap();
    while let Some(event) = traffic.next_event().unwrap() {
        events.push(event);
    }
    let mut writer = Writer::new(OutputFormat::Parquet, Vec::new()).unwrap();
    events.iter().for_each(|event| writer.write(event).unwrap());
    let (table, _) = writer.finish().unwrap();
    let plain = json!([
        at_most("sent", "aws:num-messages-sent", 3, None),
        at_most("refused", "aws:num-authorization-failures", 1, None),
        at_most("connects", "aws:num-connection-attempts", 1, None),
        at_most("disconnects", "aws:num-disconnects", 1, None),
    ]);
    let size = json!({"comparisonOperator": "less-than", "value": {"count": 990}});
    let network = json!({"comparisonOperator": "in-cidr-set", "value": {"cidrs": ["10.0.0.0/25"]}});
    let whole = json!([
        at_most("zero", "aws:num-messages-sent", 2, Some("zero")),
        {"name": "size", "metric": "aws:message-byte-size", "criteria": size},
        {"name": "network", "metric": "aws:source-ip-address", "criteria": network},
    ]);
    let nothing = Needs { topics: false, bytes: false, sources: false };
    for (behaviors, needs) in [(plain, nothing), (whole, Needs::ALL)] {
        let config = config(behaviors.clone());
        let (mut evaluator, mut output) = (Evaluator::new(&config).unwrap(), Output::default());
        assert_eq!(evaluator.needs(), needs);
        events.iter().for_each(|event| evaluator.observe(event, &mut output));
        let counts = evaluator.finish(&mut output);
        for behavior in behaviors.as_array().unwrap() {
            let found = output.violations.iter().filter(|v| behavior["name"] == *v.behavior.name).count();
            assert!(found > 50, "{} only {found} times", behavior["name"]);
        }
        for threads in 1..=3 {
            for (form, file) in [("lines", &lines), ("table", &table)] {
                let (violations, found, read) = in_rounds(&config, file, threads);
                assert_eq!((found, read), (counts, EVENTS), "{form}, {threads} threads");
                assert!(violations == output.violations, "{form}, {threads} threads: other violations");
            }
        }
    }
}
