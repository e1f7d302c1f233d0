//! Replays an NDJSON file through two behaviours and prints counts: the quick half of the speed comparison.
//!
//! `cargo run --release -p fleet-detect --example replay -- generate 20000000 100000 > traffic.ndjson`
//! `cargo run --release -p fleet-detect --example replay -- traffic.ndjson 2`
//!
//! `memory DEVICES` keeps that many devices busy in three windows with five behaviours, for a look at the peak memory.

use std::borrow::Cow;
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;

use fleet_detect::event::{EventKind, Outcome};
use fleet_detect::traffic::ndjson;
use fleet_detect::traffic::reader::{Options, Traffic};
use fleet_detect::{Config, Evaluator, Event, Output, SecurityProfile};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [verb, events, devices] if verb == "generate" => generate(events.parse()?, devices.parse()?),
        [verb, devices] if verb == "memory" => memory(devices.parse()?),
        [file, threads] => replay(file, threads.parse()?),
        _ => Err("usage: replay generate EVENTS DEVICES | replay memory DEVICES | replay FILE THREADS".into()),
    }
}

/// Publishes of many devices over six hours, in order of time, with a few refused connects.
fn generate(events: u64, devices: u64) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let (mut line, mut state) = (Vec::new(), 1_u64);
    for index in 0..events {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (state >> 33) % devices;
        let name = format!("sensor-{number:06}");
        let at = 1_767_600_000_000 + (index * 21_600_000 / events) as i64;
        let source = Some(std::net::IpAddr::from([10, (number >> 16) as u8, (number >> 8) as u8, number as u8]));
        let topic = Some(Cow::Owned(format!("devices/{name}/telemetry")));
        let kind = match state >> 60 {
            0 => EventKind::Connect { outcome: Outcome::Refused, source },
            _ => {
                EventKind::Publish { outcome: Outcome::Success, topic, bytes: Some(100 + (state >> 40) % 400), source }
            }
        };
        line.clear();
        ndjson::write(&Event { at, client_id: Cow::Borrowed(&name), thing: None, kind }, &mut line);
        out.write_all(&line)?;
    }
    Ok(out.flush()?)
}

fn replay(file: &str, threads: usize) -> Result<(), Box<dyn Error>> {
    let profile: SecurityProfile = serde_json::from_str(
        r#"{"securityProfileName":"replay","behaviors":[
            {"name":"Sent","metric":"aws:num-messages-sent",
             "criteria":{"comparisonOperator":"less-than-equals","value":{"count":9},"durationSeconds":300}},
            {"name":"Refused","metric":"aws:num-authorization-failures",
             "criteria":{"comparisonOperator":"less-than-equals","value":{"count":2},"durationSeconds":300}}]}"#,
    )?;
    let config = Config { profiles: vec![profile.into()], ..Config::default() };
    let threads = NonZeroUsize::new(threads).ok_or("at least one thread")?;
    let mut evaluator = Evaluator::with_threads(&config, threads)?;
    let (mut output, mut violations) = (Output::default(), 0);
    let traffic = Traffic::open(File::open(file)?, Options { threads, ..Options::default() })?;
    let tally = traffic.for_each_round(|batches| {
        evaluator.observe_batches(batches, &mut output);
        violations += output.violations.drain(..).count();
    })?;
    let counts = evaluator.finish(&mut output);
    violations += output.violations.len();
    println!("{} lines, {} events, {} late, {violations} violations", tally.lines, counts.accepted, counts.late);
    Ok(())
}

fn memory(devices: u64) -> Result<(), Box<dyn Error>> {
    let behavior = |metric: &str| {
        serde_json::json!({"name": &metric[4..], "metric": metric, "criteria":
            {"comparisonOperator": "less-than-equals", "value": {"count": 9}, "durationSeconds": 300}})
    };
    let metrics =
        ["messages-sent", "messages-received", "authorization-failures", "connection-attempts", "disconnects"];
    let behaviors: Vec<_> = metrics.iter().map(|metric| behavior(&format!("aws:num-{metric}"))).collect();
    let profile = serde_json::from_value(serde_json::json!({"securityProfileName": "memory", "behaviors": behaviors}))?;
    let config = Config { profiles: vec![SecurityProfile::into(profile)], ..Config::default() };
    let (mut evaluator, mut output) = (Evaluator::new(&config)?, Output::default());
    for round in 0..8 {
        for number in 0..devices {
            let name = Cow::Owned(format!("sensor-{number:09}"));
            let at = 1_767_600_000_000 + round * 300_000 + (number % 300_000) as i64;
            let kind = EventKind::Publish { outcome: Outcome::Success, topic: None, bytes: None, source: None };
            evaluator.observe(&Event { at, client_id: name, thing: None, kind }, &mut output);
        }
    }
    println!("{} devices, {} violations, {:?}", evaluator.device_count(), output.violations.len(), evaluator.counts());
    Ok(())
}
