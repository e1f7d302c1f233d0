//! Saved state: everything an evaluator knows between two events, in CBOR, with a version.
//!
//! Restoring it into the same configuration and going on gives exactly what an uninterrupted run gives. The format's
//! version changes whenever a state of one version would be misread by another; reading never panics, whatever the
//! bytes.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use crate::arrival::{Arrivals, SLICE};
use crate::config::Config;
use crate::connectivity::Connectivity;
use crate::device::SavedDevices;
use crate::evaluator::{Counts, Evaluator, MAX_THREADS};
use crate::judge::Alarms;
use crate::learned::Learner;
use crate::part::Part;
use crate::semantics::Semantics;
use crate::watch::Watch;
use crate::window::{SavedWindow, Windows};

const FORMAT: &str = "fleetctl-detect-state";

/// Version of the format that this library writes and the only one it reads.
pub const STATE_VERSION: u32 = 3;

/// Why a state cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    #[error("not a saved state: {0}")]
    Unreadable(String),
    #[error("saved by version {found} of the format, this is version {STATE_VERSION}; replay the input instead")]
    OtherVersion { found: u32 },
    #[error("saved with other profiles, targets, registry or semantics; replay the input instead")]
    OtherConfig,
    #[error("damaged: {0}")]
    Damaged(String),
}

/// Written first, so that a state of another version is told apart before anything else is read.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    /// Big-endian halves of the configuration's hash.
    fingerprint: [u64; 2],
}

#[derive(Serialize)]
struct SavedRef<'a> {
    newest: Option<i64>,
    horizon: i64,
    counts: Counts,
    /// With positions of profile and rule.
    learners: Vec<(usize, usize, &'a Learner)>,
    parts: Vec<SavedPartRef<'a>>,
}

#[derive(Serialize)]
struct SavedPartRef<'a> {
    devices: SavedDevices,
    connectivity: &'a Connectivity,
    watches: Vec<SavedWatchRef<'a>>,
}

#[derive(Serialize)]
struct SavedWatchRef<'a> {
    windows: Vec<Vec<SavedWindow>>,
    samples: &'a [Option<i64>],
    arrivals: &'a Arrivals,
    alarms: &'a [Alarms],
}

#[derive(Deserialize)]
struct Saved {
    newest: Option<i64>,
    horizon: i64,
    counts: Counts,
    learners: Vec<(usize, usize, Learner)>,
    parts: Vec<SavedPart>,
}

#[derive(Deserialize)]
struct SavedPart {
    devices: SavedDevices,
    connectivity: Connectivity,
    watches: Vec<SavedWatch>,
}

#[derive(Deserialize)]
struct SavedWatch {
    windows: Vec<Vec<SavedWindow>>,
    samples: Vec<Option<i64>>,
    arrivals: Arrivals,
    alarms: Vec<Alarms>,
}

impl Evaluator {
    /// Everything known so far, as bytes.
    pub fn save(&self) -> Vec<u8> {
        let halves = [(self.fingerprint >> 64) as u64, self.fingerprint as u64];
        let header = Header { format: FORMAT.to_owned(), version: STATE_VERSION, fingerprint: halves };
        let saved = SavedRef {
            newest: self.newest,
            horizon: self.horizon,
            counts: self.counts(),
            learners: self.learners.iter().map(|((profile, rule), learner)| (*profile, *rule, learner)).collect(),
            parts: self.parts.iter().map(Part::save).collect(),
        };
        let mut bytes = Vec::new();
        // Writing plain data to memory cannot fail.
        let _ = ciborium::into_writer(&header, &mut bytes);
        let _ = ciborium::into_writer(&saved, &mut bytes);
        bytes
    }

    /// Goes on where [`Self::save`] left off, with the same configuration and the same number of threads.
    ///
    /// # Errors
    /// When the bytes are no state, of another version, of another configuration, or damaged.
    pub fn restore(config: &Config, bytes: &[u8]) -> Result<Self, StateError> {
        let mut rest = bytes;
        let unreadable = |error: &dyn std::fmt::Display| StateError::Unreadable(error.to_string());
        let header: Header = ciborium::from_reader(&mut rest).map_err(|error| unreadable(&error))?;
        if header.format != FORMAT {
            return Err(StateError::Unreadable(format!("its format is `{}`", header.format)));
        }
        if header.version != STATE_VERSION {
            return Err(StateError::OtherVersion { found: header.version });
        }
        let mut evaluator = Self::new(config).map_err(|error| unreadable(&error))?;
        let [high, low] = header.fingerprint;
        if (u128::from(high) << 64 | u128::from(low)) != evaluator.fingerprint {
            return Err(StateError::OtherConfig);
        }
        let saved: Saved = ciborium::from_reader(&mut rest).map_err(|error| unreadable(&error))?;
        match NonZeroUsize::new(saved.parts.len()).filter(|parts| parts.get() <= MAX_THREADS) {
            None => return Err(StateError::Damaged(format!("its number of parts is {}", saved.parts.len()))),
            Some(NonZeroUsize::MIN) => {}
            Some(parts) => evaluator = Self::with_threads(config, parts).map_err(|error| unreadable(&error))?,
        }
        evaluator.fill(saved).map_err(StateError::Damaged)?;
        Ok(evaluator)
    }

    fn fill(&mut self, saved: Saved) -> Result<(), String> {
        // Other times would have it catch up with the input for as long as they are wrong.
        let horizon = saved.newest.map_or(i64::MIN, |newest| judged(newest, &self.semantics));
        if saved.horizon != horizon {
            return Err("the times do not fit".to_owned());
        }
        (self.newest, self.horizon, self.counts) = (saved.newest, saved.horizon, saved.counts);
        for (profile, rule, learner) in saved.learners {
            self.learners.insert((profile, rule), learner);
        }
        let parts = self.parts.len();
        for (position, (part, saved)) in self.parts.iter_mut().zip(saved.parts).enumerate() {
            part.fill(saved, horizon, |hash| Self::part_of(hash, parts) == position)?;
        }
        Ok(())
    }
}

impl Part {
    fn save(&self) -> SavedPartRef<'_> {
        let watches = self.watches.iter().map(|watch| SavedWatchRef {
            windows: watch.windows.iter().map(Windows::save).collect(),
            samples: &watch.samples,
            arrivals: &watch.arrivals,
            alarms: &watch.alarms,
        });
        SavedPartRef { devices: self.devices.save(), connectivity: &self.connectivity, watches: watches.collect() }
    }

    /// `belongs` says whether a hash is one of a device that is kept here.
    fn fill(&mut self, saved: SavedPart, horizon: i64, belongs: impl Fn(u64) -> bool) -> Result<(), String> {
        self.devices.restore(saved.devices, belongs)?;
        let devices = self.devices.len();
        if !saved.connectivity.fits(devices) {
            return Err("connections do not fit".to_owned());
        }
        self.connectivity = saved.connectivity;
        if saved.watches.len() != self.watches.len() {
            return Err("the number of profiles does not fit".to_owned());
        }
        for (watch, saved) in self.watches.iter_mut().zip(saved.watches) {
            watch.fill(saved, devices, horizon)?;
        }
        Ok(())
    }
}

/// How far everything has been judged while an event of that time is the newest: to the last whole slice that no
/// accepted event can change.
fn judged(newest: i64, semantics: &Semantics) -> i64 {
    let watermark = newest.saturating_sub(i64::from(semantics.lateness_seconds) * 1000);
    watermark.div_euclid(SLICE).saturating_mul(SLICE)
}

impl Watch {
    fn fill(&mut self, saved: SavedWatch, devices: usize, horizon: i64) -> Result<(), String> {
        let lengths = self.rules.windows.len();
        let alarms = saved.alarms.len() == self.rules.rules.len() && saved.alarms.iter().all(|a| a.fits(devices));
        let lists = saved.windows.len() == lengths && saved.samples.len() == lengths;
        let due = saved.samples.iter().flatten().any(|end| *end <= horizon);
        if !alarms || !lists || due || !saved.arrivals.fits(&self.rules.arrivals, devices) {
            return Err(format!("the state of profile `{}` does not fit its rules", self.rules.name));
        }
        for (position, windows) in saved.windows.into_iter().enumerate() {
            self.windows[position] = Windows::restore(windows, &self.rules.windows[position], devices)?;
        }
        (self.samples, self.arrivals, self.alarms) = (saved.samples, saved.arrivals, saved.alarms);
        Ok(())
    }
}
