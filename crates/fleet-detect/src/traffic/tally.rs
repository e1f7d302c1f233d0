//! What became of the lines: events, lines of no interest, and bad ones by reason.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Line numbers kept for each reason.
const SHOWN: usize = 5;

/// Why a line is bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The group it is counted in.
    pub reason: &'static str,
    /// What exactly is wrong with this line.
    pub detail: String,
}

impl BadLine {
    pub(crate) fn new(reason: &'static str, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

/// Counts of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Lines (or records of a document) that were not blank.
    pub lines: u64,
    pub events: u64,
    /// Valid records that say nothing about a metric, such as rule executions in a log.
    pub skipped: u64,
    pub bad: BTreeMap<&'static str, BadLines>,
}

/// Bad lines of one reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BadLines {
    pub count: u64,
    /// Number, from one, and detail of the first few.
    pub first: Vec<(u64, String)>,
}

impl Tally {
    /// Counts a bad line.
    pub fn add_bad(&mut self, line: u64, bad: BadLine) {
        let lines = self.bad.entry(bad.reason).or_default();
        lines.count += 1;
        if lines.first.len() < SHOWN {
            lines.first.push((line, bad.detail));
        }
    }

    /// How many lines were bad.
    pub fn bad_lines(&self) -> u64 {
        self.bad.values().map(|lines| lines.count).sum()
    }

    /// Adds the counts of a later piece of the same input, before which there were that many lines.
    pub(super) fn append(&mut self, mut piece: Self, lines_before: u64) {
        let shown = piece.bad.values_mut().flat_map(|lines| &mut lines.first);
        shown.for_each(|(line, _)| *line += lines_before);
        self.merge(piece);
    }

    /// Adds another input's counts; its line numbers are kept as they are.
    pub fn merge(&mut self, other: Self) {
        self.lines += other.lines;
        self.events += other.events;
        self.skipped += other.skipped;
        for (reason, lines) in other.bad {
            let mine = self.bad.entry(reason).or_default();
            mine.count += lines.count;
            let free = SHOWN - mine.first.len().min(SHOWN);
            mine.first.extend(lines.first.into_iter().take(free));
        }
    }
}
