//! Tumbling windows: what each device did between two edges, and the datapoints that come of it.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::batch::Prepared;
use crate::cells::{Cells, fold_size};
use crate::counters::{Counters, ELSEWHERE};
use crate::device::{DeviceId, Found};
use crate::event::{Event, EventKind, Outcome};
use crate::rules::{Column, WindowRules};
use crate::semantics::{Semantics, SourceAddress, Zeros};
use crate::stamped::{Stamped, settle};
use crate::value::Value;

/// An accepted event and its device.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Position among the events it came with.
    pub position: u32,
    /// See [`crate::counters::code`].
    pub code: u8,
    pub at: i64,
    pub found: Found,
}

/// The windows of one length that are still open, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    open: VecDeque<Window>,
    /// A closed window kept for its memory.
    spare: Option<Window>,
}

/// One window: a row for each device with an event in it, a column for each thing measured.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Milliseconds since the Unix epoch; the end is one length later and does not belong to it.
    pub start: i64,
    /// Device of each row; in the order of their numbers once the window is closed.
    devices: Vec<DeviceId>,
    counters: Counters,
    columns: Vec<Cells>,
    /// Values with their own time, folded in when the window closes. `device` is the row here.
    stamped: Vec<Stamped>,
    /// For each column the rows with kept values, once the window is closed.
    counted: Vec<BTreeSet<u32>>,
}

/// An open window as saved state holds it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedWindow {
    start: i64,
    devices: Vec<DeviceId>,
    active: Vec<bool>,
    /// For each counting column the counts, by row.
    counts: Vec<Vec<u64>>,
    columns: Vec<Cells>,
    stamped: Vec<Stamped>,
}

/// Start of the window of that length which contains a time.
pub(crate) fn window_start(at: i64, length: i64, semantics: &Semantics) -> i64 {
    let offset = i64::from(semantics.window_offset_seconds) * 1000;
    at.saturating_sub(offset).div_euclid(length).saturating_mul(length).saturating_add(offset)
}

impl Windows {
    /// The window that starts there, opened if need be.
    pub fn at(&mut self, start: i64, rules: &WindowRules) -> &mut Window {
        let position = self.open.partition_point(|window| window.start < start);
        if self.open.get(position).is_none_or(|window| window.start != start) {
            let mut window = self.spare.take().unwrap_or_else(|| Window::new(rules));
            window.start = start;
            self.open.insert(position, window);
        }
        &mut self.open[position]
    }

    /// Has what the newest window has counted of a device fetched from memory: most events belong there. Whether a
    /// device is new to its window cannot be predicted, and guessing wrong while waiting for memory costs most.
    #[inline(always)]
    pub fn prefetch(&self, device: DeviceId) {
        self.open.iter().next_back().into_iter().for_each(|window| window.counters.prefetch(device));
    }

    /// Start of the oldest open window.
    pub fn oldest(&self) -> Option<i64> {
        self.open.front().map(|window| window.start)
    }

    /// Takes the window that starts there out, if it is open. Give it back with [`Self::recycle`].
    pub fn take(&mut self, start: i64) -> Option<Window> {
        let position = self.open.iter().position(|window| window.start == start)?;
        self.open.remove(position)
    }

    pub fn recycle(&mut self, mut window: Window) {
        window.clear();
        self.spare = Some(window);
    }

    pub fn save(&self) -> Vec<SavedWindow> {
        self.open.iter().map(Window::save).collect()
    }

    /// Puts saved windows back.
    pub fn restore(saved: Vec<SavedWindow>, rules: &WindowRules, devices: usize) -> Result<Self, String> {
        if !saved.is_sorted_by(|a, b| a.start < b.start) {
            return Err("windows are not in order".to_owned());
        }
        let open = saved.into_iter().map(|window| Window::restore(window, rules, devices)).collect::<Result<_, _>>()?;
        Ok(Self { open, spare: None })
    }
}

impl Window {
    fn new(rules: &WindowRules) -> Self {
        let columns = rules.columns.iter().map(|column| Cells::new(column.fold)).collect();
        Self { columns, counters: Counters::new(&rules.columns), ..Self::default() }
    }

    fn clear(&mut self) {
        self.counters.clear(&self.devices);
        self.devices.clear();
        self.stamped.clear();
        self.columns.iter_mut().for_each(Cells::clear);
    }

    fn save(&self) -> SavedWindow {
        let counts = |index: usize| self.devices.iter().map(|device| self.counters.get(*device, index).1).collect();
        SavedWindow {
            start: self.start,
            devices: self.devices.clone(),
            active: self.devices.iter().map(|device| self.counters.is_active(*device)).collect(),
            counts: (0..self.counters.columns().len()).map(counts).collect(),
            columns: self.columns.clone(),
            stamped: self.stamped.clone(),
        }
    }

    fn restore(saved: SavedWindow, rules: &WindowRules, devices: usize) -> Result<Self, String> {
        let mut window = Self::new(rules);
        let rows = saved.devices.len();
        let fits = saved.active.len() == rows
            && saved.counts.len() == window.counters.columns().len()
            && saved.counts.iter().all(|counts| counts.len() == rows)
            && saved.columns.len() == rules.columns.len()
            && saved.columns.iter().zip(&rules.columns).all(|(cells, column)| cells.fits(column.fold, rows))
            && saved.stamped.iter().all(|value| {
                let column = rules.columns.get(value.series as usize);
                (value.device as usize) < rows && column.is_some_and(|c| c.metric.value() == value.value.kind())
            });
        if !fits {
            return Err(format!("the window at {} does not fit its columns", saved.start));
        }
        for (device, active) in saved.devices.iter().zip(saved.active) {
            if *device as usize >= devices || !window.counters.restore(*device, active) {
                return Err(format!("the window at {} names a device twice or an unknown one", saved.start));
            }
        }
        for (index, counts) in saved.counts.into_iter().enumerate() {
            saved.devices.iter().zip(counts).for_each(|(device, count)| window.counters.set(*device, index, count));
        }
        let SavedWindow { start, devices, columns, stamped, .. } = saved;
        Ok(Self { start, devices, columns, stamped, ..window })
    }

    /// Takes what the broker saw devices do in this window, of those that are in one of `profiles`.
    pub fn observe(
        &mut self,
        run: &[Seen],
        profiles: u64,
        batch: &Prepared,
        rules: &WindowRules,
        semantics: &Semantics,
    ) {
        let watched = |seen: &&Seen| seen.found.profiles & profiles != 0 && seen.code != ELSEWHERE;
        for seen in run.iter().filter(watched) {
            self.counters.count(seen, batch, &rules.columns, &mut self.devices);
        }
        for (column, cells) in rules.columns.iter().zip(&mut self.columns) {
            cells.grow(self.devices.len());
            if let Cells::Counts(_) | Cells::Values(_) = cells {
                continue;
            }
            for seen in run.iter().filter(watched) {
                let row = self.counters.row(seen.found.device, &mut self.devices);
                // Where a column looks at more than what happened, events are read whole.
                if let Some(event) = batch.event(seen.position) {
                    note(column, cells, row, event, semantics);
                }
            }
        }
    }

    /// Keeps a value that was measured elsewhere, for the column it belongs to.
    pub fn keep(&mut self, device: DeviceId, column: usize, at: i64, version: Option<u64>, value: Value) {
        let device = self.counters.row(device, &mut self.devices) as u32;
        self.columns.iter_mut().for_each(|cells| cells.grow(self.devices.len()));
        self.stamped.push(Stamped { at, series: column as u32, device, version, value });
    }

    /// Folds the kept values in, and puts the rows into the order of their devices; after that the window has its
    /// datapoints.
    pub fn close(&mut self, rules: &WindowRules) {
        let before = self.counters.order(&mut self.devices);
        self.columns.iter_mut().for_each(|cells| cells.reorder(&before));
        let mut stamped = std::mem::take(&mut self.stamped);
        if !stamped.is_empty() {
            let mut after = vec![0; before.len()];
            before.iter().enumerate().for_each(|(row, before)| after[*before as usize] = row as u32);
            stamped.iter_mut().for_each(|value| value.device = after[value.device as usize]);
            settle(&mut stamped);
        }
        self.counted = vec![BTreeSet::new(); self.columns.len()];
        for value in stamped.drain(..) {
            let column = value.series as usize;
            self.counted[column].insert(value.device);
            let fold = rules.columns[column].fold;
            self.columns[column].fold(value.device as usize, self.devices.len(), fold, value.value);
        }
        self.stamped = stamped;
    }

    /// Hands over the datapoints of a column, once the window is closed, in the order of the devices.
    #[inline]
    pub fn each_datapoint(&self, column: usize, semantics: &Semantics, mut take: impl FnMut(DeviceId, &Value)) {
        let zeros = semantics.zeros == Zeros::ActiveDevices;
        let (cells, counted) = (&self.columns[column], &self.counted[column]);
        let counting = self.counters.columns().iter().position(|counting| *counting == column);
        let devices = self.devices.iter();
        match counting {
            None => devices.enumerate().for_each(|(row, device)| {
                if let Some(value) = cells.value(row) {
                    take(*device, &value);
                }
            }),
            // Most windows have nothing but what the broker counted.
            Some(index) if counted.is_empty() => devices.for_each(|device| {
                let (is_active, count) = self.counters.get(*device, index);
                if count > 0 || (zeros && is_active) {
                    take(*device, &Value::Count(count));
                }
            }),
            Some(index) => devices.enumerate().for_each(|(row, device)| {
                let (is_active, count) = self.counters.get(*device, index);
                let elsewhere = if let Some(Value::Count(count)) = cells.value(row) { count } else { 0 };
                let count = count.saturating_add(elsewhere);
                if count > 0 || (zeros && is_active) || counted.contains(&(row as u32)) {
                    take(*device, &Value::Count(count));
                }
            }),
        }
    }
}

/// Takes a message's size or an address into a row.
fn note(column: &Column, cells: &mut Cells, row: usize, event: &Event, semantics: &Semantics) {
    match cells {
        Cells::Sizes(sizes) => {
            if let Some(bytes) = message_bytes(column.scope.as_ref(), event) {
                sizes[row] = Some(fold_size(column.fold, sizes[row], bytes));
            }
        }
        Cells::Addresses(sets) => {
            if let Some(address) = source(column, event, semantics) {
                sets[row].get_or_insert_default().insert(IpNet::from(address));
            }
        }
        Cells::Counts(_) | Cells::Values(_) => {}
    }
}

/// Payload bytes of a message that the device sent.
pub(crate) fn message_bytes(scope: Option<&crate::dimension::TopicScope>, event: &Event) -> Option<u64> {
    let EventKind::Publish { outcome: Outcome::Success, topic, bytes, .. } = &event.kind else { return None };
    let counts = scope.is_none_or(|scope| scope.accepts(topic.as_deref(), &event.client_id));
    bytes.filter(|_| counts)
}

/// The address that an event shows, where it counts.
fn source(column: &Column, event: &Event, semantics: &Semantics) -> Option<IpAddr> {
    let every = semantics.source_address == SourceAddress::EveryEvent;
    let ok = |outcome: &Outcome| every || *outcome == Outcome::Success;
    let (counts, topic, source) = match &event.kind {
        EventKind::Connect { outcome, source } => (column.scope.is_none() && ok(outcome), None, source),
        EventKind::Publish { outcome, topic, source, .. } | EventKind::Subscribe { outcome, topic, source } => {
            ((every || column.scope.is_some()) && ok(outcome), topic.as_deref(), source)
        }
        EventKind::Deliver { topic, source, .. } => (every, topic.as_deref(), source),
        EventKind::Disconnect { source } => (every && column.scope.is_none(), None, source),
        EventKind::Report(_) | EventKind::Value(_) => return None,
    };
    let accepted = column.scope.as_ref().is_none_or(|scope| scope.accepts(topic, &event.client_id));
    source.filter(|_| counts && accepted)
}
