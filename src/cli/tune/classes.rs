//! Classes of devices, each tuned by itself: every profile once a class.
//!
//! A behaviour has one threshold for all that its profile is attached to, so a class needs a profile of its own,
//! attached to a thing group of its own. The classes are made as such groups; who is in them is looked up once, as of
//! the beginning of the traffic.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use fleet_detect::profile::Target;
use fleet_detect::registry::{Registry, ThingGroup};
use fleet_detect::scenario::model::Scenario;
use fleet_detect::{Config, TargetedProfile};
use serde_json::Value;

use crate::cli::Global;
use crate::cli::failure::Failure;
use crate::cli::front;

/// What tells classes apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Thing groups: those named, or every one that has things.
    Group(Vec<String>),
    /// Thing types.
    Type,
    /// The values of a thing attribute.
    Attribute(String),
}

impl FromStr for By {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "group" => Ok(Self::Group(Vec::new())),
            None if text == "type" => Ok(Self::Type),
            Some(("group", names)) if !names.is_empty() => {
                Ok(Self::Group(names.split(',').map(|name| name.trim().to_owned()).collect()))
            }
            Some(("attribute", name)) if !name.is_empty() => Ok(Self::Attribute(name.to_owned())),
            _ => Err("expected `group`, `group=A,B`, `type` or `attribute=NAME`".to_owned()),
        }
    }
}

/// One profile, for one class of devices.
#[derive(Clone, Debug)]
pub struct Class {
    /// Name of the profile for the class.
    pub name: String,
    /// The profile it is made from.
    pub profile: String,
    /// None where devices are not told apart.
    pub class: Option<String>,
    /// Registered things in the class.
    pub things: Vec<String>,
}

impl Class {
    /// All that a profile watches.
    pub fn whole(targeted: &TargetedProfile) -> Class {
        let name = targeted.profile.security_profile_name.clone();
        Class { name: name.clone(), profile: name, class: None, things: Vec::new() }
    }

    /// What the class's behaviour set is called.
    pub fn file_name(&self) -> String {
        format!("{}.yaml", self.name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_', "-"))
    }
}

/// Type and attributes of things, by name.
pub type Things = BTreeMap<String, Value>;

/// Reads them from what ListThings returns, a registry file or a spec. A scenario's class is its devices' type.
pub fn things(path: Option<&Path>, scenario: Option<&Scenario>, global: &Global) -> Result<Things, Failure> {
    let mut things = Things::new();
    for (class_name, class) in scenario.iter().flat_map(|scenario| &scenario.classes) {
        for index in 0..class.count {
            let name = scenario.map(|scenario| scenario.device_name(class_name, class, index)).unwrap_or_default();
            things.insert(name, serde_json::json!({ "thingTypeName": class_name }));
        }
    }
    let Some(path) = path else { return Ok(things) };
    if path.extension().is_some_and(|extension| extension == "json") {
        let unusable = |message: String| Failure::new(format!("{}: {message}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        let json: Value = serde_json::from_str(&text).map_err(|error| unusable(error.to_string()))?;
        let Some(list) = json["things"].as_array() else {
            return Err(unusable("expected `things`, as in a registry file or the output of ListThings".to_owned()));
        };
        let named = list.iter().filter_map(|thing| Some((thing["thingName"].as_str()?.to_owned(), thing.clone())));
        things.extend(named);
        return Ok(things);
    }
    let front = front::read(path, global)?;
    let place = front::offline_place(&front.outline, global);
    for (address, desired) in &front::check(front, &place)?.resolved.desired {
        if address.section == "things" {
            let (kind, attributes) = (&desired.state["thingType"], &desired.state["attributes"]);
            things.insert(address.name.clone(), serde_json::json!({ "thingTypeName": kind, "attributes": attributes }));
        }
    }
    Ok(things)
}

/// The configuration with every profile once a class, and what each profile of it is.
pub fn split(config: Config, by: &By, things: &Things) -> Result<(Config, Vec<Class>), Failure> {
    let Some(registry) = &config.registry else {
        return Err(Failure::new("classes of devices need to know the things")
            .help("give them with --registry FILE: things and thingGroups"));
    };
    let members = members(registry);
    let classes = classes(by, registry, things, &members)?;
    let (mut split, mut named) = (Config { profiles: Vec::new(), ..config.clone() }, Vec::new());
    let mut groups = Vec::new();
    for targeted in &config.profiles {
        let watched = watched(registry, &members, &targeted.targets);
        let mut rest = watched.clone();
        let mut add = |class: &str, things: Vec<String>, strangers: bool| {
            let profile = targeted.profile.security_profile_name.clone();
            let name = format!("{profile}-{class}");
            let mut one = targeted.clone();
            one.profile.security_profile_name.clone_from(&name);
            // A group that no account can have, so that it is nobody's target already.
            let group_name = format!("class {name}");
            one.targets = vec![Target::ThingGroup(group_name.clone())];
            one.targets.extend(strangers.then_some(Target::UnregisteredThings));
            groups.push(ThingGroup { group_name, parent_group_name: None, things: things.clone() });
            split.profiles.push(one);
            named.push(Class { name, profile, class: Some(class.to_owned()), things });
        };
        for (class, members) in &classes {
            let mine: Vec<String> = members.intersection(&watched).map(|name| (*name).to_owned()).collect();
            if !mine.is_empty() {
                rest.retain(|thing| !members.contains(thing));
                add(class, mine, false);
            }
        }
        let strangers = targeted.targets.is_empty()
            || targeted.targets.iter().any(|target| matches!(target, Target::AllThings | Target::UnregisteredThings));
        if !rest.is_empty() || strangers {
            add("others", rest.into_iter().map(str::to_owned).collect(), strangers);
        }
    }
    if let Some(registry) = &mut split.registry {
        registry.thing_groups.extend(groups);
    }
    Ok((split, named))
}

/// The things of each group and of the groups below it.
fn members(registry: &Registry) -> BTreeMap<&str, BTreeSet<&str>> {
    let groups = &registry.thing_groups;
    let parents: BTreeMap<&str, Option<&str>> =
        groups.iter().map(|group| (group.group_name.as_str(), group.parent_group_name.as_deref())).collect();
    let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for group in groups {
        let mut above = Some(group.group_name.as_str());
        // A circle of parents is an error that the evaluator tells; here it must only end.
        for _ in 0..=groups.len() {
            let Some(name) = above else { break };
            members.entry(name).or_default().extend(group.things.iter().map(String::as_str));
            above = parents.get(name).copied().flatten();
        }
    }
    members
}

/// The registered things that a profile with these targets watches.
fn watched<'r>(
    registry: &'r Registry,
    members: &BTreeMap<&str, BTreeSet<&'r str>>,
    targets: &[Target],
) -> BTreeSet<&'r str> {
    let in_groups = registry.thing_groups.iter().flat_map(|group| &group.things);
    let all = registry.things.iter().map(|thing| &thing.thing_name).chain(in_groups).map(String::as_str);
    if targets.is_empty() || targets.iter().any(|t| matches!(t, Target::AllThings | Target::RegisteredThings)) {
        return all.collect();
    }
    let groups = targets.iter().filter_map(|target| match target {
        Target::ThingGroup(name) => members.get(name.as_str()),
        _ => None,
    });
    groups.flatten().copied().collect()
}

/// Name and things of each class.
fn classes<'r>(
    by: &By,
    registry: &'r Registry,
    things: &'r Things,
    members: &BTreeMap<&'r str, BTreeSet<&'r str>>,
) -> Result<BTreeMap<String, BTreeSet<&'r str>>, Failure> {
    let by_value = |value: &dyn Fn(&'r Value) -> Option<&'r str>, what: &str| {
        let mut classes: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (name, thing) in things {
            if let Some(value) = value(thing) {
                classes.entry(value.to_owned()).or_default().insert(name);
            }
        }
        match classes.is_empty() {
            true => Err(Failure::new(format!("no thing is known to have {what}"))
                .help("types and attributes come from --things FILE: the output of ListThings, a registry, or a spec")),
            false => Ok(classes),
        }
    };
    match by {
        By::Type => by_value(&|thing| thing["thingTypeName"].as_str(), "a thing type"),
        By::Attribute(name) => {
            by_value(&|thing| thing["attributes"][name.as_str()].as_str(), &format!("an attribute `{name}`"))
        }
        By::Group(names) => {
            if let Some(name) = names.iter().find(|name| !members.contains_key(name.as_str())) {
                let known: Vec<&str> = members.keys().copied().collect();
                return Err(Failure::new(format!("there is no thing group `{name}`"))
                    .help(format!("there is: {}", known.join(", "))));
            }
            let has_own = |name: &str| {
                registry.thing_groups.iter().any(|group| group.group_name == name && !group.things.is_empty())
            };
            let wanted = |name: &str| if names.is_empty() { has_own(name) } else { names.iter().any(|n| n == name) };
            let chosen = members.iter().filter(|(name, _)| wanted(name));
            Ok(chosen.map(|(name, things)| ((*name).to_owned(), things.clone())).collect())
        }
    }
}
