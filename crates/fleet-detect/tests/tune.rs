//! Tuning: what it predicts is what evaluating the same traffic with its proposal gives, and it keeps the budget.

use std::borrow::Cow;

use fleet_detect::event::{Event, EventKind, Exported, MetricName};
use fleet_detect::history::alarm_spans;
use fleet_detect::tune::{Choice, Incident, Plan, Recorder, Settings, Tuning, tune};
use fleet_detect::value::Value;
use fleet_detect::{Config, Evaluator, Output, SecurityProfile, Semantics};
use serde_json::json;

const STEP: i64 = 300_000;
const START: i64 = 1_767_600_000_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Mostly small, now and then large.
    fn skewed(&mut self) -> u64 {
        let bits = self.below(9);
        self.below(1 << bits) + 10
    }
}

/// Every kind of criteria over values that a metrics export would hold.
fn config(random: &mut Random) -> Config {
    let mut run = || json!({"alarm": 1 + random.below(3), "clear": 1 + random.below(3)});
    let mut behavior = |name: &str, metric: &str, mut criteria: serde_json::Value| {
        let run = run();
        criteria["consecutiveDatapointsToAlarm"] = run["alarm"].clone();
        criteria["consecutiveDatapointsToClear"] = run["clear"].clone();
        json!({"name": name, "metric": metric, "criteria": criteria})
    };
    let value = |operator: &str, value| json!({"comparisonOperator": operator, "value": value});
    let counted = |operator: &str, count: u64| json!({"comparisonOperator": operator, "value": {"count": count}, "durationSeconds": 300});
    let statistic = |operator: &str, name: &str| json!({"comparisonOperator": operator, "statisticalThreshold": {"statistic": name}, "durationSeconds": 300});
    let behaviors = [
        behavior("above", "aws:num-messages-sent", counted("less-than-equals", 100)),
        behavior("at-least", "aws:num-messages-sent", counted("less-than", 100)),
        behavior("below", "aws:num-messages-received", counted("greater-than-equals", 5)),
        behavior("reported", "aws:all-bytes-out", counted("less-than-equals", 5000)),
        behavior("charge", "battery", value("greater-than", json!({"number": 3.4}))),
        behavior("ports", "aws:listening-tcp-ports", value("in-port-set", json!({"ports": [22]}))),
        behavior("no-ports", "aws:listening-tcp-ports", value("not-in-port-set", json!({"ports": [23, 443]}))),
        behavior("highest", "aws:num-messages-sent", statistic("less-than-equals", "p90")),
        behavior("lowest", "aws:num-messages-sent", statistic("greater-than-equals", "p10")),
    ];
    let profile: SecurityProfile =
        serde_json::from_value(json!({"securityProfileName": "p", "behaviors": behaviors})).unwrap();
    let semantics = Semantics { minimum_population: 3, ..Semantics::default() };
    Config { profiles: vec![profile.into()], semantics, ..Config::default() }
}

/// Days of values in order of time, with gaps, and a device that is silent for three days.
fn traffic(random: &mut Random, devices: u64, days: i64) -> Vec<Event<'static>> {
    let mut events = Vec::new();
    for window in 0..days * 288 {
        for device in 0..devices {
            let silent = device == 1 && (288..288 * 4).contains(&window);
            if silent || random.below(20) == 0 {
                continue;
            }
            let at = START + window * STEP + 1000;
            let name = format!("device-{device}");
            let mut value = |metric: &'static str, value: Value| {
                let exported = Exported { metric: MetricName::new(metric), value, version: None, dimension: None };
                let client_id = Cow::Owned(name.clone());
                events.push(Event { at, client_id, thing: None, kind: EventKind::Value(exported) });
            };
            value("aws:num-messages-sent", Value::Count(random.skewed()));
            value("aws:num-messages-received", Value::Count(random.skewed()));
            value("aws:all-bytes-out", Value::Count(random.skewed() * 97));
            value("battery", Value::Number(3.3 + random.below(700) as f64 / 1000.0));
            let port = [22, 22, 22, 443, 8883][random.below(5) as usize];
            value("aws:listening-tcp-ports", Value::Ports(Box::new([22, port])));
        }
    }
    events
}

/// Evaluates and hands over every datapoint.
fn evaluate(config: &Config, events: &[Event], recorder: Option<&mut Recorder>) -> Output {
    let mut evaluator = Evaluator::new(config).unwrap();
    let mut output = if recorder.is_some() { Output::with_datapoints() } else { Output::default() };
    evaluator.observe_batch(events, &mut output);
    let names: Vec<String> = (0..evaluator.device_count() as u32).map(|id| evaluator.device_name(id).into()).collect();
    evaluator.finish(&mut output);
    if let Some(recorder) = recorder {
        output.datapoints.iter().for_each(|datapoint| recorder.add(datapoint, &names[datapoint.device as usize]));
    }
    output
}

fn tuned(config: &Config, events: &[Event], incidents: &[Incident], budget: f64) -> Tuning {
    let plan = Plan::new(config).unwrap();
    let mut recorder = Recorder::default();
    evaluate(plan.evaluated(), events, Some(&mut recorder));
    assert_eq!(recorder.left_out(), 0);
    tune(&plan, &recorder, incidents, &Settings { budget, hold_out: 0.25 }).expect("there are datapoints")
}

/// Alarms of each behaviour, by the part of the time in which they are raised.
fn raised(config: &Config, events: &[Event], behavior: &str, cut: i64) -> (u64, u64) {
    let spans = alarm_spans(&evaluate(config, events, None).violations);
    let count = |training: bool| {
        spans.iter().filter(|span| span.behavior == behavior && (span.raised < cut) == training).count() as u64
    };
    (count(true), count(false))
}

fn predicted(choice: &Choice) -> (u64, u64) {
    let of = |alarms: fleet_detect::tune::Alarms| alarms.unlabelled + alarms.labelled;
    (of(choice.training), of(choice.held_out))
}

#[test]
fn predictions_are_exact_and_the_budget_is_kept() {
    let mut proposals = 0;
    for seed in 0..12 {
        let mut random = Random(seed);
        let mut config = config(&mut random);
        config.semantics.gaps_reset_runs = seed % 3 == 0;
        config.semantics.renotify = seed % 4 == 0;
        let events = traffic(&mut random, 4 + seed % 3, 4);
        let day = 86_400_000;
        let incident = |device: &str, from: i64| Incident {
            device: device.into(),
            from: START + from,
            to: START + from + day / 12,
            behaviors: Vec::new(),
        };
        let incidents = [incident("device-0", day), incident("device-2", day * 7 / 2)];
        let budget = [0.0, 0.2, 5.0, 60.0, 1000.0][seed as usize % 5];
        let tuning = tuned(&config, &events, &incidents, budget);
        assert_eq!(tuning.behaviors.len(), 9);
        for found in &tuning.behaviors {
            let place = format!("seed {seed}, {}", found.behavior);
            let cut = tuning.held_out_from;
            assert_eq!(raised(&config, &events, &found.behavior, cut), predicted(&found.current), "{place}: as it is");
            let choices = found.proposed.iter().chain(&found.alternatives).chain(found.curve.iter().step_by(5));
            for choice in choices.take(if seed < 2 { 12 } else { 1 }) {
                let mut changed = config.clone();
                let behaviors = &mut changed.profiles[0].profile.behaviors;
                let behavior = behaviors.iter_mut().find(|behavior| behavior.name == found.behavior).unwrap();
                behavior.criteria = Some(choice.criteria.clone());
                let again = raised(&changed, &events, &found.behavior, cut);
                assert_eq!(again, predicted(choice), "{place}: {} after {}", choice.alarm_when, choice.alarm_after);
            }
            let Some(proposed) = &found.proposed else { continue };
            proposals += 1;
            // A set covers all that was seen, and a deny list denies none of it.
            assert!(proposed.training.unlabelled <= found.allowed, "{place}: {proposed:?}");
            assert!(found.allowed as f64 <= budget * found.training_months + 1e-6, "{place}");
        }
    }
    assert!(proposals > 80, "{proposals} proposals");
}

#[test]
fn too_little_data_is_said_with_the_bound() {
    let mut random = Random(1);
    let config = config(&mut random);
    let tuning = tuned(&config, &traffic(&mut random, 5, 3), &[], 0.01);
    let found = &tuning.behaviors[0];
    let proposed = found.proposed.as_ref().expect("a threshold");
    let largest = found.curve.iter().filter(|choice| choice.training.unlabelled > 0).filter_map(|c| c.threshold);
    let largest = largest.fold(0.0, f64::max);
    assert!(proposed.threshold.unwrap() > largest, "beyond everything that alarmed");
    let at_most = proposed.held_out_rate_at_most.unwrap();
    let exact = 3.0 / found.held_out_months;
    assert!(proposed.held_out.unlabelled > 0 || (at_most - exact).abs() < 0.01 * exact, "the rule of three");
    let notes = found.notes.join("\n");
    assert!(notes.contains("less than one") && notes.contains("does not show the budget of 0.01"), "{notes}");
}

#[test]
fn an_unlabelled_incident_is_suspected_and_a_labelled_one_is_detected() {
    let profile: SecurityProfile = serde_json::from_value(json!({"securityProfileName": "p", "behaviors": [
        {"name": "sent", "metric": "aws:num-messages-sent", "criteria": {"comparisonOperator": "less-than-equals",
            "value": {"count": 100_000}, "durationSeconds": 300, "consecutiveDatapointsToAlarm": 2}}]}))
    .unwrap();
    let config = Config { profiles: vec![profile.into()], ..Config::default() };
    let mut random = Random(3);
    let mut events = Vec::new();
    let (from, to) = (START + 86_400_000, START + 86_400_000 + 6 * STEP);
    for at in (0..288 * 4).map(|window| START + window * STEP) {
        for device in 0..20 {
            let storm = device == 7 && (from..to).contains(&at);
            let sent = if storm { 900 } else { 20 + random.below(20) };
            let metric = MetricName::new("aws:num-messages-sent");
            let exported = Exported { metric, value: Value::Count(sent), version: None, dimension: None };
            let client_id = Cow::Owned(format!("device-{device}"));
            events.push(Event { at, client_id, thing: None, kind: EventKind::Value(exported) });
        }
    }
    let unlabelled = tuned(&config, &events, &[], 0.1);
    let found = &unlabelled.behaviors[0];
    assert!(found.proposed.as_ref().unwrap().threshold.unwrap() >= 900.0, "it does keep the budget");
    let suspects = found.suspects.as_ref().expect("the storm is suspected");
    assert_eq!(suspects.devices.len(), 1);
    let suspect = &suspects.devices[0];
    assert_eq!((suspect.device.as_str(), suspect.datapoints), ("device-7", 6));
    assert_eq!((suspect.from, suspect.to), (from, to), "as a label would say it");

    let incident = Incident { device: "device-7".into(), from, to, behaviors: vec!["sent".into()] };
    let labelled = tuned(&config, &events, &[incident], 0.1);
    let found = &labelled.behaviors[0];
    assert_eq!(found.suspects, None);
    let proposed = found.proposed.as_ref().unwrap();
    assert!((40.0..200.0).contains(&proposed.threshold.unwrap()), "{proposed:?}");
    assert_eq!((proposed.training_detected, proposed.training.labelled, proposed.training.unlabelled), (1, 1, 0));
    assert_eq!(proposed.median_delay, Some(2 * STEP), "two windows");
    assert_eq!(labelled.incidents[0].first_alarm, Some(("sent".into(), 2 * STEP)));
}
