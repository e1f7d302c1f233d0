//! Made traffic against profiles: a quiet fleet raises nothing, and every episode raises the alarm that should catch
//! it, on the devices it concerns and no others.

use fleet_detect::history::alarm_spans;
use fleet_detect::metric::Metric;
use fleet_detect::scenario::generate::Generator;
use fleet_detect::scenario::model::Scenario;
use fleet_detect::summary::alarms::Alarms;
use fleet_detect::summary::html::render;
use fleet_detect::summary::page::{Page, Parts};
use fleet_detect::summary::series::{Collector, MAX_SERIES};
use fleet_detect::summary::totals::Tallies;
use fleet_detect::{Config, Evaluator, Output, SecurityProfile, expect, parse_alarm_when};
use serde_json::{Value as Json, json};

const LIMITS: [(&str, &str, &str); 9] = [
    ("Sent", "aws:num-messages-sent", "> 12 in 5m"),
    ("Size", "aws:message-byte-size", "> 2000"),
    ("Refused", "aws:num-authorization-failures", "> 3 in 5m"),
    ("Connects", "aws:num-connection-attempts", "> 4 in 5m"),
    ("Silent", "aws:disconnect-duration", "> 10"),
    ("Ports", "aws:listening-tcp-ports", "any not in [22]"),
    ("Destinations", "aws:destination-ip-addresses", "any not in [10.0.0.0/8]"),
    ("BytesOut", "aws:all-bytes-out", "> 50000 in 5m"),
    ("Battery", "battery", "< 3"),
];

fn config(scenario: &Scenario) -> Config {
    let custom =
        fleet_detect::metric::CustomMetrics([("battery".to_owned(), fleet_detect::metric::CustomType::Number)].into());
    let behaviors = LIMITS.map(|(name, metric, alarm_when)| {
        let metric: Metric = custom.metric(metric).unwrap();
        let criteria = parse_alarm_when(alarm_when, &metric).unwrap();
        json!({"name": name, "metric": metric.name(), "criteria": serde_json::to_value(criteria).unwrap()})
    });
    let profile: SecurityProfile =
        serde_json::from_value(json!({"securityProfileName": "baseline", "behaviors": behaviors})).unwrap();
    Config {
        profiles: vec![profile.into()],
        custom_metrics: custom,
        registry: Some(scenario.registry()),
        ..Config::default()
    }
}

fn scenario(episodes: Json) -> Scenario {
    serde_json::from_value(json!({
        "seed": 11, "start": "2026-01-05T08:00:00Z", "duration": "4h",
        "classes": {"sensor": {"count": 12, "groups": ["factory"], "session": "2h",
            "messages": {"every": "60s", "bytes": {"min": 150, "max": 400}},
            "reports": {"every": "5m", "bytesOut": {"min": 5000, "max": 9000}, "tcpPorts": [22],
                        "destinations": ["10.0.0.9"], "custom": {"battery": {"min": 3, "max": 4, "step": 0.1}}}}},
        "episodes": episodes}))
    .unwrap()
}

/// Devices and behaviours in alarm, sorted.
fn alarms(scenario: &Scenario) -> Vec<(String, String)> {
    let config = config(scenario);
    let (mut evaluator, mut output) = (Evaluator::new(&config).unwrap(), Output::default());
    Generator::new(scenario).unwrap().for_each(|event| evaluator.observe(event, &mut output));
    evaluator.finish(&mut output);
    let mut found: Vec<_> =
        alarm_spans(&output.violations).into_iter().map(|span| (span.device, span.behavior)).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn a_quiet_fleet_raises_nothing_and_every_episode_its_alarms() {
    assert_eq!(alarms(&scenario(json!([]))), []);
    let cases = [
        ("publish-storm", &["Sent"][..]),
        ("credential-stuffing", &["Connects", "Refused"]),
        ("reconnect-storm", &["Connects"]),
        ("exfiltration", &["Size"]),
        ("port-opened", &["Ports"]),
        ("unknown-destination", &["Destinations"]),
        ("silent-device", &["Silent"]),
        ("botnet", &["BytesOut", "Destinations"]),
        ("bad-ota", &["Connects", "Sent"]),
        ("counter-reset", &["BytesOut"]),
    ];
    for (kind, behaviors) in cases {
        let episode = json!({"kind": kind, "at": "1h", "for": "30m", "devices": {"names": ["sensor-3", "sensor-7"]}});
        let expected: Vec<(String, String)> = ["sensor-3", "sensor-7"]
            .iter()
            .flat_map(|device| behaviors.iter().map(|behavior| ((*device).to_owned(), (*behavior).to_owned())))
            .collect();
        assert_eq!(alarms(&scenario(json!([episode]))), expected, "{kind}");
    }
}

#[test]
fn a_clock_that_is_wrong_by_more_than_the_bound_is_counted_not_judged() {
    let episode = json!({"kind": "clock-skew", "behind": true, "skew": "30m", "at": "1h", "for": "1h",
        "devices": {"names": ["sensor-3"]}});
    let scenario = scenario(json!([episode]));
    let (mut evaluator, mut output) = (Evaluator::new(&config(&scenario)).unwrap(), Output::default());
    Generator::new(&scenario).unwrap().for_each(|event| evaluator.observe(event, &mut output));
    let counts = evaluator.finish(&mut output);
    assert!((11..=13).contains(&counts.late), "{counts:?}");
}

#[test]
fn a_test_file_passes_or_shows_what_differs_and_the_summary_counts() {
    let storm = json!({"kind": "publish-storm", "at": "1h", "for": "15m", "devices": {"names": ["sensor-3"]}});
    let scenario = scenario(json!([storm]));
    let config = config(&scenario);
    let (mut evaluator, mut output) = (Evaluator::new(&config).unwrap(), Output::with_datapoints());
    let generator = Generator::new(&scenario).unwrap();
    let (mut tallies, mut charts) = (Tallies::new(&config), Collector::default());
    generator.for_each(|event| {
        evaluator.observe(event, &mut output);
        for datapoint in output.datapoints.drain(..) {
            tallies.add(&datapoint);
            charts.add(&datapoint, evaluator.device_name(datapoint.device));
        }
    });
    evaluator.finish(&mut output);
    output.datapoints.iter().for_each(|datapoint| tallies.add(datapoint));
    let mut joined = Alarms::default();
    output.violations.iter().for_each(|violation| joined.add(violation));
    let alarms = joined.finish();
    let spans = alarm_spans(&output.violations);
    let start = generator.range().0;
    let expectations = |until: &str| -> expect::Expectations {
        let alarm = json!({"device": "sensor-3", "behavior": "Sent", "at": "1h5m", "cleared": {"until": until}});
        serde_json::from_value(json!({"alarms": [alarm]})).unwrap()
    };
    let compared = |until: &str| expect::compare(&expectations(until), &spans, start);
    assert!(compared("1h25m").iter().all(expect::Pair::holds));
    assert_eq!(compared("1h6m")[0].differs, [expect::Part::Ended]);

    assert!(alarms.iter().map(|alarm| &alarm.span).eq(&spans), "joined one by one and at once");
    let totals = tallies.totals(&config, &alarms);
    let sent = &totals.behaviors[0];
    assert_eq!((sent.alarms, sent.devices), (1, 1));
    assert!(sent.threshold_percentile.unwrap() > 99.0, "{sent:?}");
    assert_eq!((totals.paged[0].alert_target.as_deref(), totals.paged[0].alarms), (None, 1));
    let page = Page::new(Parts {
        title: "Storm",
        config: &config,
        events: 1,
        totals: &totals,
        alarms: &alarms,
        change: None,
        series: charts.finish(),
        notes: Vec::new(),
    });
    assert_eq!((page.charts.len(), page.charts_left_out), (MAX_SERIES, true));
    assert!(render(&page).contains("sensor-3"));
}
