//! The traffic of a case: a scenario with its episodes, single events, or recorded files.

use std::collections::BTreeSet;
use std::path::Path;

use fleet_detect::Config;
use fleet_detect::event::{Event, EventKind, MetricName};
use fleet_detect::scenario::amount::{Moment, Span};
use fleet_detect::scenario::generate::Generator;
use fleet_detect::scenario::model::{Episode, Scenario};
use fleet_detect::traffic::ndjson;
use fleet_detect::traffic::reader::Options;
use fleet_detect::traffic::time::parse_utc;
use serde_json::Value;

use super::read::Reading;
use crate::cli::failure::Failure;
use crate::cli::simulate::source::Source;
use crate::diagnostic::Diagnostic;
use crate::spec::load;
use crate::spec::node::{Node, Tree};

/// What `events` count from where neither a scenario nor `start` says: a Monday, on the edge of every window.
const DEFAULT_START: &str = "2026-01-05T00:00:00Z";

pub enum Traffic {
    /// Made from a scenario, with single events on top, in order of time.
    Made {
        scenario: Box<Scenario>,
        extra: Vec<Event<'static>>,
        start: i64,
    },
    /// Single events in order of time.
    Events {
        events: Vec<Event<'static>>,
        start: i64,
    },
    Recorded(Source),
}

impl Traffic {
    /// Reads the traffic of a case; `base` is the scenario of the file.
    pub fn read(case: &Node, root: &Node, base: Option<&Scenario>, reading: &mut Reading) -> Option<Traffic> {
        if let Some(recorded) = case.member("traffic") {
            let others = ["scenario", "duration", "episodes", "events"];
            if let Some(other) = others.into_iter().find_map(|key| case.member(key)) {
                let message =
                    format!("`traffic` and `{}` exclude each other: recorded traffic stays as it is", other.key);
                reading.error("bad-value", other.key_span, message);
                return None;
            }
            return recorded_files(&recorded.node, reading).map(Traffic::Recorded);
        }
        let own = match case.get("scenario") {
            Some(node) => Some(scenario(node, reading)?),
            None => None,
        };
        let Some(mut scenario) = own.or_else(|| base.cloned()) else {
            return only_events(case, root, reading);
        };
        if let Some(duration) = case.get("duration") {
            scenario.duration = reading.decode(duration)?;
        }
        let episodes: Vec<Episode> = match case.get("episodes") {
            Some(node) => reading.decode(node)?,
            None => Vec::new(),
        };
        // The scenario itself is in order; alone, the episodes of the case have the numbers that they have there.
        let before = std::mem::replace(&mut scenario.episodes, episodes);
        let start = scenario.check().map_err(|message| reading.placed("bad-value", case, &message)).ok()?;
        scenario.episodes.splice(0..0, before);
        let extra = events(case, start, reading)?;
        Some(Traffic::Made { scenario: Box::new(scenario), extra, start })
    }

    /// What relative moments count from, milliseconds since the Unix epoch; for recorded traffic its first event, which
    /// is known when it has been read.
    pub fn start(&self) -> Option<i64> {
        match self {
            Traffic::Made { start, .. } | Traffic::Events { start, .. } => Some(*start),
            Traffic::Recorded(_) => None,
        }
    }

    /// Makes the types of the profiles' custom metrics known to the CSV reader.
    pub fn with_metrics(self, config: &Config) -> Traffic {
        match self {
            Traffic::Recorded(source) => Traffic::Recorded(source.with_metrics(config.metric_types())),
            made => made,
        }
    }

    pub fn scenario(&self) -> Option<&Scenario> {
        match self {
            Traffic::Made { scenario, .. } => Some(scenario),
            _ => None,
        }
    }

    /// The devices that it can speak of; for recorded traffic they are known when it has been read.
    pub fn devices(&self) -> Option<BTreeSet<String>> {
        let named = |events: &[Event]| events.iter().map(|event| event.device().to_owned()).collect::<BTreeSet<_>>();
        match self {
            Traffic::Made { scenario, extra, .. } => {
                let mut devices = named(extra);
                devices.extend(scenario.selected(&Default::default()).unwrap_or_default());
                Some(devices)
            }
            Traffic::Events { events, .. } => Some(named(events)),
            Traffic::Recorded(_) => None,
        }
    }

    /// Custom metrics that the devices report, where that is known beforehand.
    pub fn custom_metrics(&self) -> BTreeSet<String> {
        let (classes, events) = match self {
            Traffic::Made { scenario, extra, .. } => (Some(&scenario.classes), extra.as_slice()),
            Traffic::Events { events, .. } => (None, events.as_slice()),
            Traffic::Recorded(_) => (None, &[][..]),
        };
        let reports =
            classes.into_iter().flat_map(|classes| classes.values()).filter_map(|class| class.reports.as_ref());
        let mut names: BTreeSet<String> = reports.flat_map(|reports| reports.custom.keys().cloned()).collect();
        for event in events {
            if let EventKind::Report(measurements) = &event.kind {
                let custom = measurements.iter().filter(|one| matches!(one.metric, MetricName::Custom(_)));
                names.extend(custom.map(|one| one.metric.as_str().to_owned()));
            }
        }
        names
    }

    /// Hands over every event.
    pub fn feed(&self, mut take: impl FnMut(&[Event])) -> Result<(), Failure> {
        match self {
            Traffic::Recorded(source) => drop(source.feed(take)?),
            Traffic::Events { events, .. } => take(events),
            Traffic::Made { scenario, extra, .. } => {
                let mut extra = extra.as_slice();
                Generator::new(scenario).map_err(Failure::new)?.for_each(|event| {
                    let due = extra.partition_point(|other| other.at <= event.at);
                    let (now, later) = extra.split_at(due);
                    now.iter().for_each(|other| take(std::slice::from_ref(other)));
                    extra = later;
                    take(std::slice::from_ref(event));
                });
                take(extra);
            }
        }
        Ok(())
    }
}

/// Reads and checks a scenario, inline or in a file of its own.
pub fn scenario(node: &Node, reading: &mut Reading) -> Option<Scenario> {
    let read = reading.inline_or_file(node, Some(&super::schema::scenario()))?;
    let scenario: Scenario = reading.decode(&read)?;
    match scenario.check() {
        Ok(_) => Some(scenario),
        Err(message) => {
            reading.placed("bad-value", &read, &message);
            None
        }
    }
}

fn only_events(case: &Node, root: &Node, reading: &mut Reading) -> Option<Traffic> {
    if let Some(stray) = ["duration", "episodes"].into_iter().find_map(|key| case.member(key)) {
        let message = format!("`{}` needs a scenario, here or at the head of the file", stray.key);
        reading.error("bad-value", stray.key_span, message);
        return None;
    }
    if case.get("events").is_none() {
        let diagnostic = Diagnostic::error("missing-key", "this case has no traffic").at(case.span);
        let help = "add `scenario:`, `events:` or `traffic:`, or a `scenario:` at the head of the file";
        reading.diagnostics.push(diagnostic.help(help));
        return None;
    }
    let start = match root.get("start") {
        None => parse_utc(DEFAULT_START),
        Some(node) => {
            let start = node.as_text().and_then(parse_utc);
            if start.is_none() {
                reading.error("bad-value", node.span, "`start` must be a time such as 2026-01-05T08:00:00Z");
            }
            start
        }
    }?;
    let events = events(case, start, reading)?;
    Some(Traffic::Events { events, start })
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.tree) {
        Some(Tree::List(items)) => items,
        _ => &[],
    }
}

/// The events of a case, repeated as they say, in order of time.
fn events(case: &Node, start: i64, reading: &mut Reading) -> Option<Vec<Event<'static>>> {
    let mut events = Vec::new();
    for item in items(case.get("events")) {
        let mut line = item.clone();
        let [at, every, times] = ["at", "every", "times"].map(|key| line.remove(key).map(|member| member.node));
        let at: Moment = reading.decode(&at?)?;
        let every: Option<Span> = every.as_ref().map_or(Some(None), |node| reading.decode(node).map(Some))?;
        let times: Option<i64> = times.as_ref().map_or(Some(None), |node| reading.decode(node).map(Some))?;
        if every.is_some() != times.is_some() {
            reading.error("bad-value", item.span, "`every` and `times` go together");
            return None;
        }
        let mut json = line.to_json();
        json["timestamp"] = at.resolve(start).into();
        let text = json.to_string();
        let event = match ndjson::parse(text.as_bytes()) {
            Ok(event) => event.into_owned(),
            Err(bad) => {
                reading.error("bad-value", item.span, bad.to_string());
                return None;
            }
        };
        let step = every.map_or(0, |span| span.0);
        events.extend((0..times.unwrap_or(1)).map(|time| Event { at: event.at + time * step, ..event.clone() }));
    }
    events.sort_by_key(|event| event.at);
    Some(events)
}

fn recorded_files(node: &Node, reading: &mut Reading) -> Option<Source> {
    let nodes = match &node.tree {
        Tree::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut names = Vec::new();
    for node in nodes {
        let path = load::beside(&reading.sources, node.span, node.as_text()?);
        if !Path::new(&path).is_file() {
            reading.error("unreadable-file", node.span, format!("there is no file `{}`", path.display()));
            return None;
        }
        names.push(path.display().to_string());
    }
    // What a test stands on is read whole or not at all.
    Some(Source::recorded(names, Options { strict: true, ..Options::default() }).quiet())
}

/// The registry's changes of a case, in the form of a registry file.
pub fn changes(case: &Node, traffic: &Traffic, reading: &mut Reading) -> Option<Vec<fleet_detect::registry::Change>> {
    let mut changes = Vec::new();
    for item in items(case.get("changes")) {
        let mut change = item.clone();
        let at: Moment = reading.decode(&change.remove("at")?.node)?;
        let timestamp = match (at, traffic.start()) {
            (Moment::At(at), _) => at,
            (Moment::After(_), Some(start)) => at.resolve(start),
            (Moment::After(_), None) => {
                reading.error("bad-value", item.span, "beside recorded traffic `at` must be a time of its own");
                return None;
            }
        };
        let mut json = change.to_json();
        json["timestamp"] = Value::from(timestamp);
        match serde_json::from_value(json) {
            Ok(change) => changes.push(change),
            Err(error) => {
                reading.error("bad-value", item.span, error.to_string());
                return None;
            }
        }
    }
    Some(changes)
}
