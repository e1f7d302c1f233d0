//! The evaluator: events in, violations out.
//!
//! The result is a function of the accepted events alone: their order of arrival decides only which of them are too
//! late. A window is closed, and a report judged, once no earlier event can come any more.
//!
//! Whether an event is accepted is decided here, in the order of arrival. Everything else is decided device by device,
//! in as many [`Part`]s as there are threads, except what [`crate::fleetwide`] does.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::arrival::SLICE;
use crate::batch::{Batch, Entries, Prepared};
use crate::config::{Config, ConfigError, MAX_PROFILES};
use crate::device::DeviceId;
use crate::event::Event;
use crate::fleetwide::{Learners, learn, merged, standards};
use crate::judge::Output;
use crate::needs::Needs;
use crate::part::{End, Part};
use crate::profile::Target;
use crate::registry::{Registry, Standings};
use crate::rules::{Check, ProfileRules, compile};
use crate::semantics::{Semantics, WithoutRegistry};
use crate::threads::with_each;
use crate::violation::Fnv;

/// Most threads of one evaluator.
pub const MAX_THREADS: usize = 128;
/// Owner of events that are not accepted.
const NOBODY: u8 = u8::MAX;
/// Events, or devices to judge, for which it is worth starting threads.
const WORTH_THREADS: usize = 4096;

/// Evaluates any number of profiles, up to [`MAX_PROFILES`], over one stream of events.
#[derive(Debug)]
pub struct Evaluator {
    pub(crate) semantics: Semantics,
    rules: Vec<Arc<ProfileRules>>,
    pub(crate) parts: Vec<Part>,
    pub(crate) learners: Learners,
    /// Whether some rule needs to know of the whole fleet.
    fleetwide: bool,
    /// Time of the newest event, milliseconds since the Unix epoch.
    pub(crate) newest: Option<i64>,
    /// Everything before this time has been judged; a multiple of [`SLICE`].
    pub(crate) horizon: i64,
    /// Without what the parts have counted.
    pub(crate) counts: Counts,
    /// Hash of the configuration, so that saved state is not restored into another one.
    pub(crate) fingerprint: u128,
    /// Kept for its memory; empty between calls.
    owners: Vec<u8>,
}

/// A stretch of events, and up to where it lets everything be judged after it.
struct Step {
    /// Position of the first event after it.
    end: usize,
    horizon: Option<i64>,
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
    /// An evaluator that starts no threads.
    ///
    /// # Errors
    /// When a behaviour cannot be evaluated, the registry contradicts itself, or a setting is out of range.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        Self::with_threads(config, NonZeroUsize::MIN)
    }

    /// An evaluator that splits the devices over that many threads, at most [`MAX_THREADS`]. The violations, and their
    /// order, do not depend on the number.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_threads(config: &Config, threads: NonZeroUsize) -> Result<Self, ConfigError> {
        if config.profiles.len() > MAX_PROFILES {
            return Err(ConfigError::TooManyProfiles(config.profiles.len()));
        }
        config.semantics.check().map_err(ConfigError::Semantics)?;
        let compiled = (0..config.profiles.len()).map(|position| Ok(Arc::new(compile(config, position)?)));
        let rules = compiled.collect::<Result<Vec<_>, _>>()?;
        let standings = Arc::new(standings(config).map_err(ConfigError::Registry)?);
        let mut fingerprint = Fnv::default();
        // Writing plain data to memory cannot fail.
        fingerprint.write(&serde_json::to_vec(config).unwrap_or_default());
        let parts = threads.get().min(MAX_THREADS);
        Ok(Self {
            semantics: config.semantics.clone(),
            parts: (0..parts).map(|_| Part::new(&standings, &rules)).collect(),
            fleetwide: rules.iter().flat_map(|rules| &rules.rules).any(|rule| rule.check.is_fleetwide()),
            rules,
            learners: Learners::new(),
            newest: None,
            horizon: i64::MIN,
            counts: Counts::default(),
            fingerprint: fingerprint.0,
            owners: Vec::new(),
        })
    }

    /// Takes one event; what it brings to a decision goes to `output`.
    pub fn observe(&mut self, event: &Event, output: &mut Output) {
        self.observe_batch(std::slice::from_ref(event), output);
    }

    /// Takes events in their order, as [`Self::observe`] would one by one, but quicker.
    pub fn observe_batch(&mut self, events: &[Event], output: &mut Output) {
        let mut entries = Entries::default();
        events.iter().enumerate().for_each(|(position, event)| entries.push_whole(event, position));
        self.take(&[entries.prepared(events)], output);
    }

    /// Takes the events of several batches, in their order. With several threads, a batch for each with some thousand
    /// events makes good use of them.
    pub fn observe_batches(&mut self, batches: &[Batch], output: &mut Output) {
        let batches: Vec<_> = batches.iter().map(Batch::prepared).collect();
        self.take(&batches, output);
    }

    /// Closes all windows and says what is left to say: the input has ended. State saved before this call can still
    /// go on with more input; the evaluator itself only knows the names of its devices after it.
    pub fn finish(&mut self, output: &mut Output) -> Counts {
        if let Some(newest) = self.newest {
            self.parts.iter_mut().for_each(|part| part.output.wants_datapoints = output.wants_datapoints);
            self.judge_until(None, newest);
            self.gather(output);
        }
        self.counts()
    }

    /// What became of the events so far.
    pub fn counts(&self) -> Counts {
        let mut counts = self.counts;
        for part in &self.parts {
            counts.untargeted += part.untargeted;
            counts.mistyped += part.mistyped;
        }
        counts
    }

    /// Devices seen so far.
    pub fn device_count(&self) -> usize {
        self.parts.iter().map(|part| part.devices.len()).sum()
    }

    /// Name of a device that [`crate::judge::Datapoint`] numbers.
    pub fn device_name(&self, device: DeviceId) -> &str {
        let (device, part) = (device / self.parts.len() as u32, device as usize % self.parts.len());
        self.parts[part].devices.name(device)
    }

    /// Behaviours whose verdicts only approximate AWS's, because its algorithm is not published, as
    /// `(profile, behaviour)` positions: those with `mlDetectionConfig`.
    pub fn approximate(&self) -> Vec<(usize, usize)> {
        let learned = |(profile, rules): (usize, &Arc<ProfileRules>)| {
            let rules = rules.rules.iter().filter(|rule| matches!(rule.check, Check::Learned { .. }));
            rules.map(|rule| (profile, rule.behavior_index)).collect::<Vec<_>>()
        };
        self.rules.iter().enumerate().flat_map(learned).collect()
    }

    /// Which members of broker events make a difference.
    pub fn needs(&self) -> Needs {
        Needs::of(self.rules.iter().map(Arc::as_ref))
    }

    /// The part that keeps the device of that hash. The bits are not those by which tables place a name.
    pub(crate) fn part_of(hash: u64, parts: usize) -> usize {
        ((hash >> 40 & 0xffff) as usize * parts) >> 16
    }

    fn take(&mut self, batches: &[Prepared], output: &mut Output) {
        let mut owners = std::mem::take(&mut self.owners);
        let steps = self.plan(batches, &mut owners);
        let threads = self.parts.len() > 1 && owners.len() >= WORTH_THREADS;
        self.parts.iter_mut().for_each(|part| part.output.wants_datapoints = output.wants_datapoints);
        let semantics = &self.semantics;
        let mut begin = 0;
        if self.fleetwide {
            for step in steps {
                let range = begin..step.end;
                with_each(&mut self.parts, threads && range.len() >= WORTH_THREADS, |me, part| {
                    take_range(part, me, batches, &owners, range.clone(), &self.semantics);
                });
                if let Some(horizon) = step.horizon {
                    self.judge_until(Some(horizon), horizon);
                }
                begin = step.end;
            }
        } else {
            with_each(&mut self.parts, threads, |me, part| {
                let mut begin = 0;
                for step in &steps {
                    take_range(part, me, batches, &owners, begin..step.end, semantics);
                    if let Some(horizon) = step.horizon {
                        part.judge_windows(Some(horizon), horizon, semantics);
                        part.judge_others(Some(horizon), horizon, semantics);
                    }
                    begin = step.end;
                }
            });
        }
        self.gather(output);
        owners.clear();
        self.owners = owners;
    }

    /// Decides which events are accepted and whose they are, and when something can be judged.
    fn plan(&mut self, batches: &[Prepared], owners: &mut Vec<u8>) -> Vec<Step> {
        let (mut steps, parts) = (Vec::new(), self.parts.len());
        for batch in batches {
            for entry in batch.entries {
                let Some(watermark) = self.admit(entry.at) else {
                    owners.push(NOBODY);
                    continue;
                };
                owners.push(Self::part_of(entry.hash, parts) as u8);
                if watermark >= self.horizon.saturating_add(SLICE) {
                    self.horizon = watermark.div_euclid(SLICE).saturating_mul(SLICE);
                    steps.push(Step { end: owners.len(), horizon: Some(self.horizon) });
                }
            }
        }
        steps.push(Step { end: owners.len(), horizon: None });
        steps
    }

    /// Counts an event's time; the watermark after it, unless it is too early or too late.
    #[inline]
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

    /// Judges everything before `horizon`, or, at the end of the input, everything. Alarms that are silent at `until`
    /// are invalidated.
    fn judge_until(&mut self, horizon: Option<i64>, until: i64) {
        let threads = self.parts.len() > 1 && self.device_count() >= WORTH_THREADS;
        if self.fleetwide {
            while let Some(end) = self.parts.iter().filter_map(|part| part.next_end(horizon, until)).min() {
                self.judge_window(end, threads);
            }
        }
        let semantics = &self.semantics;
        with_each(&mut self.parts, threads, |_, part| {
            part.judge_windows(horizon, until, semantics);
            part.judge_others(horizon, until, semantics);
        });
    }

    /// Closes a window in every part, brings together what its rules need to know of the fleet, and judges it.
    fn judge_window(&mut self, end: End, threads: bool) {
        let (at, profile, _) = end;
        let Self { parts, learners, rules, semantics, .. } = self;
        let semantics = &*semantics;
        let pools = with_each(parts, threads, |_, part| part.close(end, semantics));
        let mut pools = merged(pools);
        let standards = standards(&mut pools, profile, &rules[profile], at, learners, semantics);
        with_each(parts, threads, |_, part| part.judge_closed(profile, &standards, semantics));
        learn(&pools, profile, at, learners);
    }

    /// Moves what the parts have said to `output`: all that was judged at one time together, in one order.
    fn gather(&mut self, output: &mut Output) {
        let parts = self.parts.len() as u32;
        let times = self.parts.iter().map(|part| part.judged.len()).max().unwrap_or(0);
        let (mut violations, mut datapoints) = (Vec::new(), Vec::new());
        let mut judged = Vec::new();
        for part in &mut self.parts {
            violations.push(part.output.violations.drain(..));
            datapoints.push(part.output.datapoints.drain(..));
            judged.push(std::mem::take(&mut part.judged));
        }
        let mut before = vec![(0, 0); judged.len()];
        for time in 0..times {
            let first = output.violations.len();
            for (part, judged) in judged.iter().enumerate() {
                let Some(until) = judged.get(time) else { continue };
                let from = std::mem::replace(&mut before[part], *until);
                output.violations.extend(violations[part].by_ref().take(until.0 - from.0));
                output.datapoints.extend(datapoints[part].by_ref().take(until.1 - from.1).map(|mut datapoint| {
                    datapoint.device = datapoint.device * parts + part as u32;
                    datapoint
                }));
            }
            output.violations[first..].sort_by(|a, b| a.order().cmp(&b.order()));
        }
    }
}

/// Gives a part its events in `range`, which counts through all batches.
fn take_range(
    part: &mut Part,
    me: usize,
    batches: &[Prepared],
    owners: &[u8],
    range: Range<usize>,
    semantics: &Semantics,
) {
    let mut first = 0;
    for batch in batches {
        let next = first + batch.entries.len();
        let (begin, end) = (range.start.max(first), range.end.min(next));
        if begin < end {
            part.take(batch, &owners[first..next], begin - first..end - first, me as u8, semantics);
        }
        first = next;
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
