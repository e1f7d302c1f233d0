//! The second evaluator: keep all events, and answer every question by going through all of them.

use std::collections::{BTreeMap, BTreeSet};

use fleet_detect::behavior::{Behavior, ComparisonOperator, Criteria, DimensionOperator};
use fleet_detect::config::Config;
use fleet_detect::event::{Event, EventKind, Exported, MetricName, Outcome};
use fleet_detect::profile::Target;
use fleet_detect::registry::ChangeOp;
use fleet_detect::semantics::*;
use fleet_detect::value::{MetricValue, Value};
use ipnet::IpNet;
use serde_json::{Value as Json, json};

/// A device: its name and whether it is a registered thing.
type Device = (String, bool);
type Datapoints = BTreeMap<Device, Vec<(i64, Value)>>;

/// Time, alert body and suppression of every event, sorted.
pub fn violations(config: &Config, events: &[Event]) -> Vec<(i64, String, bool)> {
    let (accepted, newest) = accepted(&config.semantics, events);
    let mut found = Vec::new();
    for (position, targeted) in config.profiles.iter().enumerate() {
        for behavior in &targeted.profile.behaviors {
            let Some(criteria) = &behavior.criteria else { continue };
            let question = Question { config, position, behavior, criteria, accepted: &accepted, newest };
            let name = &targeted.profile.security_profile_name;
            for (device, datapoints) in question.datapoints() {
                found.extend(alarms(&question, name, &device, &question.verdicts(&datapoints)));
            }
        }
    }
    found.sort();
    found
}

/// The events that are neither too early nor too late, by time, and the newest time.
fn accepted<'a>(semantics: &Semantics, events: &'a [Event<'a>]) -> (Vec<&'a Event<'a>>, i64) {
    let mut newest = None;
    let mut kept = Vec::new();
    for event in events {
        let so_far = newest.unwrap_or(event.at);
        if event.at > so_far + 1000 * semantics.longest_gap_seconds as i64 {
            continue;
        }
        newest = Some(so_far.max(event.at));
        if event.at >= so_far - 1000 * semantics.lateness_seconds as i64 {
            kept.push(event);
        }
    }
    kept.sort_by_key(|event| event.at);
    (kept, newest.unwrap_or(0))
}

struct Question<'a> {
    config: &'a Config,
    position: usize,
    behavior: &'a Behavior,
    criteria: &'a Criteria,
    accepted: &'a [&'a Event<'a>],
    newest: i64,
}

impl Question<'_> {
    fn metric(&self) -> &str {
        self.behavior.metric.as_deref().unwrap()
    }

    fn semantics(&self) -> &Semantics {
        &self.config.semantics
    }

    fn length(&self) -> i64 {
        let seconds = self.criteria.duration_seconds.unwrap_or(self.semantics().default_duration_seconds);
        seconds as i64 * 1000
    }

    fn statistical(&self) -> bool {
        self.criteria.statistical_threshold.is_some()
    }

    fn is_cloud_side(&self) -> bool {
        let metric = self.metric();
        ["aws:message-byte-size", "aws:source-ip-address", "aws:disconnect-duration"].contains(&metric)
            || self.is_broker_count()
    }

    fn is_broker_count(&self) -> bool {
        let counts =
            ["messages-sent", "messages-received", "authorization-failures", "connection-attempts", "disconnects"];
        self.metric().strip_prefix("aws:num-").is_some_and(|metric| counts.contains(&metric))
    }

    fn is_delta(&self) -> bool {
        self.metric().starts_with("aws:all-")
    }

    fn by_window(&self) -> bool {
        match self.metric() {
            "aws:message-byte-size" => self.statistical() || self.semantics().message_size == MessageSize::PerWindow,
            _ => self.is_cloud_side() || self.statistical() || self.semantics().device_side == DeviceSide::ByWindow,
        }
    }

    /// End of the window that contains a time.
    fn end(&self, at: i64) -> i64 {
        let offset = self.semantics().window_offset_seconds as i64 * 1000;
        let mut end = offset + (at - offset) / self.length() * self.length() - self.length();
        while end <= at {
            end += self.length();
        }
        end
    }

    /// Registered or not, and in the profile's targets or not.
    fn standing(&self, name: &str, at: i64) -> (bool, bool) {
        let targets = &self.config.profiles[self.position].targets;
        let default = fleet_detect::registry::Registry::default();
        let registry = match &self.config.registry {
            Some(registry) => registry,
            None if self.semantics().without_registry == WithoutRegistry::EveryTarget => return (true, true),
            None => &default,
        };
        let mut registered = registry.things.iter().any(|thing| thing.thing_name == name);
        let mut groups: BTreeSet<&str> = BTreeSet::new();
        for group in &registry.thing_groups {
            if group.things.iter().any(|thing| thing == name) {
                registered = true;
                groups.insert(&group.group_name);
            }
        }
        let mut changes: Vec<_> = registry.changes.iter().filter(|change| change.timestamp <= at).collect();
        changes.sort_by_key(|change| change.timestamp);
        for change in changes.into_iter().filter(|change| change.thing == name) {
            match change.op {
                ChangeOp::CreateThing => registered = true,
                ChangeOp::DeleteThing => (registered, groups) = (false, BTreeSet::new()),
                ChangeOp::AddToGroup => {
                    registered = true;
                    groups.insert(change.group.as_deref().unwrap());
                }
                ChangeOp::RemoveFromGroup => {
                    groups.remove(change.group.as_deref().unwrap());
                }
            }
        }
        // The random groups are a chain: top, mid below it, leaf below that.
        let above = |group: &str, target: &str| {
            let chain = ["top", "mid", "leaf"];
            let at = |name: &str| chain.iter().position(|link| *link == name).unwrap();
            at(target) <= at(group)
        };
        let inside = targets.is_empty()
            || targets.iter().any(|target| match target {
                Target::AllThings => true,
                Target::RegisteredThings => registered,
                Target::UnregisteredThings => !registered,
                Target::ThingGroup(target) => groups.iter().any(|group| above(group, target)),
            });
        (registered, inside)
    }

    /// Accepted events of devices in the targets, with their device.
    fn watched(&self) -> impl Iterator<Item = (Device, &Event<'_>)> {
        self.accepted.iter().filter_map(|event| {
            let name = event.thing.as_deref().unwrap_or(&event.client_id);
            let (registered, inside) = self.standing(name, event.at);
            inside.then(|| ((name.to_owned(), registered), *event))
        })
    }

    fn topic_counts(&self, topic: Option<&str>, client_id: &str) -> bool {
        let Some(wanted) = &self.behavior.metric_dimension else { return true };
        let Some(topic) = topic else { return false };
        let dimension = self.config.dimensions.iter().find(|d| d.name == wanted.dimension_name).unwrap();
        let dollar = self.semantics().leading_wildcard_matches_dollar;
        let any = dimension.string_values.iter().any(|filter| {
            let levels: Vec<String> = filter.split('/').map(|l| l.replace("${iot:ClientId}", client_id)).collect();
            let topic_levels: Vec<&str> = topic.split('/').collect();
            let hidden = topic.starts_with('$') && !dollar && (levels[0] == "#" || levels[0] == "+");
            !hidden && levels_match(&levels, &topic_levels)
        });
        any == (wanted.operator.unwrap_or_default() == DimensionOperator::In)
    }

    /// Values measured elsewhere for this behaviour, one version of each: device, time, value.
    fn stamped(&self) -> Vec<(Device, i64, Value)> {
        let mut kept: Vec<(Device, i64, Value)> = Vec::new();
        let mut versions: BTreeMap<(Device, i64), Vec<(u64, Value)>> = BTreeMap::new();
        for (device, event) in self.watched() {
            match &event.kind {
                EventKind::Report(measurements) if self.behavior.metric_dimension.is_none() => {
                    let mine = measurements.iter().filter(|measurement| measurement.metric.as_str() == self.metric());
                    kept.extend(mine.map(|measurement| (device.clone(), event.at, measurement.value.clone())));
                }
                EventKind::Value(exported) if self.exported_counts(exported) => match exported.version {
                    None => kept.push((device, event.at, exported.value.clone())),
                    Some(version) => {
                        versions.entry((device, event.at)).or_default().push((version, exported.value.clone()));
                    }
                },
                _ => {}
            }
        }
        for ((device, at), mut values) in versions {
            values.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| order(&a.1, &b.1)));
            kept.push((device, at, values.pop().unwrap().1));
        }
        kept.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| order(&a.2, &b.2)));
        kept
    }

    fn exported_counts(&self, exported: &Exported) -> bool {
        let scope = self.behavior.metric_dimension.as_ref();
        let scope = scope.map(|wanted| (wanted.dimension_name.as_str(), wanted.operator.unwrap_or_default()));
        let its = exported.dimension.as_ref().map(|(name, operator)| (&**name, *operator));
        let MetricName::BuiltIn(metric) = exported.metric else { return false };
        metric.info().name == self.metric() && scope == its && metric.info().value == exported.value.kind()
    }

    fn datapoints(&self) -> Datapoints {
        if !self.by_window() {
            return self.arriving();
        }
        if self.metric() == "aws:disconnect-duration" {
            return self.disconnected();
        }
        let mut windows: BTreeMap<(Device, i64), Vec<Value>> = BTreeMap::new();
        let mut active: BTreeSet<(Device, i64)> = BTreeSet::new();
        for (device, event) in self.watched() {
            if matches!(event.kind, EventKind::Report(_) | EventKind::Value(_)) {
                continue;
            }
            let place = (device, self.end(event.at));
            active.insert(place.clone());
            if let Some(value) = self.broker_value(event) {
                windows.entry(place).or_default().push(value);
            }
        }
        for (device, at, value) in self.stamped() {
            let early = self.is_cloud_side() && self.semantics().exported_time == ExportedTime::JustBefore;
            windows.entry((device, self.end(at - i64::from(early)))).or_default().push(value);
        }
        if self.is_broker_count() && self.semantics().zeros == Zeros::ActiveDevices {
            for place in active {
                windows.entry(place).or_default();
            }
        }
        let mut datapoints = Datapoints::new();
        for ((device, end), values) in windows {
            datapoints.entry(device).or_default().push((end, self.fold(&values)));
        }
        datapoints
    }

    /// What a broker event adds to this behaviour's window.
    fn broker_value(&self, event: &Event) -> Option<Value> {
        use Outcome::*;
        let client = &event.client_id;
        let topic = match &event.kind {
            EventKind::Publish { topic, .. }
            | EventKind::Deliver { topic, .. }
            | EventKind::Subscribe { topic, .. } => topic.as_deref(),
            _ => None,
        };
        let one = Some(Value::Count(1)).filter(|_| self.topic_counts(topic, client));
        let scoped = self.behavior.metric_dimension.is_some();
        let every = self.semantics().source_address == SourceAddress::EveryEvent;
        match (self.metric(), &event.kind) {
            ("aws:num-messages-sent", EventKind::Publish { outcome: Success, .. }) => one,
            ("aws:num-messages-received", EventKind::Deliver { outcome: Success, .. }) => one,
            (
                "aws:num-authorization-failures",
                EventKind::Connect { outcome: Refused, .. }
                | EventKind::Publish { outcome: Refused, .. }
                | EventKind::Subscribe { outcome: Refused, .. },
            ) => one,
            ("aws:num-connection-attempts", EventKind::Connect { .. }) => one,
            ("aws:num-disconnects", EventKind::Disconnect { .. }) => one,
            ("aws:message-byte-size", EventKind::Publish { outcome: Success, bytes, .. }) => {
                one.and(bytes.map(Value::Count))
            }
            (
                "aws:source-ip-address",
                EventKind::Connect { source, .. }
                | EventKind::Publish { source, .. }
                | EventKind::Subscribe { source, .. }
                | EventKind::Deliver { source, .. }
                | EventKind::Disconnect { source },
            ) => {
                let decisive = match &event.kind {
                    EventKind::Connect { outcome, .. } => !scoped && *outcome == Success,
                    EventKind::Publish { outcome, .. } | EventKind::Subscribe { outcome, .. } => {
                        scoped && *outcome == Success
                    }
                    _ => false,
                };
                let address = source.filter(|_| every || decisive);
                one.and(address.map(|address| Value::Cidrs([IpNet::from(address)].into())))
            }
            _ => None,
        }
    }

    /// The values of a window, in order of time, as one.
    fn fold(&self, values: &[Value]) -> Value {
        let counts =
            values.iter().filter_map(|value| if let Value::Count(count) = value { Some(*count) } else { None });
        if self.metric() == "aws:message-byte-size" && !self.statistical() {
            let above = self.criteria.comparison_operator.unwrap().as_str().starts_with("less");
            return Value::Count(if above { counts.max().unwrap() } else { counts.min().unwrap() });
        }
        if self.is_broker_count() || self.is_delta() || self.metric() == "aws:message-byte-size" {
            return Value::Count(counts.fold(0, u64::saturating_add));
        }
        match &values[values.len() - 1] {
            gauge @ (Value::Count(_) | Value::Number(_)) => gauge.clone(),
            Value::Cidrs(_) => Value::Cidrs(union(values, |v| if let Value::Cidrs(l) = v { l } else { &[] }, Ord::cmp)),
            Value::Ports(_) => Value::Ports(union(values, |v| if let Value::Ports(l) = v { l } else { &[] }, Ord::cmp)),
            Value::Strings(_) => {
                Value::Strings(union(values, |v| if let Value::Strings(l) = v { l } else { &[] }, Ord::cmp))
            }
            Value::Numbers(_) => {
                Value::Numbers(union(values, |v| if let Value::Numbers(l) = v { l } else { &[] }, f64::total_cmp))
            }
        }
    }

    fn arriving(&self) -> Datapoints {
        let mut values = self.stamped();
        if self.metric() == "aws:message-byte-size" {
            values.extend(self.watched().filter_map(|(device, event)| {
                let value = self.broker_value(event)?;
                Some((device, event.at, value))
            }));
            values.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| order(&a.2, &b.2)));
        }
        let mut datapoints = Datapoints::new();
        for (index, (device, at, value)) in values.iter().enumerate() {
            let value = if self.is_delta() {
                let recent = values[..=index].iter().filter(|(d, t, _)| d == device && *t > at - self.length());
                Value::Count(recent.fold(0, |sum: u64, (_, _, v)| sum.saturating_add(count(v))))
            } else {
                value.clone()
            };
            datapoints.entry(device.clone()).or_default().push((*at, value));
        }
        datapoints
    }

    fn disconnected(&self) -> Datapoints {
        let mut links: BTreeMap<Device, Vec<(i64, bool)>> = BTreeMap::new();
        for event in self.accepted {
            let connected = match event.kind {
                EventKind::Connect { outcome: Outcome::Success, .. } => true,
                EventKind::Disconnect { .. } => false,
                _ => continue,
            };
            let name = event.thing.as_deref().unwrap_or(&event.client_id);
            let device = (name.to_owned(), self.standing(name, event.at).0);
            links.entry(device).or_default().push((event.at, connected));
        }
        let unit = if self.semantics().disconnect_duration == DurationUnit::Minutes { 60 } else { 1 };
        let mut datapoints: BTreeMap<Device, BTreeMap<i64, Value>> = BTreeMap::new();
        for (device, mut links) in links {
            links.sort();
            let mut end = self.end(links[0].0);
            while end <= self.end(self.newest) {
                let (since, connected) = *links.iter().rfind(|(at, _)| *at < end).unwrap();
                let (registered, inside) = self.standing(&device.0, end);
                if inside && registered == device.1 {
                    let seconds = if connected { 0 } else { (end - since) / 1000 };
                    datapoints.entry(device.clone()).or_default().insert(end, Value::Count(seconds as u64 / unit));
                }
                end += self.length();
            }
        }
        for (device, at, value) in self.stamped() {
            let early = i64::from(self.semantics().exported_time == ExportedTime::JustBefore);
            let value = Value::Count(count(&value) / unit);
            datapoints.entry(device).or_default().insert(self.end(at - early), value);
        }
        datapoints.into_iter().map(|(device, values)| (device, values.into_iter().collect())).collect()
    }

    /// Whether each datapoint is normal; those without an answer are left out.
    fn verdicts(&self, datapoints: &[(i64, Value)]) -> Vec<(i64, Value, bool)> {
        let operator = self.criteria.comparison_operator.unwrap();
        let Some(threshold) = &self.criteria.statistical_threshold else {
            let value = self.criteria.value.as_ref().unwrap();
            return datapoints.iter().map(|(at, v)| (*at, v.clone(), normal(operator, v, value))).collect();
        };
        let hundredths: u64 = {
            let digits = threshold.statistic.as_deref().unwrap().trim_start_matches('p');
            (digits.parse::<f64>().unwrap() * 100.0).round() as u64
        };
        let all = self.datapoints();
        let judged = datapoints.iter().filter_map(|(at, value)| {
            let here = all.values().flatten().filter(|(time, _)| time == at).map(|(_, value)| value);
            let mut population: Vec<&Value> = here.collect();
            population.sort_by(|a, b| order(a, b));
            let negative = population.iter().any(|value| matches!(value, Value::Number(n) if *n < 0.0));
            if negative || population.len() < self.semantics().minimum_population as usize {
                return None;
            }
            let rank = (population.len() as u64 * hundredths).div_ceil(10_000).max(1);
            let limit = population[rank as usize - 1];
            let holds = match (value, limit) {
                (Value::Count(a), Value::Count(b)) => holds(operator, a, b),
                (Value::Number(a), Value::Number(b)) => holds(operator, a, b),
                _ => unreachable!(),
            };
            Some((*at, value.clone(), holds))
        });
        judged.collect()
    }
}

fn count(value: &Value) -> u64 {
    if let Value::Count(count) = value { *count } else { unreachable!() }
}

fn union<'a, T: Clone + 'a>(
    values: &'a [Value],
    list: impl Fn(&'a Value) -> &'a [T],
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Box<[T]> {
    let mut all: Vec<T> = values.iter().flat_map(|value| list(value).iter().cloned()).collect();
    all.sort_by(&order);
    all.dedup_by(|a, b| order(a, b).is_eq());
    all.into()
}

fn levels_match(filter: &[String], topic: &[&str]) -> bool {
    match (filter, topic) {
        ([], []) => true,
        ([last], _) if last == "#" => true,
        ([first, filter @ ..], [level, topic @ ..]) if first == "+" || first == level => levels_match(filter, topic),
        _ => false,
    }
}

fn holds<T: PartialOrd>(operator: ComparisonOperator, value: T, limit: T) -> bool {
    match operator.as_str() {
        "less-than" => value < limit,
        "less-than-equals" => value <= limit,
        "greater-than" => value > limit,
        "greater-than-equals" => value >= limit,
        _ => unreachable!(),
    }
}

fn normal(operator: ComparisonOperator, value: &Value, threshold: &MetricValue) -> bool {
    let not = operator.as_str().starts_with("not-");
    match (value, threshold) {
        (Value::Count(value), MetricValue::Count(limit)) => holds(operator, value, limit),
        (Value::Number(value), MetricValue::Number(limit)) => holds(operator, *value, limit.as_f64().unwrap()),
        (Value::Ports(items), MetricValue::Ports(set)) => items.iter().all(|item| set.contains(item) != not),
        (Value::Strings(items), MetricValue::Strings(set)) => items.iter().all(|item| set.contains(item) != not),
        (Value::Numbers(items), MetricValue::Numbers(set)) => {
            items.iter().all(|item| set.iter().any(|member| member.as_f64() == Some(*item)) != not)
        }
        (Value::Cidrs(items), MetricValue::Cidrs(set)) => {
            items.iter().all(|item| set.iter().any(|network| lies_in(item, network)) != not)
        }
        _ => unreachable!(),
    }
}

/// Compares the leading bits of two addresses of one family.
fn lies_in(element: &IpNet, network: &str) -> bool {
    let (address, length) = network.split_once('/').map_or((network, None), |(a, l)| (a, Some(l)));
    let bits = |address: std::net::IpAddr| match address {
        std::net::IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        std::net::IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let (network, width) = bits(address.parse().unwrap());
    let length: u32 = length.map_or(width, |length| length.parse().unwrap());
    let (element_bits, element_width) = bits(element.addr());
    let same = length == 0 || (network ^ element_bits) >> (128 - length) == 0;
    width == element_width && u32::from(element.prefix_len()) >= length && same
}

/// The order of values that arrive at the same time.
fn order(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Count(a), Value::Count(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b).unwrap(),
        (Value::Cidrs(a), Value::Cidrs(b)) => a.cmp(b),
        (Value::Ports(a), Value::Ports(b)) => a.cmp(b),
        (Value::Strings(a), Value::Strings(b)) => a.cmp(b),
        (Value::Numbers(a), Value::Numbers(b)) => a.partial_cmp(b).unwrap(),
        _ => unreachable!(),
    }
}

/// The machine of the reference, section A.5, with silence added.
fn alarms(
    question: &Question,
    profile: &str,
    device: &Device,
    datapoints: &[(i64, Value, bool)],
) -> Vec<(i64, String, bool)> {
    let semantics = question.semantics();
    let need = |count: Option<u32>| count.unwrap_or(1) as usize;
    let to_alarm = need(question.criteria.consecutive_datapoints_to_alarm);
    let to_clear = need(question.criteria.consecutive_datapoints_to_clear);
    let silence = semantics.invalidate_after_seconds as i64 * 1000;
    let mut events = Vec::new();
    let (mut good, mut bad, mut last, mut alarm) = (0, 0, None::<i64>, None::<i64>);
    let mut emit = |at: i64, kind: &str, value: Option<&Value>, started: i64| {
        let body = body(question, profile, device, at, kind, value, started);
        events.push((at, body, question.behavior.suppress_alerts == Some(true)));
    };
    for (at, value, normal) in datapoints {
        if let (Some(started), Some(previous)) = (alarm, last)
            && at - previous > silence
        {
            emit(previous + silence, "alarm-invalidated", None, started);
            (alarm, good, bad) = (None, 0, 0);
        }
        let gap = last.is_some_and(|previous| at - previous > question.length());
        if gap && semantics.gaps_reset_runs && question.by_window() {
            (good, bad) = (0, 0);
        }
        last = Some(*at);
        if *normal {
            (good, bad) = (good + 1, 0);
            if let Some(started) = alarm
                && good >= to_clear
            {
                emit(*at, "alarm-cleared", Some(value).filter(|_| semantics.cleared_has_value), started);
                alarm = None;
            }
        } else {
            (good, bad) = (0, bad + 1);
            if alarm.is_none() && bad >= to_alarm {
                alarm = Some(*at);
                emit(*at, "in-alarm", Some(value), *at);
            } else if let Some(started) = alarm
                && semantics.renotify
            {
                emit(*at, "in-alarm", Some(value), started);
            }
        }
    }
    if let (Some(started), Some(previous)) = (alarm, last)
        && question.newest - previous > silence
    {
        emit(previous + silence, "alarm-invalidated", None, started);
    }
    events
}

fn body(
    question: &Question,
    profile: &str,
    device: &Device,
    at: i64,
    kind: &str,
    value: Option<&Value>,
    started: i64,
) -> String {
    let mut members: Vec<(&str, Json)> = vec![
        ("violationEventTime", json!(at)),
        ("thingName", json!(device.0)),
        ("behavior", serde_json::to_value(question.behavior).unwrap()),
        ("violationEventType", json!(kind)),
    ];
    if let Some(value) = value {
        members.push(("metricValue", serde_json::to_value(value.to_metric_value()).unwrap()));
    }
    members.push(("violationId", json!(id(profile, &question.behavior.name, device, started))));
    members.push(("securityProfileName", json!(profile)));
    let map: serde_json::Map<String, Json> = members.into_iter().map(|(name, json)| (name.to_owned(), json)).collect();
    Json::Object(map).to_string()
}

/// 128-bit FNV-1a of the documented parts.
fn id(profile: &str, behavior: &str, device: &Device, started: i64) -> String {
    let mut bytes = Vec::new();
    for text in [profile, behavior, &device.0] {
        bytes.extend(text.as_bytes());
        bytes.push(0xff);
    }
    bytes.push(u8::from(device.1));
    bytes.extend(started.to_be_bytes());
    let hash = bytes.iter().fold(0x6c62272e07bb014262b821756295c58d_u128, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(0x0000000001000000000000000000013b)
    });
    format!("{hash:032x}")
}
