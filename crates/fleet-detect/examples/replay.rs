//! Generates events, and replays them through two behaviours, for `benches/duckdb`; prints an SNS body a line.
//!
//! `cargo run --release -p fleet-detect --example replay -- generate 20000000 100000 > traffic.ndjson`
//! `cargo run --release -p fleet-detect --example replay -- traffic.ndjson 2`
//!
//! For a look at the peak memory, `memory DEVICES` keeps that many devices busy in eight windows with five cloud-side
//! behaviours, and `reports DEVICES EACH` lets each report five device-side deltas that many times a window.

use std::borrow::Cow;
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::num::NonZeroUsize;

use fleet_detect::event::{EventKind, Measurement, MetricName, Outcome};
use fleet_detect::metric::BuiltIn;
use fleet_detect::traffic::ndjson;
use fleet_detect::traffic::reader::{Options, Traffic};
use fleet_detect::value::Value;
use fleet_detect::{Config, Evaluator, Event, Output, SecurityProfile, Semantics};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [verb, events, devices] if verb == "generate" => generate(events.parse()?, devices.parse()?),
        [verb, devices] if verb == "memory" => memory(devices.parse()?),
        [verb, devices, each] if verb == "reports" => reports(devices.parse()?, each.parse()?),
        [file, threads] => replay(file, threads.parse()?),
        _ => Err("usage: replay generate EVENTS DEVICES | replay memory DEVICES | replay reports DEVICES EACH | replay FILE THREADS".into()),
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
    let semantics = Semantics { renotify: true, ..Semantics::default() };
    let config = Config { profiles: vec![profile.into()], semantics, ..Config::default() };
    let threads = NonZeroUsize::new(threads).ok_or("at least one thread")?;
    let mut evaluator = Evaluator::with_threads(&config, threads)?;
    let mut output = Output::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut print =
        |output: &mut Output| output.violations.drain(..).try_for_each(|v| writeln!(out, "{}", v.to_json()));
    let options = Options { threads, needs: evaluator.needs(), ..Options::default() };
    let traffic = Traffic::open_file(File::open(file)?, options)?;
    let mut printed = Ok(());
    let tally = traffic.for_each_round(|batches| {
        evaluator.observe_batches(batches, &mut output);
        printed = std::mem::replace(&mut printed, Ok(())).and_then(|()| print(&mut output));
    })?;
    printed?;
    let counts = evaluator.finish(&mut output);
    print(&mut output)?;
    eprintln!("{} lines, {} events, {} late", tally.lines, counts.accepted, counts.late);
    Ok(())
}

/// Five behaviours of at most nine in five minutes.
fn behaviors(metrics: [&str; 5]) -> Result<Config, Box<dyn Error>> {
    let behavior = |metric: &str| {
        serde_json::json!({"name": &metric[4..], "metric": metric, "criteria":
            {"comparisonOperator": "less-than-equals", "value": {"count": 9}, "durationSeconds": 300}})
    };
    let behaviors = metrics.map(behavior);
    let profile = serde_json::from_value(serde_json::json!({"securityProfileName": "memory", "behaviors": behaviors}))?;
    Ok(Config { profiles: vec![SecurityProfile::into(profile)], ..Config::default() })
}

fn memory(devices: u64) -> Result<(), Box<dyn Error>> {
    let config = behaviors([
        "aws:num-messages-sent",
        "aws:num-messages-received",
        "aws:num-authorization-failures",
        "aws:num-connection-attempts",
        "aws:num-disconnects",
    ])?;
    let kind = EventKind::Publish { outcome: Outcome::Success, topic: None, bytes: None, source: None };
    keep_busy(&config, devices, 1, &kind)
}

fn reports(devices: u64, each: u64) -> Result<(), Box<dyn Error>> {
    let metrics = [BuiltIn::AllBytesOut, BuiltIn::AllBytesIn, BuiltIn::AllPacketsOut, BuiltIn::AllPacketsIn];
    let measurement = |metric: MetricName<'static>| Measurement { metric, value: Value::Count(1) };
    let mut report: Vec<_> = metrics.map(MetricName::BuiltIn).map(measurement).into();
    report.push(measurement(MetricName::BuiltIn(BuiltIn::NumListeningTcpPorts)));
    let config = behaviors([
        "aws:all-bytes-out",
        "aws:all-bytes-in",
        "aws:all-packets-out",
        "aws:all-packets-in",
        "aws:num-listening-tcp-ports",
    ])?;
    keep_busy(&config, devices, each, &EventKind::Report(report))
}

/// The same event from every device, `each` times in each of eight windows.
fn keep_busy(config: &Config, devices: u64, each: u64, kind: &EventKind<'static>) -> Result<(), Box<dyn Error>> {
    let (mut evaluator, mut output) = (Evaluator::new(config)?, Output::default());
    let length = 300_000 / each;
    for round in 0..8 * each {
        for number in 0..devices {
            let name = Cow::Owned(format!("sensor-{number:09}"));
            let at = 1_767_600_000_000 + (round * length + number * length / devices) as i64;
            evaluator.observe(&Event { at, client_id: name, thing: None, kind: kind.clone() }, &mut output);
        }
    }
    println!("{} devices, {} violations, {:?}", evaluator.device_count(), output.violations.len(), evaluator.counts());
    Ok(())
}
