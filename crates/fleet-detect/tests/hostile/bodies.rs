//! What is done with hostile bytes: the bodies of the fuzz targets, called from the tests beside this file too.
//!
//! None of them may panic, hang or take memory without bound, whatever the bytes.

use std::io::Cursor;
use std::sync::OnceLock;

use fleet_detect::event::{EventKind, MetricName};
use fleet_detect::scenario::generate::Generator;
use fleet_detect::scenario::model::Scenario;
use fleet_detect::traffic::format::Format;
use fleet_detect::traffic::reader::{Options, Traffic};
use fleet_detect::traffic::{ndjson, report};
use fleet_detect::value::Value;
use fleet_detect::{Config, Evaluator, Output, SecurityProfile};

/// Events after which an input is left: a few bytes can stand for any number of rows.
const ENOUGH: usize = 20_000;

/// Reads traffic, of a given format or of the one that is seen, evaluates it, and returns the number of events. What
/// was read can be said and read again.
pub fn traffic(format: Option<Format>, bytes: &[u8]) -> usize {
    let options = Options { format, max_bad_share: 1.0, ..Options::default() };
    let Ok(mut traffic) = Traffic::open_file(Cursor::new(bytes.to_vec()), options) else { return 0 };
    let (mut evaluator, mut output) = (Evaluator::new(config()).expect("our own profile"), Output::default());
    let (mut events, mut line) = (0, Vec::new());
    while let Ok(Some(event)) = traffic.next_event() {
        evaluator.observe(&event, &mut output);
        line.clear();
        ndjson::write(&event, &mut line);
        let again = ndjson::parse(&line).unwrap_or_else(|bad| panic!("{bad}: {}", String::from_utf8_lossy(&line)));
        assert_eq!((again.at, again.device()), (event.at, event.device()));
        if !may_differ(&event.kind) {
            assert_eq!(again.kind, event.kind);
        }
        events += 1;
        if events == ENOUGH {
            break;
        }
    }
    evaluator.finish(&mut output);
    events
}

/// Fractions are read from JSON to within their last bit. And a report may call a custom metric as a built-in one is
/// called.
fn may_differ(kind: &EventKind) -> bool {
    let is_fraction = |value: &Value| matches!(value, Value::Number(_) | Value::Numbers(_));
    match kind {
        EventKind::Report(measurements) => measurements.iter().any(|measurement| {
            let is_odd = matches!(&measurement.metric, MetricName::Custom(name) if name.starts_with("aws:"));
            is_odd || is_fraction(&measurement.value)
        }),
        EventKind::Value(exported) => is_fraction(&exported.value),
        _ => false,
    }
}

/// Reads a device report in CBOR.
pub fn cbor(bytes: &[u8]) -> usize {
    report::parse_cbor(bytes).map_or(0, |measurements| measurements.len())
}

/// Reads a scenario as JSON, which is YAML too, and makes its first events if its fleet is small.
pub fn scenario(bytes: &[u8]) -> usize {
    let Ok(scenario) = serde_json::from_slice::<Scenario>(bytes) else { return 0 };
    let devices = scenario.classes.values().fold(0_u64, |sum, class| sum.saturating_add(class.count));
    if devices > 100 {
        let _ = scenario.check();
        return 0;
    }
    let Ok(generator) = Generator::new(&scenario) else { return 0 };
    let mut events = 0;
    let _ = generator.try_for_each(|_| {
        events += 1;
        if events < ENOUGH { Ok(()) } else { Err(()) }
    });
    events
}

/// Restores a state from the bytes, and from the bytes behind a state's header; true if one of them is whole.
pub fn restore(bytes: &[u8]) -> bool {
    let (state, header) = saved();
    let behind = [&state[..*header], bytes].concat();
    [bytes, &behind].into_iter().filter_map(|bytes| Evaluator::restore(config(), bytes).ok()).map(go_on).count() > 0
}

/// Changes single bytes of a state, told by triples of position and value; true if it can still be restored.
pub fn change_state(changes: &[u8]) -> bool {
    let mut state = saved().0.clone();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % state.len();
        state[at] = change[2];
    }
    Evaluator::restore(config(), &state).map(go_on).is_ok()
}

/// What a restored state must bear: being saved and restored, and going on.
fn go_on(mut evaluator: Evaluator) {
    let mut output = Output::default();
    assert!(Evaluator::restore(config(), &evaluator.save()).is_ok(), "what was restored can be saved and restored");
    let later = lines(40, 40);
    let traffic = Traffic::open(later.as_bytes(), Options::default()).expect("our own lines");
    traffic.for_each_batch(|events| evaluator.observe_batch(events, &mut output)).expect("our own lines");
    evaluator.finish(&mut output);
}

pub fn config() -> &'static Config {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(|| {
        let profile: SecurityProfile = serde_json::from_str(
            r#"{"securityProfileName":"p","behaviors":[
            {"name":"a","metric":"aws:num-messages-sent","criteria":{"comparisonOperator":"less-than","value":{"count":1}}},
            {"name":"b","metric":"aws:all-bytes-out","criteria":{"comparisonOperator":"less-than","value":{"count":1},"durationSeconds":900}},
            {"name":"c","metric":"aws:disconnect-duration","criteria":{"comparisonOperator":"less-than","value":{"count":1}}},
            {"name":"d","metric":"aws:source-ip-address","criteria":{"comparisonOperator":"in-cidr-set","value":{"cidrs":["10.0.0.0/8"]}}},
            {"name":"e","metric":"x","criteria":{"comparisonOperator":"less-than","statisticalThreshold":{"statistic":"p90"}}},
            {"name":"f","metric":"aws:num-disconnects","criteria":{"mlDetectionConfig":{"confidenceLevel":"HIGH"}}}]}"#,
        )
        .expect("our own profile");
        Config { profiles: vec![profile.into()], ..Config::default() }
    })
}

/// A state in the middle of things, and the length of its header.
pub fn saved() -> &'static (Vec<u8>, usize) {
    static SAVED: OnceLock<(Vec<u8>, usize)> = OnceLock::new();
    SAVED.get_or_init(|| {
        let empty = Evaluator::new(config()).expect("our own profile").save();
        let (mut evaluator, mut output) = (Evaluator::new(config()).expect("our own profile"), Output::default());
        let text = lines(0, 40);
        let traffic = Traffic::open(text.as_bytes(), Options::default()).expect("our own lines");
        traffic.for_each(|event| evaluator.observe(event, &mut output)).expect("our own lines");
        let state = evaluator.save();
        // The header is what two states of one configuration begin with, up to their first member.
        let same = state.iter().zip(&empty).take_while(|(a, b)| a == b).count();
        let name = state.windows(6).position(|part| part == b"newest").unwrap_or(same);
        (state, name.saturating_sub(2))
    })
}

fn lines(from: i64, count: i64) -> String {
    let line = |i: i64| {
        let (at, name) = (1_700_000_000_000 + i * 47_000, i % 5);
        match i % 4 {
            0 => format!(
                "{{\"timestamp\":{at},\"type\":\"connect\",\"clientId\":\"{name}\",\"sourceIp\":\"11.0.0.1\"}}\n"
            ),
            1 => format!(
                "{{\"timestamp\":{at},\"type\":\"report\",\"thing\":\"{name}\",\"metrics\":{{\"aws:all-bytes-out\":{{\"count\":5}},\"x\":{{\"number\":1}}}}}}\n"
            ),
            2 => format!("{{\"timestamp\":{at},\"type\":\"disconnect\",\"clientId\":\"{name}\"}}\n"),
            _ => format!("{{\"timestamp\":{at},\"type\":\"publish\",\"clientId\":\"{name}\"}}\n"),
        }
    };
    (from..from + count).map(line).collect()
}
