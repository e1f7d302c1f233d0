//! Tumbling windows: what each device did between two edges, and the datapoints that come of it.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::device::DeviceId;
use crate::event::{Event, EventKind, Outcome};
use crate::metric::{BuiltIn, Metric};
use crate::rules::{Column, Fold, WindowRules};
use crate::semantics::{Semantics, SourceAddress, Zeros};
use crate::stamped::{Stamped, settle};
use crate::value::Value;

/// Marks a device without a row.
const NO_ROW: u32 = u32::MAX;
/// Marks the row of a device that the broker saw, so that the row itself need not be looked at again.
const ACTIVE: u32 = 1 << 31;

/// The windows of one length that are still open, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    open: VecDeque<Window>,
    /// A closed window kept for its memory.
    spare: Option<Window>,
}

/// One window: a row for each device with an event in it, a column for each thing measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Milliseconds since the Unix epoch; the end is one length later and does not belong to it.
    pub start: i64,
    /// Device of each row.
    devices: Vec<DeviceId>,
    /// Whether the broker saw the device.
    active: Vec<bool>,
    columns: Vec<Cells>,
    /// Values with their own time, folded in when the window closes. `device` is the row here.
    stamped: Vec<Stamped>,
    /// For each column the rows with kept values, once the window is closed.
    #[serde(skip)]
    counted: Vec<BTreeSet<u32>>,
    /// Row of each device, with [`ACTIVE`]; the inverse of `devices`.
    #[serde(skip)]
    row_of: Vec<u32>,
}

/// The cells of one column, by row.
#[derive(Debug, Serialize, Deserialize)]
enum Cells {
    Counts(Vec<u64>),
    /// Largest, smallest or summed bytes of the messages, if there were any.
    Sizes(Vec<Option<u64>>),
    Addresses(Vec<Option<BTreeSet<IpNet>>>),
    /// Filled when the window closes.
    Values(Vec<Option<Value>>),
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
            let mut window = self.spare.take().unwrap_or_default();
            window.start = start;
            window.prepare(rules);
            self.open.insert(position, window);
        }
        &mut self.open[position]
    }

    /// Reads the device's counts in the window that starts there.
    pub fn peek(&self, device: DeviceId, start: i64) -> u64 {
        let Some(window) = self.open.iter().rev().find(|window| window.start == start) else { return 0 };
        let Some(known) = window.row_of.get(device as usize).filter(|known| **known != NO_ROW) else { return 0 };
        let row = (known & !ACTIVE) as usize;
        window.columns.iter().fold(0, |sum: u64, cells| match cells {
            Cells::Counts(counts) => sum.wrapping_add(counts[row]),
            _ => sum,
        })
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

    pub fn open(&self) -> &VecDeque<Window> {
        &self.open
    }

    /// Puts saved windows back.
    pub fn restore(saved: VecDeque<Window>, rules: &WindowRules, devices: usize) -> Result<Self, String> {
        let mut open = saved;
        for window in &mut open {
            window.restore(rules, devices)?;
        }
        if !open.iter().is_sorted_by(|a, b| a.start < b.start) {
            return Err("windows are not in order".to_owned());
        }
        Ok(Self { open, spare: None })
    }
}

impl Window {
    fn prepare(&mut self, rules: &WindowRules) {
        if self.columns.is_empty() {
            self.columns = rules.columns.iter().map(|column| Cells::new(column.fold)).collect();
        }
    }

    fn clear(&mut self) {
        for device in self.devices.drain(..) {
            self.row_of[device as usize] = NO_ROW;
        }
        self.active.clear();
        self.stamped.clear();
        self.columns.iter_mut().for_each(Cells::clear);
    }

    fn restore(&mut self, rules: &WindowRules, devices: usize) -> Result<(), String> {
        let rows = self.devices.len();
        let mut expected = rules.columns.iter();
        let fits = self.active.len() == rows
            && self.columns.len() == rules.columns.len()
            && self.columns.iter().all(|cells| cells.len() == rows && cells.fits(expected.next()))
            && self.stamped.iter().all(|value| {
                let column = rules.columns.get(value.series as usize);
                (value.device as usize) < rows && column.is_some_and(|c| c.metric.value() == value.value.kind())
            });
        if !fits {
            return Err(format!("the window at {} does not fit its columns", self.start));
        }
        self.row_of = vec![NO_ROW; devices];
        for (row, device) in self.devices.iter().enumerate() {
            match self.row_of.get_mut(*device as usize) {
                Some(known) if *known == NO_ROW => *known = row as u32 | if self.active[row] { ACTIVE } else { 0 },
                _ => return Err(format!("the window at {} names a device twice or an unknown one", self.start)),
            }
        }
        Ok(())
    }

    fn row(&mut self, device: DeviceId) -> usize {
        let index = device as usize;
        if index >= self.row_of.len() {
            self.row_of.resize(index + 1, NO_ROW);
        }
        if self.row_of[index] == NO_ROW {
            self.row_of[index] = self.devices.len() as u32;
            self.devices.push(device);
            self.active.push(false);
            self.columns.iter_mut().for_each(Cells::grow);
        }
        (self.row_of[index] & !ACTIVE) as usize
    }

    /// Notes that the broker saw the device, once.
    fn activate(&mut self, device: DeviceId, row: usize) {
        let known = &mut self.row_of[device as usize];
        if *known & ACTIVE == 0 {
            *known |= ACTIVE;
            self.active[row] = true;
        }
    }

    /// Counts a broker event.
    pub fn observe(&mut self, device: DeviceId, event: &Event, rules: &WindowRules, semantics: &Semantics) {
        let row = self.row(device);
        self.activate(device, row);
        for (column, cells) in rules.columns.iter().zip(&mut self.columns) {
            match cells {
                // Cells that do not move are not touched: most of the time goes into waiting for memory.
                Cells::Counts(counts) => {
                    if moves(column, event) {
                        counts[row] = counts[row].saturating_add(1);
                    }
                }
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
                Cells::Values(_) => {}
            }
        }
    }

    /// Keeps a value that was measured elsewhere, for the column it belongs to.
    pub fn keep(&mut self, device: DeviceId, column: usize, at: i64, version: Option<u64>, value: Value) {
        let device = self.row(device) as u32;
        self.stamped.push(Stamped { at, series: column as u32, device, version, value });
    }

    /// Folds the kept values in; after that the window has its datapoints.
    pub fn close(&mut self, rules: &WindowRules) {
        let mut stamped = std::mem::take(&mut self.stamped);
        settle(&mut stamped);
        self.counted = vec![BTreeSet::new(); self.columns.len()];
        for value in stamped.drain(..) {
            let column = value.series as usize;
            self.counted[column].insert(value.device);
            self.columns[column].fold(value.device as usize, rules.columns[column].fold, value.value);
        }
        self.stamped = stamped;
    }

    /// The datapoints of a column, once the window is closed.
    pub fn datapoints(&self, column: usize, semantics: &Semantics) -> impl Iterator<Item = (DeviceId, Value)> {
        let zeros = semantics.zeros == Zeros::ActiveDevices;
        let (cells, counted) = (&self.columns[column], &self.counted[column]);
        self.devices.iter().enumerate().filter_map(move |(row, device)| {
            let exists = (zeros && self.active[row]) || counted.contains(&(row as u32));
            Some((*device, cells.value(row, exists)?))
        })
    }
}

impl Cells {
    fn new(fold: Fold) -> Self {
        match fold {
            Fold::Count => Self::Counts(Vec::new()),
            Fold::Largest | Fold::Smallest | Fold::Bytes => Self::Sizes(Vec::new()),
            Fold::Addresses => Self::Addresses(Vec::new()),
            Fold::Sum | Fold::Last | Fold::Union | Fold::Disconnected => Self::Values(Vec::new()),
        }
    }

    fn fits(&self, column: Option<&Column>) -> bool {
        column.is_some_and(|column| std::mem::discriminant(self) == std::mem::discriminant(&Self::new(column.fold)))
    }

    fn len(&self) -> usize {
        match self {
            Self::Counts(cells) => cells.len(),
            Self::Sizes(cells) => cells.len(),
            Self::Addresses(cells) => cells.len(),
            Self::Values(cells) => cells.len(),
        }
    }

    fn grow(&mut self) {
        match self {
            Self::Counts(cells) => cells.push(0),
            Self::Sizes(cells) => cells.push(None),
            Self::Addresses(cells) => cells.push(None),
            Self::Values(cells) => cells.push(None),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Counts(cells) => cells.clear(),
            Self::Sizes(cells) => cells.clear(),
            Self::Addresses(cells) => cells.clear(),
            Self::Values(cells) => cells.clear(),
        }
    }

    /// Adds a value that was measured elsewhere; values come in order of time.
    fn fold(&mut self, row: usize, fold: Fold, value: Value) {
        match (self, value) {
            (Self::Counts(cells), Value::Count(count)) => cells[row] = cells[row].saturating_add(count),
            (Self::Sizes(cells), Value::Count(bytes)) => cells[row] = Some(fold_size(fold, cells[row], bytes)),
            (Self::Addresses(cells), Value::Cidrs(networks)) => cells[row].get_or_insert_default().extend(networks),
            (Self::Values(cells), value) => cells[row] = Some(fold_value(fold, cells[row].take(), value)),
            _ => {}
        }
    }

    /// The datapoint of a row; `zero` says whether a count of nothing is one.
    fn value(&self, row: usize, zero: bool) -> Option<Value> {
        match self {
            Self::Counts(cells) => (zero || cells[row] > 0).then(|| Value::Count(cells[row])),
            Self::Sizes(cells) => cells[row].map(Value::Count),
            Self::Addresses(cells) => cells[row].as_ref().map(|set| Value::Cidrs(set.iter().copied().collect())),
            Self::Values(cells) => cells[row].clone(),
        }
    }
}

fn fold_size(fold: Fold, so_far: Option<u64>, bytes: u64) -> u64 {
    match (so_far, fold) {
        (None, _) => bytes,
        (Some(so_far), Fold::Largest) => so_far.max(bytes),
        (Some(so_far), Fold::Smallest) => so_far.min(bytes),
        (Some(so_far), _) => so_far.saturating_add(bytes),
    }
}

fn fold_value(fold: Fold, so_far: Option<Value>, value: Value) -> Value {
    match (fold, so_far, value) {
        (Fold::Sum, Some(Value::Count(sum)), Value::Count(more)) => Value::Count(sum.saturating_add(more)),
        (Fold::Union, Some(mut united), value) => {
            united.unite(&value);
            united
        }
        (Fold::Union, None, value) => value.sorted(),
        (_, _, value) => value,
    }
}

/// Whether the event adds one to a broker count.
fn moves(column: &Column, event: &Event) -> bool {
    use Outcome::{Refused, Success};
    let Metric::BuiltIn(metric) = column.metric else { return false };
    let (counts, topic) = match (metric, &event.kind) {
        (BuiltIn::NumMessagesSent, EventKind::Publish { outcome, topic, .. }) => (*outcome == Success, topic),
        (BuiltIn::NumMessagesReceived, EventKind::Deliver { outcome, topic, .. }) => (*outcome == Success, topic),
        (
            BuiltIn::NumAuthorizationFailures,
            EventKind::Publish { outcome, topic, .. } | EventKind::Subscribe { outcome, topic, .. },
        ) => (*outcome == Refused, topic),
        (BuiltIn::NumAuthorizationFailures, EventKind::Connect { outcome, .. }) => (*outcome == Refused, &None),
        (BuiltIn::NumConnectionAttempts, EventKind::Connect { .. })
        | (BuiltIn::NumDisconnects, EventKind::Disconnect { .. }) => (true, &None),
        _ => return false,
    };
    counts && column.scope.as_ref().is_none_or(|scope| scope.accepts(topic.as_deref(), &event.client_id))
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
