//! The cases of a test file, ready to run.

use std::collections::BTreeSet;
use std::path::Path;

use fleet_detect::expect::{Expectations, ExpectedAlarm};
use fleet_detect::registry::Registry;
use fleet_detect::scenario::model::{Scenario, Selection};
use fleet_detect::{Config, Evaluator};

use super::read::Reading;
use super::schema;
use super::subject::{self, Subject};
use super::traffic::{self, Traffic};
use crate::cli::Global;
use crate::cli::simulate::profiles;
use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::spec::node::{Member, Node, Tree};
use crate::spec::{load, parse, shape};

/// One case.
pub struct Case {
    pub name: String,
    /// Where it stands in its file.
    pub at: Span,
    pub config: Config,
    pub traffic: Traffic,
    pub expected: Expectations,
    /// Where each expected alarm names its device.
    device_places: Vec<Span>,
}

/// Reads a file's cases. Those with mistakes are left out, and the mistakes are in `reading`.
pub fn read(path: &Path, reading: &mut Reading, global: &Global) -> Vec<Case> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            reading.diagnostics.push(load::unreadable(path, &error));
            return Vec::new();
        }
    };
    let source = reading.sources.add(path.to_owned(), text.clone());
    let Some(root) = parse::parse(source, &text, &mut reading.diagnostics) else { return Vec::new() };
    if !matches!(root.tree, Tree::Map(_)) {
        reading.error("wrong-type", root.span, "a test file is a map with `tests:` and what is tested");
        return Vec::new();
    }
    shape::check(&root, &schema::checked(), &mut reading.diagnostics);
    if reading.diagnostics.has_errors() {
        return Vec::new();
    }
    let subject = subject::read(&root, reading, global);
    let base = root.get("scenario").map(|node| traffic::scenario(node, reading));
    let (Some(subject), None | Some(Some(_))) = (subject, &base) else { return Vec::new() };
    let Some(Tree::List(cases)) = root.get("tests").map(|node| &node.tree) else { return Vec::new() };
    let base = base.flatten();
    let cases = cases.iter().filter_map(|node| case(node, &root, &subject, base.as_ref(), reading)).collect();
    unique(&cases, reading);
    cases
}

/// A report names a case by its name.
fn unique(cases: &Vec<Case>, reading: &mut Reading) {
    let mut seen = std::collections::BTreeMap::new();
    for case in cases {
        if let Some(first) = seen.insert(&case.name, case.at) {
            let diagnostic = Diagnostic::error("duplicate-name", "two cases have this name").at(case.at);
            reading.diagnostics.push(diagnostic.related(first, "first here"));
        }
    }
}

fn case(node: &Node, root: &Node, subject: &Subject, base: Option<&Scenario>, reading: &mut Reading) -> Option<Case> {
    let traffic = Traffic::read(node, root, base, reading);
    let (expected, places) = expectations(node.get("expect")?, traffic.as_ref(), reading)?;
    check_behaviors(&expected, &places, subject, reading);
    let traffic = traffic?;
    let mut config = subject.config.clone();
    if let Some(scenario) = traffic.scenario() {
        profiles::add(config.registry.get_or_insert_with(Registry::default), scenario.registry());
    }
    let changes = traffic::changes(node, &traffic, reading)?;
    if !changes.is_empty() {
        config.registry.get_or_insert_with(Registry::default).changes.extend(changes);
    }
    let traffic = traffic.with_metrics(&config);
    if let Err(error) = Evaluator::new(&config) {
        reading.error("bad-value", node.span, error.to_string());
        return None;
    }
    check_reported(&traffic, &config, node, reading);
    let name = node.get("name")?;
    let device_places = places.iter().map(|place| place.device).collect();
    let case = Case { name: name.as_text()?.to_owned(), at: name.span, config, traffic, expected, device_places };
    if let Some(devices) = case.traffic.devices() {
        case.check_devices(&devices, reading);
    }
    Some(case)
}

impl Case {
    /// Reports devices that are expected to alarm and that neither the traffic nor the registry knows.
    pub fn check_devices(&self, seen: &BTreeSet<String>, reading: &mut Reading) {
        let things = self.config.registry.iter().flat_map(|registry| &registry.things);
        let known: BTreeSet<&str> =
            seen.iter().map(String::as_str).chain(things.map(|thing| thing.thing_name.as_str())).collect();
        for (alarm, place) in self.expected.alarms.iter().zip(&self.device_places) {
            if !known.contains(alarm.device.as_str()) {
                let message = format!("no device `{}` is in this traffic", alarm.device);
                let help = did_you_mean(&alarm.device, known.iter().copied());
                let help = help.or_else(|| some_of("there are", known.iter().copied()));
                reading.diagnostics.push(Diagnostic::error("unknown-device", message).at(*place).help_if(help));
            }
        }
    }
}

/// Where an expected alarm names what it is about.
struct Place {
    device: Span,
    behavior: Span,
    profile: Span,
}

/// Reads what is expected, one alarm for each device.
fn expectations(node: &Node, traffic: Option<&Traffic>, reading: &mut Reading) -> Option<(Expectations, Vec<Place>)> {
    let (mut expected, mut places) = (Expectations::default(), Vec::new());
    if node.as_text().is_some() {
        return Some((expected, places));
    }
    if let Some(allow) = node.get("allowOthers") {
        expected.allow_others = reading.decode(allow)?;
    }
    let Some(Tree::List(alarms)) = node.get("alarms").map(|node| &node.tree) else { return Some((expected, places)) };
    for alarm in alarms {
        let span = |key: &str| alarm.get(key).map_or(alarm.span, |node| node.span);
        for (device, at) in devices(alarm, traffic, reading)? {
            let mut one = alarm.clone();
            one.remove("devices");
            one.remove("device");
            one.insert(Member { key: "device".to_owned(), key_span: at, node: Node::text(at, device) });
            expected.alarms.push(reading.decode::<ExpectedAlarm>(&one)?);
            places.push(Place { device: at, behavior: span("behavior"), profile: span("profile") });
        }
    }
    Some((expected, places))
}

/// The devices of an expected alarm: `device`, a list, or a selection of the scenario's.
fn devices(alarm: &Node, traffic: Option<&Traffic>, reading: &mut Reading) -> Option<Vec<(String, Span)>> {
    let named = |node: &Node| Some((node.as_text()?.to_owned(), node.span));
    match (alarm.get("device"), alarm.get("devices")) {
        (Some(device), None) => Some(vec![named(device)?]),
        (None, Some(list)) if matches!(list.tree, Tree::List(_)) => {
            let Tree::List(items) = &list.tree else { return None };
            Some(items.iter().filter_map(named).collect())
        }
        (None, Some(selection)) => {
            let chosen: Selection = reading.decode(selection)?;
            // Traffic with mistakes has told of them.
            let Some(scenario) = traffic?.scenario() else {
                reading.error("bad-value", selection.span, "devices can be selected from a scenario only; name them");
                return None;
            };
            match scenario.selected(&chosen) {
                Ok(names) => Some(names.into_iter().map(|name| (name, selection.span)).collect()),
                Err(message) => {
                    reading.placed("unknown-device", selection, &message);
                    None
                }
            }
        }
        _ => {
            reading.error("missing-key", alarm.span, "an expected alarm needs either `device:` or `devices:`");
            None
        }
    }
}

fn check_behaviors(expected: &Expectations, places: &[Place], subject: &Subject, reading: &mut Reading) {
    let profiles = || subject.config.profiles.iter().map(|targeted| &targeted.profile);
    for (alarm, place) in expected.alarms.iter().zip(places) {
        if let Some(profile) = &alarm.profile
            && !profiles().any(|known| known.security_profile_name == *profile)
        {
            let unattached = subject.unattached.contains(profile);
            let help = unattached.then(|| "it is attached to nothing; see `attachTo`".to_owned());
            let names: Vec<&str> = profiles().map(|known| known.security_profile_name.as_str()).collect();
            let help = help.or_else(|| did_you_mean(profile, names.iter().copied()));
            let help = help.or_else(|| some_of("there are", names.iter().copied()));
            let message = format!("no security profile `{profile}` is tested here");
            reading.diagnostics.push(Diagnostic::error("unknown-profile", message).at(place.profile).help_if(help));
            continue;
        }
        let of = profiles().filter(|known| alarm.profile.as_ref().is_none_or(|p| *p == known.security_profile_name));
        let behaviors: Vec<_> = of.flat_map(|profile| &profile.behaviors).collect();
        let found = behaviors.iter().find(|behavior| behavior.name == alarm.behavior);
        if found.is_some_and(|behavior| behavior.criteria.is_some()) {
            continue;
        }
        let names: Vec<&str> = behaviors.iter().map(|behavior| behavior.name.as_str()).collect();
        let (message, help) = match found {
            Some(_) => {
                let message = format!("behaviour `{}` has no criteria, so it never alarms", alarm.behavior);
                (message, Some("it only retains its metric; give it `alarmWhen` or `criteria`".to_owned()))
            }
            None => {
                let help = did_you_mean(&alarm.behavior, names.iter().copied());
                let help = help.or_else(|| some_of("there are", names.iter().copied()));
                (format!("no behaviour `{}` is tested here", alarm.behavior), help)
            }
        };
        reading.diagnostics.push(Diagnostic::error("unknown-behavior", message).at(place.behavior).help_if(help));
    }
}

/// Warns of custom metrics that the traffic reports and no behaviour measures: most likely misspelt in one of both.
fn check_reported(traffic: &Traffic, config: &Config, case: &Node, reading: &mut Reading) {
    let measured = config.metric_types();
    for name in traffic.custom_metrics().iter().filter(|name| !measured.0.contains_key(*name)) {
        let diagnostic = Diagnostic::warning("unmeasured-metric", format!("no behaviour measures `{name}`"));
        let at = case.get("name").map_or(case.span, |name| name.span);
        let help = did_you_mean(name, measured.0.keys().map(String::as_str));
        reading.diagnostics.push(diagnostic.at(at).help_if(help));
    }
}

fn some_of<'a>(intro: &str, names: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    const SHOWN: usize = 12;
    let count = names.clone().count();
    let shown: Vec<&str> = names.take(SHOWN).collect();
    let more = if count > SHOWN { format!(" and {} more", count - SHOWN) } else { String::new() };
    (count > 0).then(|| format!("{intro} {}{more}", shown.join(", ")))
}
