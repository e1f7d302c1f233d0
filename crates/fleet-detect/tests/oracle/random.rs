//! Random fleets, profiles, semantics and traffic, small enough that edges are hit often.

use std::borrow::Cow;
use std::net::IpAddr;

use fleet_detect::behavior::{
    Behavior, ComparisonOperator, Criteria, DimensionOperator, MetricDimension, StatisticalThreshold,
};
use fleet_detect::config::{Config, TargetedProfile};
use fleet_detect::dimension::Dimension;
use fleet_detect::event::{Event, EventKind, Exported, Measurement, MetricName, Outcome};
use fleet_detect::metric::{BuiltIn, CustomMetrics, CustomType, Metric, Side, ValueKind};
use fleet_detect::profile::{SecurityProfile, Target};
use fleet_detect::registry::{Change, ChangeOp, Registry, Thing, ThingGroup};
use fleet_detect::semantics::*;
use fleet_detect::validate::operators;
use fleet_detect::value::{MetricValue, Value, parse_network};

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
const GROUPS: [&str; 3] = ["top", "mid", "leaf"];
const TOPICS: [&str; 6] = ["up/a", "up/b/x", "$aws/x", "down", "up", "dev/c/state"];
const FILTERS: [&str; 7] = ["up/+", "up/#", "#", "+", "$aws/+", "dev/${iot:ClientId}/state", "up/${iot:ClientId}"];
const ADDRESSES: [&str; 5] = ["10.0.0.1", "10.1.2.3", "192.168.7.7", "2001:db8::1", "203.0.113.9"];
const NETWORKS: [&str; 5] = ["10.0.0.0/8", "10.1.77.1/16", "2001:db8::/32", "0.0.0.0/0", "192.168.7.7"];
const CUSTOM: [(&str, CustomType); 4] = [
    ("level", CustomType::Number),
    ("levels", CustomType::NumberList),
    ("words", CustomType::StringList),
    ("peers", CustomType::IpAddressList),
];
/// A multiple of every duration and of a day.
const START: i64 = 1_700_006_400_000;

/// One configuration with the events to evaluate, in order of arrival.
pub fn case(random: &mut Random) -> (Config, Vec<Event<'static>>) {
    let span = *random.pick(&[1_800_000, 7_200_000, 7_200_000, 4 * 86_400_000]);
    let config = Config {
        profiles: (0..1 + random.below(3)).map(|index| profile(random, index)).collect(),
        dimensions: vec![dimension(random, "d0"), dimension(random, "d1")],
        custom_metrics: CustomMetrics(CUSTOM.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect()),
        registry: random.chance(70).then(|| registry(random, span)),
        semantics: semantics(random),
    };
    let count = random.below(200);
    let mut events: Vec<Event> = (0..count).map(|_| event(random, span)).collect();
    events.sort_by_key(|event| event.at);
    disorder(&mut events, random);
    (config, events)
}

/// Moves events back and forth, some beyond the accepted lateness.
fn disorder(events: &mut [Event], random: &mut Random) {
    let count = events.len() as u64;
    for _ in 0..random.below(1 + count / 2) {
        let from = random.below(count);
        let to = (from + random.below(6)).min(count - 1);
        events.swap(from as usize, to as usize);
    }
}

fn semantics(random: &mut Random) -> Semantics {
    let default = Semantics { minimum_population: 1 + random.below(4) as u32, ..Semantics::default() };
    if random.chance(60) {
        return default;
    }
    Semantics {
        zeros: *random.pick(&[Zeros::ActiveDevices, Zeros::Never]),
        window_offset_seconds: *random.pick(&[0, 0, 37]),
        default_duration_seconds: *random.pick(&[300, 600]),
        device_side: *random.pick(&[DeviceSide::OnReport, DeviceSide::ByWindow]),
        message_size: *random.pick(&[MessageSize::PerWindow, MessageSize::PerMessage]),
        source_address: *random.pick(&[SourceAddress::Decisive, SourceAddress::EveryEvent]),
        disconnect_duration: *random.pick(&[DurationUnit::Minutes, DurationUnit::Seconds]),
        leading_wildcard_matches_dollar: random.chance(50),
        lateness_seconds: *random.pick(&[0, 60, 600, 4000]),
        longest_gap_seconds: *random.pick(&[366 * 24 * 3600, 7200]),
        gaps_reset_runs: random.chance(50),
        renotify: random.chance(50),
        invalidate_after_seconds: *random.pick(&[900, 48 * 3600]),
        cleared_has_value: random.chance(50),
        exported_time: *random.pick(&[ExportedTime::AsStamped, ExportedTime::JustBefore]),
        without_registry: *random.pick(&[WithoutRegistry::EveryTarget, WithoutRegistry::Unregistered]),
        ..default
    }
}

fn dimension(random: &mut Random, name: &str) -> Dimension {
    let string_values = (0..1 + random.below(2)).map(|_| (*random.pick(&FILTERS)).to_owned()).collect();
    Dimension { name: name.to_owned(), kind: "TOPIC_FILTER".to_owned(), string_values }
}

fn registry(random: &mut Random, span: i64) -> Registry {
    let parents = [None, Some("top"), Some("mid")];
    let members = |random: &mut Random| {
        let chosen: Vec<_> = NAMES.iter().filter(|_| random.chance(20)).collect();
        chosen.into_iter().map(|name| (*name).to_owned()).collect()
    };
    let group = |random: &mut Random, index: usize| ThingGroup {
        group_name: GROUPS[index].to_owned(),
        parent_group_name: parents[index].map(str::to_owned),
        things: members(random),
    };
    let thing_groups = (0..3).map(|index| group(random, index)).collect();
    let things: Vec<String> = members(random);
    let things = things.into_iter().chain(["h".to_owned()]).map(|thing_name| Thing { thing_name }).collect();
    let ops = [ChangeOp::CreateThing, ChangeOp::DeleteThing, ChangeOp::AddToGroup, ChangeOp::RemoveFromGroup];
    let change = |random: &mut Random| Change {
        timestamp: START + random.below(span as u64) as i64 / 1000 * 1000,
        op: *random.pick(&ops),
        thing: (*random.pick(&NAMES)).to_owned(),
        group: Some((*random.pick(&GROUPS)).to_owned()),
    };
    let changes = (0..random.below(5)).map(|_| change(random)).collect();
    Registry { things, thing_groups, changes }
}

fn profile(random: &mut Random, index: u64) -> TargetedProfile {
    let behaviors = (0..1 + random.below(5)).map(|number| behavior(random, number)).collect();
    let target = |random: &mut Random| match random.below(6) {
        0 => Target::RegisteredThings,
        1 => Target::UnregisteredThings,
        2 | 3 => Target::ThingGroup((*random.pick(&GROUPS)).to_owned()),
        _ => Target::AllThings,
    };
    let targets = (0..random.below(3)).map(|_| target(random)).collect();
    let profile =
        SecurityProfile { security_profile_name: format!("p{index}"), behaviors, ..SecurityProfile::default() };
    TargetedProfile { profile, targets }
}

fn behavior(random: &mut Random, number: u64) -> Behavior {
    let metric = if random.chance(25) {
        let (name, kind) = *random.pick(&CUSTOM);
        Metric::Custom { name: name.to_owned(), kind }
    } else {
        Metric::BuiltIn(*random.pick(BuiltIn::ALL))
    };
    let run = |random: &mut Random| random.chance(40).then(|| 1 + random.below(3) as u32);
    let mut criteria = Criteria {
        consecutive_datapoints_to_alarm: run(random),
        consecutive_datapoints_to_clear: run(random),
        comparison_operator: Some(*random.pick(&operators(&metric))),
        ..Criteria::default()
    };
    if metric.statistical() && random.chance(30) {
        let names = fleet_detect::behavior::Percentile::NAMES;
        let statistic = Some((*random.pick(&names)).to_owned());
        criteria.statistical_threshold = Some(StatisticalThreshold { statistic });
        let numeric = ComparisonOperator::ALL.map(|operator| operator).into_iter().filter(|o| o.is_numeric());
        criteria.comparison_operator = Some(*random.pick(&numeric.collect::<Vec<_>>()));
    } else {
        criteria.value = Some(threshold(random, &metric));
    }
    if metric.value().is_scalar() && random.chance(70) {
        criteria.duration_seconds = Some(*random.pick(&[300, 300, 600, 900]));
    }
    let metric_dimension = (metric.dimension() && random.chance(40)).then(|| MetricDimension {
        dimension_name: (*random.pick(&["d0", "d1"])).to_owned(),
        operator: *random.pick(&[None, Some(DimensionOperator::In), Some(DimensionOperator::NotIn)]),
    });
    Behavior {
        criteria: random.chance(95).then_some(criteria),
        name: format!("b{number}"),
        metric: Some(metric.name().to_owned()),
        metric_dimension,
        suppress_alerts: *random.pick(&[None, Some(true), Some(false)]),
        export_metric: None,
    }
}

fn threshold(random: &mut Random, metric: &Metric) -> MetricValue {
    match metric.value() {
        ValueKind::Count => MetricValue::Count(random.below(6)),
        ValueKind::Number => MetricValue::Number((random.below(6) as i64 - 3).into()),
        ValueKind::Cidrs => MetricValue::Cidrs(some(random, &NETWORKS.map(str::to_owned))),
        ValueKind::Ports => MetricValue::Ports(some(random, &[22, 80, 443])),
        ValueKind::Numbers => MetricValue::Numbers(some(random, &[1, 2, 3].map(serde_json::Number::from))),
        ValueKind::Strings => MetricValue::Strings(some(random, &["x", "y", "z"].map(str::to_owned))),
    }
}

fn some<T: Clone>(random: &mut Random, items: &[T]) -> Vec<T> {
    items.iter().filter(|_| random.chance(50)).cloned().collect()
}

fn event(random: &mut Random, span: i64) -> Event<'static> {
    // Whole half minutes, so that events often fall on edges and on each other.
    let at = START + random.below(span as u64) as i64 / 30_000 * 30_000;
    let name = *random.pick(&NAMES);
    let thing = random.chance(10).then(|| Cow::Borrowed(*random.pick(&NAMES)));
    Event { at, client_id: Cow::Borrowed(name), thing, kind: kind(random) }
}

fn kind(random: &mut Random) -> EventKind<'static> {
    let outcome = *random.pick(&[Outcome::Success, Outcome::Success, Outcome::Refused, Outcome::Failed]);
    let topic = random.chance(90).then(|| Cow::Borrowed(*random.pick(&TOPICS)));
    let source: Option<IpAddr> = random.chance(80).then(|| random.pick(&ADDRESSES).parse().unwrap());
    let bytes = random.chance(80).then(|| random.below(6));
    match random.below(10) {
        0 => EventKind::Connect { outcome, source },
        1 => EventKind::Disconnect { source },
        2..=4 => EventKind::Publish { outcome, topic, bytes, source },
        5 => EventKind::Deliver { outcome, topic, source },
        6 => EventKind::Subscribe { outcome, topic, source },
        7 | 8 => EventKind::Report((0..random.below(5)).map(|_| measurement(random)).collect()),
        _ => EventKind::Value(exported(random)),
    }
}

fn measurement(random: &mut Random) -> Measurement<'static> {
    let device_side: Vec<_> = BuiltIn::ALL.iter().filter(|metric| metric.info().side == Side::Device).collect();
    let (metric, value) = if random.chance(40) {
        let (name, kind) = *random.pick(&CUSTOM);
        (MetricName::Custom(Cow::Borrowed(name)), value(random, kind.value()))
    } else {
        let metric = **random.pick(&device_side);
        (MetricName::BuiltIn(metric), value(random, metric.info().value))
    };
    Measurement { metric, value }
}

fn exported(random: &mut Random) -> Exported<'static> {
    let metric = *random.pick(BuiltIn::ALL);
    let kind = if random.chance(95) { metric.info().value } else { ValueKind::Strings };
    let operator = *random.pick(&[DimensionOperator::In, DimensionOperator::NotIn]);
    Exported {
        metric: MetricName::BuiltIn(metric),
        value: value(random, kind),
        version: random.chance(70).then(|| random.below(3)),
        dimension: random.chance(20).then(|| (Cow::Borrowed(*random.pick(&["d0", "d1"])), operator)),
    }
}

fn value(random: &mut Random, kind: ValueKind) -> Value {
    match kind {
        ValueKind::Count if random.chance(2) => Value::Count(u64::MAX),
        ValueKind::Count => Value::Count(random.below(6)),
        ValueKind::Number => Value::Number(random.below(12) as f64 / 2.0 - if random.chance(20) { 3.0 } else { 0.0 }),
        ValueKind::Cidrs => {
            let all = [&ADDRESSES[..], &["10.1.0.0/24"]].concat();
            Value::Cidrs(some(random, &all).iter().map(|text| parse_network(text).unwrap()).collect())
        }
        ValueKind::Ports => Value::Ports(some(random, &[22, 80, 8080]).into()),
        ValueKind::Numbers => Value::Numbers(some(random, &[1.0, 2.5, 3.0]).into()),
        ValueKind::Strings => Value::Strings(some(random, &["x", "y", "w"].map(str::to_owned)).into()),
    }
}
