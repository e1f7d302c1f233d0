//! Everything that the rules may look at, built from states: those to reach, or those that are live.

use std::collections::BTreeMap;

use serde_json::Value;

use super::alarm::Alarm;
use super::audit::{Audit, Schedule};
use super::dashboard::Dashboard;
use super::device::Devices;
use super::function::Function;
use super::logging::Logging;
use super::metric::{self, Produced};
use super::mitigation::Mitigation;
use super::profile::Profile;
use super::role::Role;
use super::thing_group::ThingGroup;
use super::topic::Topic;
use super::topic_rule::TopicRule;
use crate::address::Address;
use crate::kind;
use crate::ownership::Tags;
use crate::scope::{Place, Scope, alone};
use crate::spec::entry::Entry;

/// What a fleet is built from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub fleet: &'a str,
    pub place: &'a Place,
    /// States in canonical form.
    pub objects: &'a BTreeMap<Address, &'a Value>,
    /// What AWS is not told, such as `emits`, and in which form something was written.
    pub entries: &'a BTreeMap<Address, Entry>,
    pub devices: &'a Devices,
}

/// The fleet.
pub struct Fleet<'a> {
    pub place: &'a Place,
    pub profiles: Vec<Profile>,
    pub topics: Vec<Topic>,
    pub functions: Vec<Function>,
    pub roles: Vec<Role>,
    pub topic_rules: Vec<TopicRule>,
    pub alarms: Vec<Alarm>,
    pub dashboards: Vec<Dashboard>,
    pub audit: Option<Audit>,
    pub schedules: Vec<Schedule>,
    pub mitigations: Vec<Mitigation>,
    pub logging: Option<Logging>,
    pub groups: Vec<ThingGroup>,
    pub devices: &'a Devices,
    /// Every metric that something here puts into CloudWatch.
    pub produced: Vec<Produced>,
    log_groups: Vec<Address>,
    objects: &'a BTreeMap<Address, &'a Value>,
    by_arn: BTreeMap<String, Address>,
    tags: BTreeMap<Address, Tags>,
    entries: &'a BTreeMap<Address, Entry>,
}

impl<'a> Fleet<'a> {
    pub fn new(input: Input<'a>) -> Fleet<'a> {
        let section = |name: &'static str| {
            input
                .objects
                .iter()
                .filter(move |(address, _)| address.section == name)
                .map(|(address, state)| (address, *state))
        };
        let arn = |address: &Address| arn(&input, address).unwrap_or_default();
        let functions: Vec<Function> = section("functions")
            .map(|(address, state)| Function::new(address, arn(address), state, input.entries.get(address)))
            .collect();
        let topic_rules: Vec<TopicRule> =
            section("topicRules").map(|(address, state)| TopicRule::new(address, arn(address), state)).collect();
        let by_arn = input.objects.keys().filter(|address| address.section != "things");
        let by_arn = by_arn.filter_map(|address| Some((self::arn(&input, address)?, address.clone()))).collect();
        Fleet {
            place: input.place,
            profiles: section("securityProfiles")
                .map(|(address, state)| Profile::new(address, arn(address), state))
                .collect(),
            topics: section("topics").map(|(address, state)| Topic::new(address, arn(address), state)).collect(),
            roles: section("roles").map(|(address, state)| Role::new(address, arn(address), state, &input)).collect(),
            alarms: section("alarms").map(|(address, state)| Alarm::new(address, arn(address), state)).collect(),
            dashboards: section("dashboards").map(|(address, state)| Dashboard::new(address, state)).collect(),
            audit: section("audit").next().map(|(address, state)| Audit::new(address, state)),
            schedules: section("audit.schedules").map(|(address, state)| Schedule::new(address, state)).collect(),
            mitigations: section("mitigationActions")
                .map(|(address, state)| Mitigation::new(address, arn(address), state))
                .collect(),
            logging: section("logging").next().map(|(address, state)| Logging::new(address, state)),
            groups: section("thingGroups")
                .map(|(address, state)| ThingGroup::new(address, arn(address), state))
                .collect(),
            devices: input.devices,
            produced: metric::produced(&functions, &topic_rules),
            functions,
            topic_rules,
            log_groups: section("logGroups").map(|(address, _)| address.clone()).collect(),
            objects: input.objects,
            by_arn,
            tags: input.objects.iter().filter_map(|(address, state)| Some((address.clone(), tags(state)?))).collect(),
            entries: input.entries,
        }
    }

    /// The object that an ARN names, if it is of this spec.
    pub fn named(&self, arn: &str) -> Option<&Address> {
        self.by_arn.get(arn)
    }

    /// The objects of a section, in the order of their names.
    pub fn section(&self, name: &str) -> impl Iterator<Item = &Address> {
        self.objects.keys().filter(move |address| address.section == name)
    }

    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    pub fn topic(&self, arn: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.arn == arn)
    }

    pub fn function(&self, arn: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.arn == arn)
    }

    pub fn group(&self, arn: &str) -> Option<&ThingGroup> {
        self.groups.iter().find(|group| group.arn == arn)
    }

    pub fn has_log_group(&self, name: &str) -> bool {
        self.log_groups.iter().any(|address| address.name == name)
    }

    /// The tags of an object, without fleetctl's own.
    pub fn tags(&self, address: &Address) -> Option<&Tags> {
        self.tags.get(address)
    }

    /// What the spec says at a pointer of an entry.
    pub fn written(&self, address: &Address, pointer: &str) -> Option<Value> {
        self.entries.get(address)?.node.find(pointer).map(|node| node.to_json())
    }

    /// How an ARN is said in messages: the address of what it names, or the ARN.
    pub fn name_of(&self, arn: &str) -> String {
        self.named(arn).map_or_else(|| arn.to_owned(), ToString::to_string)
    }

    /// The devices that a profile with these targets watches: how many the spec and its scenarios name. `None` where
    /// it is attached to what nobody here can count.
    pub fn population(&self, profile: &Profile) -> Option<u64> {
        let mut known = 0_u64;
        for target in &profile.attached {
            let group = self.group(target)?;
            let below = self.with_children(&group.address.name);
            let members: Option<usize> = below.iter().map(|group| group.things).sum();
            let simulated = self.devices.count_in(|name| below.iter().any(|group| group.address.name == name));
            known += match (members, simulated) {
                (Some(members), simulated) => (members as u64).max(simulated),
                (None, 0) => return None,
                (None, simulated) => simulated,
            };
        }
        Some(known)
    }

    /// A group with all groups below it.
    pub fn with_children(&self, name: &str) -> Vec<&ThingGroup> {
        let mut names = vec![name];
        let mut found: Vec<&ThingGroup> = Vec::new();
        while let Some(name) = names.pop() {
            let here = self.groups.iter().filter(|group| group.address.name == name);
            let here: Vec<_> = here.filter(|group| !found.iter().any(|known| known.address == group.address)).collect();
            found.extend(here);
            let children = self.groups.iter().filter(|group| group.parent.as_deref() == Some(name));
            names.extend(children.map(|group| group.address.name.as_str()));
        }
        found
    }

    /// Whether devices of a scenario's class are among those that the profile watches.
    pub fn watches(&self, profile: &Profile, groups: &[String], registered: bool) -> bool {
        profile.attached.iter().any(|target| match target.rsplit(':').next().unwrap_or_default() {
            "all/things" => true,
            "all/registered-things" => registered,
            "all/unregistered-things" => !registered,
            group => {
                let name = group.strip_prefix("thinggroup/").unwrap_or(group);
                let mut below = self.with_children(name);
                below.retain(|group| groups.contains(&group.address.name));
                !below.is_empty() || groups.iter().any(|own| own == name)
            }
        })
    }
}

fn arn(input: &Input, address: &Address) -> Option<String> {
    let no_files = BTreeMap::new();
    let scope = Scope {
        fleet: input.fleet,
        place: input.place,
        name: &address.name,
        files: &no_files,
        invokers: &[],
        declared: &alone,
    };
    kind::find(&address.section)?.attribute(&address.name, "arn", &scope)
}

fn tags(state: &Value) -> Option<Tags> {
    let tags = state.get("tags")?.as_object()?;
    Some(tags.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect())
}

/// The text at a key of a state.
pub fn text(state: &Value, key: &str) -> Option<String> {
    state.get(key)?.as_str().map(str::to_owned)
}

/// The texts at a key of a state.
pub fn texts(state: &Value, key: &str) -> Vec<String> {
    let items = state.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
