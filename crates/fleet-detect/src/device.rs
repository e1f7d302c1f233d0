//! Devices: names become small numbers, and every event finds its device and the profiles that watch it.
//!
//! A registered thing and an unregistered client of the same name are different devices (developer guide,
//! "troubleshooting").

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::names::{Name, Names, Place};
use crate::registry::{ProfileSet, Standing, Standings};

/// Position of a device in every table of the evaluator.
pub type DeviceId = u32;

/// Marks a standing under which the name has no device yet, and a name that does not stand for one device alone.
const NONE: DeviceId = DeviceId::MAX;

/// All names and devices seen.
#[derive(Debug)]
pub(crate) struct Devices {
    standings: Arc<Standings>,
    /// A name whose standing never changes stands for its device.
    names: Names,
    /// The unregistered and the registered device of each other name.
    changing: BTreeMap<Place, [DeviceId; 2]>,
    devices: Vec<Device>,
}

#[derive(Clone, Copy, Debug)]
struct Device {
    /// Where its name is.
    place: Place,
    registered: bool,
    /// Whether the standing of its name never changes, and then the profiles that watch it.
    fixed: bool,
    profiles: ProfileSet,
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
    pub fn new(standings: Arc<Standings>) -> Self {
        Self { standings, names: Names::default(), changing: BTreeMap::new(), devices: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Has what [`Self::known`] needs for a name with that hash fetched from memory.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        self.names.prefetch(hash);
    }

    /// The device of that name, if it is known and the name stands for it alone.
    #[inline(always)]
    pub fn known(&self, name: &Name) -> Option<Found> {
        let (_, device) = self.names.find(name).filter(|(_, device)| *device != NONE)?;
        let profiles = self.standings.of_all().unwrap_or_else(|| self.devices[device as usize].profiles);
        Some(Found { device, profiles })
    }

    /// The device of that name at that time; made known if it is new.
    pub fn find(&mut self, name: &Name, at: i64) -> Found {
        self.known(name).unwrap_or_else(|| {
            let place = self.place(name);
            let Standing { registered, profiles, .. } = Standings::at(self.standings.of(self.names.name(place)), at);
            Found { device: self.device(name, place, registered), profiles }
        })
    }

    /// Where a name is, added if it is new.
    fn place(&mut self, name: &Name) -> Place {
        self.names.find(name).map_or_else(|| self.names.add(name, NONE), |(place, _)| place)
    }

    /// The device of a name in a standing, made known if it is new.
    fn device(&mut self, name: &Name, place: Place, registered: bool) -> DeviceId {
        let next = self.devices.len() as DeviceId;
        let (fixed, profiles) = match self.standings.of(self.names.name(place)) {
            [standing] => (standing.registered == registered, standing.profiles),
            _ => (false, 0),
        };
        if fixed {
            if let Some((_, known)) = self.names.find(name).filter(|(_, known)| *known != NONE) {
                return known;
            }
            self.names.set_number(name, next);
        } else {
            let known = &mut self.changing.entry(place).or_insert([NONE; 2])[usize::from(registered)];
            if *known != NONE {
                return *known;
            }
            *known = next;
        }
        self.devices.push(Device { place, registered, fixed, profiles });
        next
    }

    /// The profiles that watch a device at a time: none while the name stands for its other device.
    pub fn profiles(&self, device: DeviceId, at: i64) -> ProfileSet {
        let Device { registered, fixed, profiles, .. } = self.devices[device as usize];
        if fixed {
            return profiles;
        }
        let standing = Standings::at(self.standings.of(self.name(device)), at);
        if standing.registered == registered { standing.profiles } else { 0 }
    }

    pub fn name(&self, device: DeviceId) -> &str {
        self.names.name(self.devices[device as usize].place)
    }

    pub fn is_registered(&self, device: DeviceId) -> bool {
        self.devices[device as usize].registered
    }

    pub fn save(&self) -> SavedDevices {
        let device = |id: usize| (self.name(id as DeviceId).to_owned(), self.devices[id].registered);
        SavedDevices((0..self.devices.len()).map(device).collect())
    }

    /// Puts saved devices back, in their order, into an empty table. `belongs` says whether a hash is one of a device
    /// that is kept here.
    pub fn restore(&mut self, saved: SavedDevices, belongs: impl Fn(u64) -> bool) -> Result<(), String> {
        for (name, registered) in saved.0 {
            let sought = Name::new(&name);
            if !belongs(sought.hash) {
                return Err(format!("device `{name}` belongs elsewhere"));
            }
            let place = self.place(&sought);
            let expected = self.devices.len() as DeviceId;
            if self.device(&sought, place, registered) != expected {
                return Err(format!("device `{name}` appears twice"));
            }
        }
        Ok(())
    }
}
