//! An ML behaviour from history to alarm, and the same with the state cut in the middle of the training.

use std::borrow::Cow;

use fleet_detect::event::{EventKind, Exported, MetricName};
use fleet_detect::metric::BuiltIn;
use fleet_detect::value::Value;
use fleet_detect::{Config, Evaluator, Event, Output, SecurityProfile};

const START: i64 = 20_454 * 86_400_000;

/// Seven devices, a value every five minutes: 100, and on the sixteenth day 100,000 once.
fn events() -> impl Iterator<Item = Event<'static>> {
    (0..16 * 288_i64).flat_map(|step| {
        (0..7).map(move |device| {
            let count = if step == 15 * 288 + 100 && device == 3 { 100_000 } else { 100 };
            let metric = MetricName::BuiltIn(BuiltIn::AllBytesOut);
            let exported = Exported { metric, value: Value::Count(count), version: None, dimension: None };
            let client_id = Cow::Owned(format!("d{device}"));
            Event { at: START + step * 300_000, client_id, thing: None, kind: EventKind::Value(exported) }
        })
    })
}

#[test]
fn after_two_weeks_an_outlier_alarms_and_a_cut_changes_nothing() {
    let profile: SecurityProfile = serde_json::from_str(
        r#"{"securityProfileName":"p","behaviors":[{"name":"Bytes","metric":"aws:all-bytes-out",
            "criteria":{"mlDetectionConfig":{"confidenceLevel":"HIGH"}}}]}"#,
    )
    .unwrap();
    let config = Config { profiles: vec![profile.into()], ..Config::default() };
    let (mut whole, mut output) = (Evaluator::new(&config).unwrap(), Output::default());
    assert_eq!(whole.approximate(), [(0, 0)]);
    events().for_each(|event| whole.observe(&event, &mut output));
    whole.finish(&mut output);

    let (mut cut, mut cut_output) = (Evaluator::new(&config).unwrap(), Output::default());
    for (number, event) in events().enumerate() {
        if number % 9_999 == 9_998 {
            cut = Evaluator::restore(&config, &cut.save()).unwrap();
        }
        cut.observe(&event, &mut cut_output);
    }
    cut.finish(&mut cut_output);
    assert_eq!(cut_output.violations, output.violations);

    let said: Vec<_> = output.violations.iter().map(|v| (v.device.as_str(), v.event.as_str())).collect();
    assert_eq!(said, [("d3", "in-alarm"), ("d3", "alarm-cleared")]);
    let body = output.violations[0].to_json();
    assert!(body.ends_with(r#""violationEventAdditionalInfo":{"confidenceLevel":"HIGH"}}"#), "{body}");
}
