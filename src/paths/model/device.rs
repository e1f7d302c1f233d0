//! What the devices do when all is well: the classes of the scenarios that the spec names.

use fleet_detect::scenario::model::{Class, Scenario};

/// The classes of all scenarios. Without any, what devices do is not known.
#[derive(Default)]
pub struct Devices {
    pub classes: Vec<DeviceClass>,
}

pub struct DeviceClass {
    pub name: String,
    /// The scenario's file, for messages.
    pub file: String,
    pub class: Class,
}

impl Devices {
    pub fn new(scenarios: Vec<(String, Scenario)>) -> Devices {
        let classes = scenarios.into_iter().flat_map(|(file, scenario)| {
            scenario.classes.into_iter().map(move |(name, class)| DeviceClass { name, file: file.clone(), class })
        });
        Devices { classes: classes.collect() }
    }

    /// Whether anything is known of what devices do.
    pub fn known(&self) -> bool {
        !self.classes.is_empty()
    }

    /// Devices in groups that `wanted` takes.
    pub fn count_in(&self, wanted: impl Fn(&str) -> bool) -> u64 {
        let classes = self.classes.iter().filter(|one| one.class.groups.iter().any(|group| wanted(group)));
        classes.map(|one| one.class.count).sum()
    }
}
