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
    by_name: HashTable<Slot>,
    /// Name and registration of each device.
    devices: Vec<(u32, bool)>,
}

/// Where a name is, with bits of its hash that the table itself does not compare: equal bits make it very likely the
/// right name, without looking at the name.
#[derive(Clone, Copy, Debug)]
struct Slot {
    position: u32,
    mark: u32,
}

fn mark(hash: u64) -> u32 {
    (hash >> 24) as u32
}

/// One name. It fills a cache line, and a name of ordinary length is compared without another access to memory.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Name {
    /// The first bytes of the name, filled up with zeros.
    beginning: [u8; BEGINNING],
    start: usize,
    length: u32,
    /// Its unregistered and its registered device.
    devices: [DeviceId; 2],
    /// Whether the standing never changes, and then what it is.
    fixed: bool,
    registered: bool,
    profiles: ProfileSet,
}

/// Bytes of a name kept in its entry.
const BEGINNING: usize = 24;

fn beginning(name: &str) -> [u8; BEGINNING] {
    let mut bytes = [0; BEGINNING];
    let length = name.len().min(BEGINNING);
    bytes[..length].copy_from_slice(&name.as_bytes()[..length]);
    bytes
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

    /// Where the name with that hash very likely is.
    pub fn candidate(&self, hash: u64) -> Option<u32> {
        self.by_name.find(hash, |slot| slot.mark == mark(hash)).map(|slot| slot.position)
    }

    /// The device of that name, with its hash and candidate, at that time; made known if it is new.
    pub fn find(&mut self, name: &str, hash: u64, candidate: Option<u32>, at: i64) -> Found {
        let position = match candidate {
            Some(position) if self.is_named(position, name) => position,
            _ => self.name_position(name, hash),
        };
        let entry = self.names[position as usize];
        let (registered, profiles) = if entry.fixed {
            (entry.registered, entry.profiles)
        } else {
            let standing = Standings::at(self.standings.of(name), at);
            (standing.registered, standing.profiles)
        };
        let known = entry.devices[usize::from(registered)];
        let device = if known == NONE { self.device(position, registered) } else { known };
        Found { device, profiles }
    }

    /// The profiles that watch a device at a time: none while the name stands for its other device.
    pub fn profiles(&self, device: DeviceId, at: i64) -> ProfileSet {
        let (position, registered) = self.devices[device as usize];
        if self.names[position as usize].fixed {
            return self.names[position as usize].profiles;
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

    fn is_named(&self, position: u32, name: &str) -> bool {
        let known = &self.names[position as usize];
        known.length as usize == name.len()
            && known.beginning == beginning(name)
            && (name.len() <= BEGINNING || &self.text[known.start..known.start + name.len()] == name)
    }

    fn name_position(&mut self, name: &str, hash: u64) -> u32 {
        let hasher = FixedState::default();
        if let Some(slot) = self.by_name.find(hash, |slot| self.is_named(slot.position, name)) {
            return slot.position;
        }
        let (names, text) = (&self.names, &self.text);
        let rehash = |slot: &Slot| {
            let known = &names[slot.position as usize];
            hasher.hash_one(&text[known.start..known.start + known.length as usize])
        };
        let position = self.names.len() as u32;
        self.by_name.insert_unique(hash, Slot { position, mark: mark(hash) }, rehash);
        let (fixed, registered, profiles) = match self.standings.of(name) {
            [Standing { registered, profiles, .. }] => (true, *registered, *profiles),
            _ => (false, false, 0),
        };
        let (start, length) = (self.text.len(), name.len() as u32);
        let beginning = beginning(name);
        self.names.push(Name { beginning, start, length, devices: [NONE; 2], fixed, registered, profiles });
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
