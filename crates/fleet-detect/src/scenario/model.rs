//! The scenario file: device classes, their ordinary life, and episodes.
//!
//! ```yaml
//! seed: 7
//! start: 2026-01-05T08:00:00Z
//! duration: 6h
//! classes:
//!   sensor:
//!     count: 20
//!     groups: [factory]
//!     messages: { every: 60s, bytes: { min: 150, max: 400 }, topic: "factory/${thing}/telemetry" }
//!     reports: { every: 5m, bytesOut: { min: 8000, max: 12000 }, tcpPorts: [22] }
//! episodes:
//!   - { kind: publish-storm, at: 2h, for: 15m, devices: { names: [sensor-3] }, factor: 50 }
//! ```

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::amount::{Amount, Moment, Span};
use crate::registry::{Registry, Thing, ThingGroup};
use crate::traffic::time::{EARLIEST, LATEST, parse_utc};

/// Most devices of a scenario, over all classes.
pub const MAX_DEVICES: u64 = 10_000_000;

/// Most times that an episode multiplies anything.
pub const MAX_FACTOR: u64 = 1_000_000;
/// Most messages a second that a device sends while it suffers an episode. AWS IoT takes 100 on a connection.
pub const MAX_RATE: u64 = 100_000;

/// A whole scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    #[serde(default)]
    pub seed: u64,
    /// UTC, such as `2026-01-05T08:00:00Z`.
    pub start: String,
    pub duration: Span,
    /// Name to class; devices are numbered in the order of the names.
    pub classes: BTreeMap<String, Class>,
    #[serde(default)]
    pub episodes: Vec<Episode>,
}

/// Devices of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Class {
    pub count: u64,
    /// Name of each device with `{n}` for its number from 1; the class name, a dash and the number where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the devices are registered things; otherwise they are clients.
    #[serde(default = "yes")]
    pub registered: bool,
    /// Thing groups that the devices are in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// A word that episodes can select by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where the devices connect from; each keeps one address of it.
    #[serde(default = "private_network")]
    pub network: IpNet,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Messages>,
    /// Messages to the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Messages>,
    /// How long a session lasts before the device reconnects; without it a device stays connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<Reports>,
    /// Percent of messages and deliveries that happen in each hour of the day, UTC; 100 where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_shape: Option<[u8; 24]>,
}

/// A stream of messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Messages {
    pub every: Span,
    /// Payload length.
    #[serde(default = "small_message")]
    pub bytes: Amount,
    /// Topic with `${thing}` for the device's name.
    #[serde(default = "telemetry_topic")]
    pub topic: String,
}

/// Device-side reports. What is left out is not reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reports {
    pub every: Span,
    /// Change since the previous report, as of the next three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_out: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_in: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets_out: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets_in: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp_ports: Option<Vec<u16>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp_ports: Option<Vec<u16>>,
    /// Remote addresses of established connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destinations: Option<Vec<IpAddr>>,
    /// Custom metrics of type `number`.
    #[serde(default)]
    pub custom: BTreeMap<String, CustomNumber>,
}

/// A custom metric's values: `min` to `max` in steps of `step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomNumber {
    pub min: Number,
    pub max: Number,
    #[serde(default = "one")]
    pub step: Number,
}

/// Something that goes wrong for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Episode {
    pub kind: EpisodeKind,
    pub at: Moment,
    /// To the end of the scenario where not given.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Span>,
    pub devices: Selection,
    /// How many times more: messages, bytes, connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<u64>,
    /// Attempts a minute and device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// How far a device's clock is off; behind with `behind: true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<Span>,
    #[serde(default)]
    pub behind: bool,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EpisodeKind {
    /// `factor` (default 50) times the messages.
    PublishStorm,
    /// `perMinute` (default 20) refused connects under the device's client ID, from `address`.
    CredentialStuffing,
    /// `perMinute` (default 6) disconnects, each followed by a connect.
    ReconnectStorm,
    /// Messages `factor` (default 20) times as long.
    Exfiltration,
    /// TCP `port` (default 23) appears among the listening ports.
    PortOpened,
    /// `address` appears among the destinations.
    UnknownDestination,
    /// Nothing is heard of the device; it disconnects first.
    SilentDevice,
    /// The devices talk to `address` and send `factor` (default 30) times the bytes and packets.
    Botnet,
    /// A bad firmware: `factor` (default 5) times the messages, and `perMinute` (default 2) reconnects.
    BadOta,
    /// Reports are stamped `skew` (default 20m) ahead or `behind`.
    ClockSkew,
    /// The device reboots, and its agent's first report holds totals instead of differences: `factor` (default 500)
    /// times the usual.
    CounterReset,
}

/// Which devices; all conditions that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

fn yes() -> bool {
    true
}

fn private_network() -> IpNet {
    // 10.0.0.0/8 (RFC 1918).
    IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8))
}

fn small_message() -> Amount {
    Amount { min: 100, max: 400 }
}

fn telemetry_topic() -> String {
    "devices/${thing}/telemetry".to_owned()
}

fn one() -> Number {
    Number::from(1)
}

impl Scenario {
    /// Start in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// Names the member that makes no sense.
    pub fn check(&self) -> Result<i64, String> {
        let start = parse_utc(&self.start).filter(|start| (EARLIEST..LATEST).contains(start));
        let start = start.ok_or_else(|| format!("start: `{}` is not like 2026-01-05T08:00:00Z", self.start))?;
        if self.duration.0 <= 0 || start + self.duration.0 > LATEST {
            return Err("duration: must be more than 0s and end before the year 2100".to_owned());
        }
        let devices = self.classes.values().fold(0_u64, |sum, class| sum.saturating_add(class.count));
        if devices > MAX_DEVICES {
            return Err(format!("classes: {devices} devices, more than {MAX_DEVICES}"));
        }
        for (name, class) in &self.classes {
            class.check().map_err(|message| format!("classes.{name}.{message}"))?;
            self.check_rate(name, class).map_err(|message| format!("classes.{name}.{message}"))?;
        }
        for (index, episode) in self.episodes.iter().enumerate() {
            if episode.factor.is_some_and(|factor| factor > MAX_FACTOR) {
                return Err(format!("episodes[{index}].factor: must be at most {MAX_FACTOR}"));
            }
            episode.devices.check(self).map_err(|message| format!("episodes[{index}].devices.{message}"))?;
        }
        Ok(start)
    }

    /// Refuses storms that no device could raise, and no memory hold.
    fn check_rate(&self, class_name: &str, class: &Class) -> Result<(), String> {
        let Some(messages) = &class.messages else { return Ok(()) };
        let largest = |kind: EpisodeKind| {
            let concerns = |episode: &&Episode| episode.kind == kind && episode.devices.may_hold(class_name, class);
            // Without a factor of its own an episode multiplies by 50 at most.
            self.episodes.iter().filter(concerns).map(|episode| episode.factor.unwrap_or(50)).max().unwrap_or(1)
        };
        let factor = largest(EpisodeKind::PublishStorm).saturating_mul(largest(EpisodeKind::BadOta));
        let rate = factor.saturating_mul(1000) / messages.every.0.unsigned_abs().max(1);
        if rate > MAX_RATE {
            return Err(format!("messages: {rate} a second in an episode, more than {MAX_RATE}"));
        }
        Ok(())
    }

    /// Name of a class's device, counted from zero.
    pub fn device_name(&self, class_name: &str, class: &Class, index: u64) -> String {
        let number = (index + 1).to_string();
        match &class.name {
            Some(pattern) => pattern.replace("{n}", &number),
            None => format!("{class_name}-{number}"),
        }
    }

    /// Names of the devices that a selection holds, in the order of the classes; those of all where it is empty.
    ///
    /// # Errors
    /// Names what does not exist.
    pub fn selected(&self, selection: &Selection) -> Result<Vec<String>, String> {
        selection.check(self)?;
        let named = self.classes.iter().flat_map(|(class_name, class)| {
            let names = (0..class.count).map(move |index| self.device_name(class_name, class, index));
            names.filter(move |name| selection.holds(name, class_name, class))
        });
        Ok(named.collect())
    }

    /// The registry that the classes and groups amount to.
    pub fn registry(&self) -> Registry {
        let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut things = Vec::new();
        for (class_name, class) in self.classes.iter().filter(|(_, class)| class.registered) {
            for index in 0..class.count {
                let name = self.device_name(class_name, class, index);
                for group in &class.groups {
                    groups.entry(group).or_default().push(name.clone());
                }
                things.push(Thing { thing_name: name });
            }
        }
        let group = |(name, things): (&str, Vec<String>)| ThingGroup {
            group_name: name.to_owned(),
            parent_group_name: None,
            things,
        };
        Registry { things, thing_groups: groups.into_iter().map(group).collect(), changes: Vec::new() }
    }
}

impl Class {
    fn check(&self) -> Result<(), String> {
        let spans = [
            ("messages.every", self.messages.as_ref().map(|messages| messages.every)),
            ("deliveries.every", self.deliveries.as_ref().map(|messages| messages.every)),
            ("session", self.session),
            ("reports.every", self.reports.as_ref().map(|reports| reports.every)),
        ];
        for (member, span) in spans {
            // Ten milliseconds bound a device to a hundred events a second in each stream.
            if span.is_some_and(|span| span.0 < 10) {
                return Err(format!("{member}: must be at least 10ms"));
            }
        }
        if self.count > 1 && self.name.as_ref().is_some_and(|name| !name.contains("{n}")) {
            return Err("name: needs `{n}`, or all devices have one name".to_owned());
        }
        for (name, custom) in self.reports.iter().flat_map(|reports| &reports.custom) {
            let range = [&custom.min, &custom.max, &custom.step].map(|number| number.as_f64());
            if !matches!(range, [Some(min), Some(max), Some(step)] if min <= max && step > 0.0) {
                return Err(format!("reports.custom.{name}: needs min ≤ max and a step above 0"));
            }
        }
        Ok(())
    }
}

impl Selection {
    /// Refuses a selection of nothing by name of what does not exist.
    fn check(&self, scenario: &Scenario) -> Result<(), String> {
        let mut classes = scenario.classes.values();
        if let Some(class) = self.class.as_ref().filter(|class| !scenario.classes.contains_key(*class)) {
            return Err(format!("class: there is no class `{class}`"));
        }
        if let Some(group) = &self.group
            && !classes.clone().any(|class| class.groups.contains(group))
        {
            return Err(format!("group: no class is in group `{group}`"));
        }
        if let Some(region) = &self.region
            && !classes.any(|class| class.region.as_ref() == Some(region))
        {
            return Err(format!("region: no class is in region `{region}`"));
        }
        let known = |wanted: &String| {
            let mut names = scenario.classes.iter().flat_map(|(class_name, class)| {
                (0..class.count).map(|index| scenario.device_name(class_name, class, index))
            });
            names.any(|name| name == *wanted)
        };
        match self.names.iter().flatten().find(|name| !known(name)) {
            Some(name) => Err(format!("names: there is no device `{name}`")),
            None => Ok(()),
        }
    }

    pub(crate) fn holds(&self, name: &str, class_name: &str, class: &Class) -> bool {
        self.names.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted == name))
            && self.may_hold(class_name, class)
    }

    /// Whether devices of the class can be selected, by all but their names.
    fn may_hold(&self, class_name: &str, class: &Class) -> bool {
        self.class.as_ref().is_none_or(|wanted| wanted == class_name)
            && self.group.as_ref().is_none_or(|group| class.groups.contains(group))
            && self.region.as_ref().is_none_or(|region| class.region.as_ref() == Some(region))
    }
}
