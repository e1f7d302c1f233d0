//! The cells of one column of a window, by row, and how values fold into them.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::rules::Fold;
use crate::value::Value;

/// One cell a row. What the broker counts is in [`crate::counters`] instead.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Cells {
    /// Counts that were measured elsewhere; filled when the window closes, and left empty if there are none.
    Counts(Vec<u64>),
    /// Largest, smallest or summed bytes of the messages, if there were any.
    Sizes(Vec<Option<u64>>),
    Addresses(Vec<Option<BTreeSet<IpNet>>>),
    /// Filled when the window closes.
    Values(Vec<Option<Value>>),
}

impl Cells {
    pub fn new(fold: Fold) -> Self {
        match fold {
            Fold::Count => Self::Counts(Vec::new()),
            Fold::Largest | Fold::Smallest | Fold::Bytes => Self::Sizes(Vec::new()),
            Fold::Addresses => Self::Addresses(Vec::new()),
            Fold::Sum | Fold::Last | Fold::Union | Fold::Disconnected => Self::Values(Vec::new()),
        }
    }

    /// Whether the cells are those of a column of that fold in an open window with that many rows.
    pub fn fits(&self, fold: Fold, rows: usize) -> bool {
        let length = match self {
            Self::Counts(cells) => return cells.is_empty() && fold == Fold::Count,
            Self::Sizes(cells) => cells.len(),
            Self::Addresses(cells) => cells.len(),
            Self::Values(cells) => cells.len(),
        };
        std::mem::discriminant(self) == std::mem::discriminant(&Self::new(fold)) && length == rows
    }

    /// Makes room for new rows.
    pub fn grow(&mut self, rows: usize) {
        match self {
            Self::Counts(_) => {}
            Self::Sizes(cells) => cells.resize(rows, None),
            Self::Addresses(cells) => cells.resize(rows, None),
            Self::Values(cells) => cells.resize(rows, None),
        }
    }

    pub fn clear(&mut self) {
        match self {
            Self::Counts(cells) => cells.clear(),
            Self::Sizes(cells) => cells.clear(),
            Self::Addresses(cells) => cells.clear(),
            Self::Values(cells) => cells.clear(),
        }
    }

    /// Puts the rows into another order: row `r` becomes what row `before[r]` was.
    pub fn reorder(&mut self, before: &[u32]) {
        match self {
            Self::Counts(_) => {}
            Self::Sizes(cells) => *cells = reordered(cells, before),
            Self::Addresses(cells) => *cells = reordered(cells, before),
            Self::Values(cells) => *cells = reordered(cells, before),
        }
    }

    /// Adds a value that was measured elsewhere to one of `rows` rows; values come in order of time.
    pub fn fold(&mut self, row: usize, rows: usize, fold: Fold, value: Value) {
        match (self, value) {
            (Self::Counts(cells), Value::Count(count)) => {
                cells.resize(rows, 0);
                cells[row] = cells[row].saturating_add(count);
            }
            (Self::Sizes(cells), Value::Count(bytes)) => cells[row] = Some(fold_size(fold, cells[row], bytes)),
            (Self::Addresses(cells), Value::Cidrs(networks)) => cells[row].get_or_insert_default().extend(networks),
            (Self::Values(cells), value) => cells[row] = Some(fold_value(fold, cells[row].take(), value)),
            _ => {}
        }
    }

    /// The value of a row, if it has one; of a count, what was measured elsewhere.
    pub fn value(&self, row: usize) -> Option<Value> {
        match self {
            Self::Counts(cells) => cells.get(row).copied().map(Value::Count),
            Self::Sizes(cells) => cells[row].map(Value::Count),
            Self::Addresses(cells) => cells[row].as_ref().map(|set| Value::Cidrs(set.iter().copied().collect())),
            Self::Values(cells) => cells[row].clone(),
        }
    }
}

fn reordered<T>(cells: &mut [Option<T>], before: &[u32]) -> Vec<Option<T>> {
    before.iter().map(|row| cells[*row as usize].take()).collect()
}

pub(crate) fn fold_size(fold: Fold, so_far: Option<u64>, bytes: u64) -> u64 {
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
