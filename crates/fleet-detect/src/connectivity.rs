//! Who is connected: the source of `aws:disconnect-duration`, the one metric that a silent device has.
//!
//! A device is followed from its first successful connect or its first disconnect. Of a connect and a disconnect in
//! the same millisecond the connect counts, as when a client takes over its own session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::device::DeviceId;

/// Connections as of the last sample, and the changes after it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Connectivity {
    /// Changes not yet applied: time and device to "connected".
    pending: BTreeMap<(i64, DeviceId), bool>,
    followed: BTreeMap<DeviceId, Link>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Link {
    Up,
    /// Down since this time, in milliseconds.
    Down(i64),
}

impl Connectivity {
    /// Takes a successful connect or a disconnect.
    pub fn change(&mut self, at: i64, device: DeviceId, connected: bool) {
        *self.pending.entry((at, device)).or_default() |= connected;
    }

    /// Applies the changes before `end`, in order of time.
    pub fn advance(&mut self, end: i64) {
        let later = self.pending.split_off(&(end, 0));
        for ((at, device), connected) in std::mem::replace(&mut self.pending, later) {
            self.followed.insert(device, if connected { Link::Up } else { Link::Down(at) });
        }
    }

    /// Every followed device with the milliseconds it has been disconnected at `end`, 0 while connected.
    pub fn sample(&self, end: i64) -> impl Iterator<Item = (DeviceId, i64)> {
        self.followed.iter().map(move |(device, link)| match link {
            Link::Up => (*device, 0),
            Link::Down(since) => (*device, end.saturating_sub(*since).max(0)),
        })
    }

    /// Whether every device that is named exists.
    pub fn fits(&self, devices: usize) -> bool {
        let named = self.followed.keys().chain(self.pending.keys().map(|(_, device)| device));
        named.into_iter().all(|device| (*device as usize) < devices)
    }
}
