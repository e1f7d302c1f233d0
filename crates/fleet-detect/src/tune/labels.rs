//! Labelled incidents: times at which an alarm of a device is right.

use std::collections::BTreeMap;

use super::plan::Reach;
use super::record::Series;
use crate::scenario::model::{EpisodeKind, Scenario};

/// Something that an alarm should have told of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Incident {
    pub device: String,
    /// Milliseconds since the Unix epoch, inclusive.
    pub from: i64,
    /// Milliseconds since the Unix epoch, exclusive.
    pub to: i64,
    /// The behaviours it concerns; all of them where the list is empty.
    pub behaviors: Vec<String>,
}

impl Incident {
    pub(crate) fn concerns(&self, behavior: &str) -> bool {
        self.behaviors.is_empty() || self.behaviors.iter().any(|name| name == behavior)
    }

    /// The incidents that a scenario's episodes are, one a device. A wrong clock and a counter that starts anew after
    /// a reboot harm nobody; alarms of them are false.
    ///
    /// # Errors
    /// When the scenario contradicts itself; names the member.
    pub fn of_scenario(scenario: &Scenario) -> Result<Vec<Incident>, String> {
        let start = scenario.check()?;
        let end = start + scenario.duration.0;
        let mut incidents = Vec::new();
        for episode in &scenario.episodes {
            if matches!(episode.kind, EpisodeKind::ClockSkew | EpisodeKind::CounterReset) {
                continue;
            }
            let from = episode.at.resolve(start);
            let to = episode.lasts.map_or(end, |span| from.saturating_add(span.0)).min(end);
            for (class_name, class) in &scenario.classes {
                let names = (0..class.count).map(|index| scenario.device_name(class_name, class, index));
                let hit = names.filter(|name| episode.devices.holds(name, class_name, class));
                incidents.extend(hit.map(|device| Incident { device, from, to, behaviors: Vec::new() }));
            }
        }
        Ok(incidents)
    }
}

/// An incident at one device of a series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spell {
    pub began: i64,
    /// Time of the first datapoint that can tell of it.
    pub from: i64,
    /// Time of the first datapoint that cannot any more.
    pub to: i64,
    /// Position in the list of incidents.
    pub incident: usize,
}

impl Spell {
    /// Whether a datapoint of that time can tell of the incident.
    pub fn holds(&self, at: i64) -> bool {
        self.from <= at && at < self.to
    }
}

/// The incidents of each device of the series, in its order. A window that ends just where the incident begins saw
/// nothing of it, and the one that holds its last minutes ends after it.
pub(crate) fn spells(incidents: &[Incident], behavior: &str, series: &Series, reach: Reach) -> Vec<Vec<Spell>> {
    let mut by_device: BTreeMap<&str, Vec<Spell>> = BTreeMap::new();
    for (position, incident) in incidents.iter().enumerate().filter(|(_, incident)| incident.concerns(behavior)) {
        by_device.entry(&incident.device).or_default().push(Spell {
            began: incident.from,
            from: incident.from.saturating_add(i64::from(reach.windowed)),
            to: incident.to.saturating_add(reach.millis),
            incident: position,
        });
    }
    let of = |name: &String| by_device.get(name.as_str()).cloned().unwrap_or_default();
    series.devices.iter().map(|device| of(&device.name)).collect()
}
