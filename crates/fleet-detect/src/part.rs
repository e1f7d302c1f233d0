//! One share of the devices, with everything that is decided device by device.

use std::ops::Range;
use std::sync::Arc;

use crate::batch::Prepared;
use crate::connectivity::Connectivity;
use crate::counters::{CONNECTED, DISCONNECTED, ELSEWHERE};
use crate::device::{Devices, Found};
use crate::event::{Event, EventKind, Exported};
use crate::fleetwide::{Pool, Standard};
use crate::judge::Output;
use crate::registry::Standings;
use crate::rules::ProfileRules;
use crate::semantics::Semantics;
use crate::watch::{Surroundings, Watch};
use crate::window::Seen;

/// Events looked up together: enough to overlap waiting for memory, few enough to stay in the nearest cache.
const CHUNK: usize = 128;

/// The devices of one share and their state.
#[derive(Debug)]
pub(crate) struct Part {
    pub devices: Devices,
    pub watches: Vec<Watch>,
    pub connectivity: Connectivity,
    follows_connections: bool,
    /// Accepted events of devices that no profile watches at that time.
    pub untargeted: u64,
    /// Values of another type than their metric has.
    pub mistyped: u64,
    /// What was judged and not yet taken out.
    pub output: Output,
    /// Violations and datapoints in it after each time that something was judged.
    pub judged: Vec<(usize, usize)>,
    /// Kept for its memory; empty between calls.
    seen: Vec<Seen>,
}

/// The end of a window: its time, the position of its profile, and that of its length among the profile's. Windows are
/// closed in this order.
pub(crate) type End = (i64, usize, usize);

impl Part {
    pub fn new(standings: &Arc<Standings>, rules: &[Arc<ProfileRules>]) -> Self {
        let watches: Vec<_> =
            rules.iter().enumerate().map(|(position, rules)| Watch::new(position, Arc::clone(rules))).collect();
        Self {
            devices: Devices::new(Arc::clone(standings)),
            follows_connections: watches.iter().any(Watch::follows_connections),
            watches,
            connectivity: Connectivity::default(),
            untargeted: 0,
            mistyped: 0,
            output: Output::default(),
            judged: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// Takes those of the events in `range` that `owners` gives to this share, `me`. What a chunk needs is on its way from
    /// memory while the chunk before is dealt with.
    pub fn take(&mut self, batch: &Prepared, owners: &[u8], range: Range<usize>, me: u8, semantics: &Semantics) {
        let (mut chunk, mut filled) = ([0_u32; CHUNK], 0);
        let (mut before, mut ready) = ([0_u32; CHUNK], 0);
        for position in range {
            // Written always and kept only if it is ours: whose it is cannot be predicted.
            chunk[filled] = position as u32;
            filled += usize::from(owners[position] == me);
            if filled == CHUNK {
                self.take_chunk(batch, &before[..ready], &chunk, semantics);
                std::mem::swap(&mut before, &mut chunk);
                (ready, filled) = (CHUNK, 0);
            }
        }
        self.take_chunk(batch, &before[..ready], &chunk[..filled], semantics);
        self.take_chunk(batch, &chunk[..filled], &[], semantics);
    }

    /// Takes the events at the positions of `chunk`. Devices are looked up in a loop of its own, so that what they have
    /// counted is on its way by the time it is needed, and so is what the chunk after it needs.
    fn take_chunk(&mut self, batch: &Prepared, chunk: &[u32], after: &[u32], semantics: &Semantics) {
        let mut known = [None; CHUNK];
        // Asked for one by one: of many at once most would be dropped.
        let mut after = after.iter().map(|position| batch.entries[*position as usize].hash);
        for (known, position) in known.iter_mut().zip(chunk) {
            if let Some(hash) = after.next() {
                self.devices.prefetch(hash);
            }
            *known = self.devices.known(&batch.name(&batch.entries[*position as usize]));
            if let Some(found) = *known {
                self.watches.iter().for_each(|watch| watch.prefetch(found));
            }
        }
        let mut seen = std::mem::take(&mut self.seen);
        let mut elsewhere = false;
        for (known, position) in known.into_iter().zip(chunk) {
            let entry = &batch.entries[*position as usize];
            let (at, code) = (entry.at, entry.code);
            let found = known.unwrap_or_else(|| self.devices.find(&batch.name(entry), at));
            elsewhere |= code == ELSEWHERE;
            self.untargeted += u64::from(found.profiles == 0);
            seen.push(Seen { position: *position, code, at, found });
        }
        if self.follows_connections {
            seen.iter().for_each(|seen| self.follow(seen, semantics));
        }
        if elsewhere {
            for seen in &seen {
                if let Some(event) = batch.event(seen.position) {
                    self.keep_all(seen.found, event, semantics);
                }
            }
        }
        for watch in &mut self.watches {
            watch.observe(&seen, batch, semantics);
        }
        seen.clear();
        self.seen = seen;
    }

    fn follow(&mut self, seen: &Seen, semantics: &Semantics) {
        if !matches!(seen.code, CONNECTED | DISCONNECTED) {
            return;
        }
        self.connectivity.change(seen.at, seen.found.device, seen.code == CONNECTED);
        for watch in &mut self.watches {
            watch.sample_from(seen.at, semantics);
        }
    }

    /// Keeps the values of a report or an export.
    fn keep_all(&mut self, found: Found, event: &Event, semantics: &Semantics) {
        match &event.kind {
            EventKind::Report(measurements) => {
                for measurement in measurements {
                    let (metric, value) = (measurement.metric.clone(), measurement.value.clone());
                    let exported = Exported { metric, value, version: None, dimension: None };
                    self.keep(found, event.at, &exported, semantics);
                }
            }
            EventKind::Value(exported) => self.keep(found, event.at, exported, semantics),
            _ => {}
        }
    }

    fn keep(&mut self, found: Found, at: i64, exported: &Exported, semantics: &Semantics) {
        let mut fits = true;
        for watch in self.watches.iter_mut().filter(|watch| found.profiles & (1 << watch.profile) != 0) {
            fits &= watch.keep(found.device, at, exported, semantics);
        }
        self.mistyped += u64::from(!fits);
    }

    /// The earliest window end that is due and not yet dealt with; see [`Watch::next_end`].
    pub fn next_end(&self, horizon: Option<i64>, newest: i64) -> Option<End> {
        let ends = self.watches.iter().filter_map(|watch| {
            let (end, position) = watch.next_end(horizon, newest)?;
            Some((end, watch.profile, position))
        });
        ends.min()
    }

    /// Closes the window that ends there, and returns what its rules need to know of the fleet.
    pub fn close(&mut self, (end, profile, position): End, semantics: &Semantics) -> Vec<Pool> {
        self.watches[profile].close(end, position, &self.devices, &mut self.connectivity, semantics)
    }

    /// Judges the window of a profile that was closed last.
    pub fn judge_closed(&mut self, profile: usize, standards: &[Standard], semantics: &Semantics) {
        let Self { devices, watches, output, .. } = self;
        watches[profile].judge_closed(standards, &mut Surroundings { devices, semantics, output });
    }

    /// Closes and judges every window that is due, where no rule needs to know of the fleet.
    pub fn judge_windows(&mut self, horizon: Option<i64>, newest: i64, semantics: &Semantics) {
        while let Some(end) = self.next_end(horizon, newest) {
            self.close(end, semantics);
            self.judge_closed(end.1, &[], semantics);
        }
    }

    /// Judges what arrived before `horizon`, or all of it, and invalidates alarms that are silent at `until`. Comes
    /// after the windows.
    pub fn judge_others(&mut self, horizon: Option<i64>, until: i64, semantics: &Semantics) {
        let Self { devices, watches, output, .. } = &mut *self;
        let mut around = Surroundings { devices, semantics, output };
        for watch in watches {
            watch.judge_arrivals(horizon, &mut around);
            watch.sweep(until, &mut around);
        }
        self.judged.push((self.output.violations.len(), self.output.datapoints.len()));
    }
}
