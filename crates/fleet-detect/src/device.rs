//! Devices: names become small numbers, and every event finds its device and the profiles that watch it.
//!
//! A registered thing and an unregistered client of the same name are different devices (developer guide,
//! "troubleshooting"). Names are kept once, back to back, so that a million of them cost little more than their text.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;

use crate::registry::{ProfileSet, Standing, Standings};

/// Position of a device in every table of the evaluator.
pub type DeviceId = u32;

/// Marks a standing under which the name has no device yet.
const NONE: DeviceId = DeviceId::MAX;

/// All names and devices seen.
#[derive(Debug)]
pub(crate) struct Devices {
    standings: Standings,
    text: String,
    names: Vec<Name>,
    by_name: HashTable<u32>,
    /// Name and registration of each device.
    devices: Vec<(u32, bool)>,
}

#[derive(Clone, Copy, Debug)]
struct Name {
    start: usize,
    length: u32,
    /// The standing, for a name whose standing never changes.
    fixed: Option<(bool, ProfileSet)>,
    /// Its unregistered and its registered device.
    devices: [DeviceId; 2],
}

/// The devices in the order of their numbers, as saved state holds them.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SavedDevices(Vec<(String, bool)>);

/// What an event's device is at that time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    pub device: DeviceId,
    pub profiles: ProfileSet,
}

impl Devices {
    pub fn new(standings: Standings) -> Self {
        Self { standings, text: String::new(), names: Vec::new(), by_name: HashTable::new(), devices: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// The hash by which a name is found.
    pub fn hash(&self, name: &str) -> u64 {
        FixedState::default().hash_one(name)
    }

    /// The device of that name, with its hash, at that time; made known if it is new.
    pub fn find(&mut self, name: &str, hash: u64, at: i64) -> Found {
        let position = self.name_position(name, hash);
        let entry = self.names[position as usize];
        let (registered, profiles) = entry.fixed.unwrap_or_else(|| {
            let standing = Standings::at(self.standings.of(name), at);
            (standing.registered, standing.profiles)
        });
        Found { device: self.device(position, registered), profiles }
    }

    /// The profiles that watch a device at a time: none while the name stands for its other device.
    pub fn profiles(&self, device: DeviceId, at: i64) -> ProfileSet {
        let (position, registered) = self.devices[device as usize];
        if let Some((_, profiles)) = self.names[position as usize].fixed {
            return profiles;
        }
        let standing = Standings::at(self.standings.of(self.name_text(position)), at);
        if standing.registered == registered { standing.profiles } else { 0 }
    }

    pub fn name(&self, device: DeviceId) -> &str {
        self.name_text(self.devices[device as usize].0)
    }

    pub fn is_registered(&self, device: DeviceId) -> bool {
        self.devices[device as usize].1
    }

    fn name_text(&self, position: u32) -> &str {
        let name = &self.names[position as usize];
        &self.text[name.start..name.start + name.length as usize]
    }

    fn name_position(&mut self, name: &str, hash: u64) -> u32 {
        let hasher = FixedState::default();
        let (names, text) = (&self.names, &self.text);
        let of = |position: &u32| {
            let known = &names[*position as usize];
            &text[known.start..known.start + known.length as usize]
        };
        if let Some(position) = self.by_name.find(hash, |position| of(position) == name) {
            return *position;
        }
        let position = self.names.len() as u32;
        self.by_name.insert_unique(hash, position, |position| hasher.hash_one(of(position)));
        let fixed = match self.standings.of(name) {
            [Standing { registered, profiles, .. }] => Some((*registered, *profiles)),
            _ => None,
        };
        self.names.push(Name { start: self.text.len(), length: name.len() as u32, fixed, devices: [NONE; 2] });
        self.text.push_str(name);
        position
    }

    fn device(&mut self, position: u32, registered: bool) -> DeviceId {
        let known = &mut self.names[position as usize].devices[usize::from(registered)];
        if *known == NONE {
            *known = self.devices.len() as DeviceId;
            self.devices.push((position, registered));
        }
        *known
    }

    pub fn save(&self) -> SavedDevices {
        let device = |id: usize| (self.name(id as DeviceId).to_owned(), self.devices[id].1);
        SavedDevices((0..self.devices.len()).map(device).collect())
    }

    /// Puts saved devices back, in their order, into an empty table.
    pub fn restore(&mut self, saved: SavedDevices) -> Result<(), String> {
        for (name, registered) in saved.0 {
            let position = self.name_position(&name, self.hash(&name));
            let expected = self.devices.len() as DeviceId;
            if self.device(position, registered) != expected {
                return Err(format!("device `{name}` appears twice"));
            }
        }
        Ok(())
    }
}
