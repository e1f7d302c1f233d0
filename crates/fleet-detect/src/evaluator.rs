//! The evaluator: events in, violations out.
//!
//! The result is a function of the accepted events alone: their order of arrival decides only which of them are too
//! late. A window is closed, and a report judged, once no earlier event can come any more.

use crate::arrival::SLICE;
use crate::config::{Config, ConfigError, MAX_PROFILES};
use crate::connectivity::Connectivity;
use crate::device::{DeviceId, Devices, Found};
use crate::event::{Event, EventKind, Exported, Outcome};
use crate::judge::Output;
use crate::profile::Target;
use crate::registry::{Registry, Standings};
use crate::rules::{Check, compile};
use crate::semantics::{Semantics, WithoutRegistry};
use crate::violation::Fnv;
use crate::watch::{Surroundings, Watch};

use serde::{Deserialize, Serialize};

/// Evaluates any number of profiles, up to [`MAX_PROFILES`], over one stream of events.
#[derive(Debug)]
pub struct Evaluator {
    pub(crate) semantics: Semantics,
    pub(crate) devices: Devices,
    pub(crate) watches: Vec<Watch>,
    pub(crate) connectivity: Connectivity,
    follows_connections: bool,
    /// Time of the newest event, milliseconds since the Unix epoch.
    pub(crate) newest: Option<i64>,
    /// Everything before this time has been judged; a multiple of [`SLICE`].
    pub(crate) horizon: i64,
    pub(crate) counts: Counts,
    /// Hash of the configuration, so that saved state is not restored into another one.
    pub(crate) fingerprint: u128,
    /// Kept for its memory; empty between calls.
    batch: Vec<Admitted>,
}

/// An event that is not too late.
#[derive(Debug)]
struct Admitted {
    /// Position in the batch.
    position: usize,
    watermark: i64,
    hash: u64,
    /// Where its name very likely is.
    candidate: Option<u32>,
    found: Found,
}

/// What became of the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Events that were evaluated, or would have been if a profile watched their device.
    pub accepted: u64,
    /// Events too far behind the newest one.
    pub late: u64,
    /// Events too far ahead of the newest one.
    pub ahead: u64,
    /// Accepted events of devices that no profile watches at that time.
    pub untargeted: u64,
    /// Values of another type than their metric has.
    pub mistyped: u64,
}

impl Evaluator {
    /// # Errors
    /// When a behaviour cannot be evaluated, the registry contradicts itself, or a setting is out of range.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        if config.profiles.len() > MAX_PROFILES {
            return Err(ConfigError::TooManyProfiles(config.profiles.len()));
        }
        config.semantics.check().map_err(ConfigError::Semantics)?;
        let compiled = (0..config.profiles.len()).map(|position| Ok(Watch::new(position, compile(config, position)?)));
        let watches = compiled.collect::<Result<Vec<_>, _>>()?;
        let mut fingerprint = Fnv::default();
        // Writing plain data to memory cannot fail.
        fingerprint.write(&serde_json::to_vec(config).unwrap_or_default());
        Ok(Self {
            semantics: config.semantics.clone(),
            devices: Devices::new(standings(config).map_err(ConfigError::Registry)?),
            follows_connections: watches.iter().any(Watch::follows_connections),
            watches,
            connectivity: Connectivity::default(),
            newest: None,
            horizon: i64::MIN,
            counts: Counts::default(),
            fingerprint: fingerprint.0,
            batch: Vec::new(),
        })
    }

    /// Takes one event; what it brings to a decision goes to `output`.
    pub fn observe(&mut self, event: &Event, output: &mut Output) {
        self.observe_batch(std::slice::from_ref(event), output);
    }

    /// Takes events in their order, as [`Self::observe`] would one by one, but quicker: devices are looked up in loops
    /// of their own, so that waiting for memory overlaps.
    pub fn observe_batch(&mut self, events: &[Event], output: &mut Output) {
        let mut batch = std::mem::take(&mut self.batch);
        for (position, event) in events.iter().enumerate() {
            if let Some(watermark) = self.admit(event.at) {
                let hash = self.devices.hash(event.device());
                batch.push(Admitted { position, watermark, hash, candidate: None, found: Found::default() });
            }
        }
        for admitted in &mut batch {
            admitted.candidate = self.devices.candidate(admitted.hash);
        }
        for Admitted { position, hash, candidate, found, .. } in &mut batch {
            let event = &events[*position];
            *found = self.devices.find(event.device(), *hash, *candidate, event.at);
        }
        if batch.len() > 1 {
            self.touch(events, &batch);
        }
        for admitted in batch.drain(..) {
            self.take(&events[admitted.position], admitted.found);
            self.advance(admitted.watermark, output);
        }
        self.batch = batch;
    }

    /// Reads the cells that the events are about to change, so that they are in the cache by then.
    fn touch(&self, events: &[Event], batch: &[Admitted]) {
        let mut read = 0_u64;
        for watch in &self.watches {
            for admitted in batch {
                let at = events[admitted.position].at;
                read = read.wrapping_add(watch.peek(admitted.found.device, at, &self.semantics));
            }
        }
        std::hint::black_box(read);
    }

    /// Counts an event's time; the watermark after it, unless it is too early or too late.
    fn admit(&mut self, at: i64) -> Option<i64> {
        let latest =
            self.newest.map(|newest| newest.saturating_add(i64::from(self.semantics.longest_gap_seconds) * 1000));
        if latest.is_some_and(|latest| at > latest) {
            self.counts.ahead += 1;
            return None;
        }
        let newest = self.newest.map_or(at, |newest| newest.max(at));
        self.newest = Some(newest);
        let watermark = newest.saturating_sub(i64::from(self.semantics.lateness_seconds) * 1000);
        if at < watermark {
            self.counts.late += 1;
            return None;
        }
        self.counts.accepted += 1;
        Some(watermark)
    }

    fn take(&mut self, event: &Event, found: Found) {
        if self.follows_connections {
            self.follow(found.device, event);
        }
        match &event.kind {
            EventKind::Report(measurements) => {
                for measurement in measurements {
                    let (metric, value) = (measurement.metric.clone(), measurement.value.clone());
                    self.keep(found, event.at, &Exported { metric, value, version: None, dimension: None });
                }
            }
            EventKind::Value(exported) => self.keep(found, event.at, exported),
            _ => {
                for watch in self.watches.iter_mut().filter(|watch| found.profiles & (1 << watch.profile) != 0) {
                    watch.observe(found.device, event, &self.semantics);
                }
            }
        }
        self.counts.untargeted += u64::from(found.profiles == 0);
    }

    /// Closes all windows and says what is left to say: the input has ended. State saved before this call can still
    /// go on with more input; the evaluator itself is used up.
    pub fn finish(mut self, output: &mut Output) -> Counts {
        if let Some(newest) = self.newest {
            self.judge_until(None, newest, output);
        }
        self.counts
    }

    /// What became of the events so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Devices seen so far; their numbers run from zero.
    pub fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// Name of a device that [`crate::judge::Datapoint`] numbers.
    pub fn device_name(&self, device: DeviceId) -> &str {
        self.devices.name(device)
    }

    /// Behaviours whose verdicts only approximate AWS's, because its algorithm is not published, as
    /// `(profile, behaviour)` positions: those with `mlDetectionConfig`.
    pub fn approximate(&self) -> Vec<(usize, usize)> {
        let learned = |watch: &Watch| {
            let rules = watch.rules.rules.iter().filter(|rule| matches!(rule.check, Check::Learned { .. }));
            rules.map(|rule| (watch.profile, rule.behavior_index)).collect::<Vec<_>>()
        };
        self.watches.iter().flat_map(learned).collect()
    }

    fn follow(&mut self, device: DeviceId, event: &Event) {
        let connected = match &event.kind {
            EventKind::Connect { outcome: Outcome::Success, .. } => true,
            EventKind::Disconnect { .. } => false,
            _ => return,
        };
        self.connectivity.change(event.at, device, connected);
        for watch in &mut self.watches {
            watch.sample_from(event.at, &self.semantics);
        }
    }

    fn keep(&mut self, found: Found, at: i64, exported: &Exported) {
        let mut fits = true;
        for watch in self.watches.iter_mut().filter(|watch| found.profiles & (1 << watch.profile) != 0) {
            fits &= watch.keep(found.device, at, exported, &self.semantics);
        }
        self.counts.mistyped += u64::from(!fits);
    }

    /// Judges what no event can change any more.
    fn advance(&mut self, watermark: i64, output: &mut Output) {
        let horizon = watermark.div_euclid(SLICE).saturating_mul(SLICE);
        if horizon > self.horizon {
            self.horizon = horizon;
            self.judge_until(Some(horizon), horizon, output);
        }
    }

    /// Judges everything before `horizon`, or, at the end of the input, everything. Alarms that are silent at `until`
    /// are invalidated.
    fn judge_until(&mut self, horizon: Option<i64>, until: i64, output: &mut Output) {
        let first = output.violations.len();
        while let Some((end, profile, position)) = self.next_end(horizon, until) {
            let Self { devices, connectivity, semantics, .. } = self;
            let mut around = Surroundings { devices, connectivity, semantics, output };
            self.watches[profile].close(end, position, &mut around);
        }
        let Self { devices, connectivity, semantics, watches, .. } = self;
        let mut around = Surroundings { devices, connectivity, semantics, output };
        for watch in watches {
            watch.judge_arrivals(horizon, &mut around);
            watch.sweep(until, &mut around);
        }
        output.violations[first..].sort_by(|a, b| a.order().cmp(&b.order()));
    }

    /// The earliest window end that is due, its profile and its length's position.
    fn next_end(&self, horizon: Option<i64>, newest: i64) -> Option<(i64, usize, usize)> {
        let ends = self.watches.iter().filter_map(|watch| {
            let (end, position) = watch.next_end(horizon, newest)?;
            Some((end, watch.profile, position))
        });
        ends.min()
    }
}

fn standings(config: &Config) -> Result<Standings, String> {
    let all = [Target::AllThings];
    let targets: Vec<&[Target]> = config
        .profiles
        .iter()
        .map(|profile| if profile.targets.is_empty() { &all[..] } else { &profile.targets[..] })
        .collect();
    match (&config.registry, config.semantics.without_registry) {
        (Some(registry), _) => Standings::new(registry, &targets),
        (None, WithoutRegistry::EveryTarget) => Ok(Standings::same_for_all(true, u64::MAX)),
        (None, WithoutRegistry::Unregistered) => Standings::new(&Registry::default(), &targets),
    }
}
