//! What the broker saw each device do in one window, counted.
//!
//! The counts of a device lie side by side, behind the number of its row, so that an event touches one place in memory
//! however many behaviours count it: with a hundred thousand devices most of the time goes into waiting for memory.

use std::collections::BTreeMap;

use prefetch_index::prefetch_index;

use crate::batch::Prepared;
use crate::device::DeviceId;
use crate::event::{EventKind, Outcome};
use crate::metric::{BuiltIn, Metric};
use crate::rules::{Column, Fold};
use crate::window::Seen;

/// Says in a device's first cell that the broker saw it.
const ACTIVE: u32 = 1 << 31;

/// A set of [`code`]s, by bit.
pub(crate) type Codes = u16;

/// Codes of broker events with an outcome, which is added: its number is 0 to 2.
pub(crate) const CONNECT: u8 = 0;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const DELIVER: u8 = 6;
pub(crate) const SUBSCRIBE: u8 = 9;
/// Code of the end of a connection.
pub(crate) const DISCONNECTED: u8 = 12;
/// Code of events that the broker did not see.
pub(crate) const ELSEWHERE: u8 = 13;
/// Code of a successful connection.
pub(crate) const CONNECTED: u8 = CONNECT + Outcome::Success as u8;

/// What happened and how it went, as a small number.
pub(crate) fn code(kind: &EventKind) -> u8 {
    let with = |first: u8, outcome: &Outcome| first + *outcome as u8;
    match kind {
        EventKind::Connect { outcome, .. } => with(CONNECT, outcome),
        EventKind::Publish { outcome, .. } => with(PUBLISH, outcome),
        EventKind::Deliver { outcome, .. } => with(DELIVER, outcome),
        EventKind::Subscribe { outcome, .. } => with(SUBSCRIBE, outcome),
        EventKind::Disconnect { .. } => DISCONNECTED,
        EventKind::Report(_) | EventKind::Value(_) => ELSEWHERE,
    }
}

/// The events that add one to a broker count.
fn moved_by(metric: &Metric) -> Codes {
    let (success, refused) = (1 << Outcome::Success as u8, 1 << Outcome::Refused as u8);
    match metric {
        Metric::BuiltIn(BuiltIn::NumMessagesSent) => success << PUBLISH,
        Metric::BuiltIn(BuiltIn::NumMessagesReceived) => success << DELIVER,
        Metric::BuiltIn(BuiltIn::NumAuthorizationFailures) => {
            refused << CONNECT | refused << PUBLISH | refused << SUBSCRIBE
        }
        Metric::BuiltIn(BuiltIn::NumConnectionAttempts) => 0b111 << CONNECT,
        Metric::BuiltIn(BuiltIn::NumDisconnects) => 1 << DISCONNECTED,
        _ => 0,
    }
}

/// Counts of all devices. Device `d` has the cells from `d * stride`: first its row plus one, with [`ACTIVE`], or 0
/// without a row; then one count for each counting column.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    cells: Vec<u32>,
    stride: usize,
    /// For each counting column what moves it.
    moved_by: Vec<Codes>,
    /// Position of each counting column among all columns.
    columns: Vec<usize>,
    /// What a count has beyond its 32 bits, by cell.
    carried: BTreeMap<usize, u64>,
    rows: u32,
}

impl Counters {
    pub fn new(columns: &[Column]) -> Self {
        let counting = columns.iter().enumerate().filter(|(_, column)| column.fold == Fold::Count);
        let (columns, moved_by): (Vec<_>, Vec<_>) =
            counting.map(|(position, column)| (position, moved_by(&column.metric))).unzip();
        Self { stride: 1 + columns.len(), columns, moved_by, ..Self::default() }
    }

    /// Positions of the counting columns among all columns, in the order of [`Self::count`].
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The first cell of a device, which gets one if it has none yet.
    #[inline]
    fn base(&mut self, device: DeviceId) -> usize {
        let base = device as usize * self.stride;
        if base >= self.cells.len() {
            self.cells.resize(base + self.stride, 0);
        }
        base
    }

    /// The row of a device; one that has none gets the next.
    #[inline]
    pub fn row(&mut self, device: DeviceId, devices: &mut Vec<DeviceId>) -> usize {
        let base = self.base(device);
        if self.cells[base] & !ACTIVE == 0 {
            self.give_row(base, device, devices);
        }
        (self.cells[base] & !ACTIVE) as usize - 1
    }

    #[cold]
    fn give_row(&mut self, base: usize, device: DeviceId, devices: &mut Vec<DeviceId>) {
        self.rows += 1;
        self.cells[base] = self.rows | (self.cells[base] & ACTIVE);
        devices.push(device);
    }

    /// Has a device's cells fetched from memory.
    #[inline(always)]
    pub fn prefetch(&self, device: DeviceId) {
        prefetch_index(&self.cells, device as usize * self.stride);
    }

    /// Counts an event that the broker saw; it is looked at only where a topic decides.
    #[inline]
    pub fn count(&mut self, seen: &Seen, batch: &Prepared, columns: &[Column], devices: &mut Vec<DeviceId>) {
        let device = seen.found.device;
        let base = self.base(device);
        if self.cells[base] & ACTIVE == 0 {
            self.row(device, devices);
            self.cells[base] |= ACTIVE;
        }
        for (index, codes) in self.moved_by.iter().enumerate() {
            if codes >> seen.code & 1 == 0 || !accepted(&columns[self.columns[index]], seen, batch) {
                continue;
            }
            let cell = &mut self.cells[base + 1 + index];
            *cell = cell.wrapping_add(1);
            if *cell == 0 {
                let carried = self.carried.entry(base + 1 + index).or_default();
                *carried = carried.saturating_add(1 << 32);
            }
        }
    }

    /// Whether the broker saw the device.
    pub fn is_active(&self, device: DeviceId) -> bool {
        self.cells[device as usize * self.stride] & ACTIVE != 0
    }

    /// Whether the broker saw the device, and its count in the counting column of that index.
    #[inline]
    pub fn get(&self, device: DeviceId, index: usize) -> (bool, u64) {
        let first = device as usize * self.stride;
        let cells = &self.cells[first..first + self.stride];
        let (is_active, count) = (cells[0] & ACTIVE != 0, u64::from(cells[1 + index]));
        if self.carried.is_empty() {
            return (is_active, count);
        }
        let carried = self.carried.get(&(first + 1 + index)).copied().unwrap_or(0);
        (is_active, carried.saturating_add(count))
    }

    /// Puts a saved row back: that of a device with its activity; its counts follow by [`Self::set`].
    ///
    /// Returns false if the device has a row already.
    pub fn restore(&mut self, device: DeviceId, active: bool) -> bool {
        let base = self.base(device);
        if self.cells[base] != 0 {
            return false;
        }
        self.rows += 1;
        self.cells[base] = self.rows | if active { ACTIVE } else { 0 };
        true
    }

    pub fn set(&mut self, device: DeviceId, index: usize, count: u64) {
        let cell = device as usize * self.stride + 1 + index;
        self.cells[cell] = count as u32;
        if count > u64::from(u32::MAX) {
            self.carried.insert(cell, count - u64::from(count as u32));
        }
    }

    /// Puts `devices`, those of the rows, into the order of their numbers and renumbers the rows. Returns for each row
    /// which it was before. What follows then goes through memory in order.
    pub fn order(&mut self, devices: &mut Vec<DeviceId>) -> Vec<u32> {
        if devices.len() * 8 > self.cells.len() / self.stride {
            devices.clear();
            let firsts = self.cells.iter().step_by(self.stride).enumerate();
            devices.extend(firsts.filter(|(_, first)| **first & !ACTIVE != 0).map(|(device, _)| device as DeviceId));
        } else {
            devices.sort_unstable();
        }
        let mut before = Vec::with_capacity(devices.len());
        for (row, device) in devices.iter().enumerate() {
            let first = &mut self.cells[*device as usize * self.stride];
            before.push((*first & !ACTIVE) - 1);
            *first = (row as u32 + 1) | (*first & ACTIVE);
        }
        before
    }

    /// Forgets everything about the devices that have rows.
    pub fn clear(&mut self, devices: &[DeviceId]) {
        for device in devices {
            let base = *device as usize * self.stride;
            self.cells[base..base + self.stride].fill(0);
        }
        self.carried.clear();
        self.rows = 0;
    }
}

/// Whether a counting column's dimension, if it has one, accepts the event.
#[inline]
fn accepted(column: &Column, seen: &Seen, batch: &Prepared) -> bool {
    let Some(scope) = &column.scope else { return true };
    // Where there is a dimension, events are read whole.
    let Some(event) = batch.event(seen.position) else { return false };
    let topic = match &event.kind {
        EventKind::Publish { topic, .. } | EventKind::Deliver { topic, .. } | EventKind::Subscribe { topic, .. } => {
            topic.as_deref()
        }
        _ => None,
    };
    scope.accepts(topic, &event.client_id)
}
