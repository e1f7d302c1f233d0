//! The quick way through rows of broker events of which nobody needs more than [`Batch`] keeps of plain ones.
//!
//! Types and outcomes are a few words, of which most files have a dictionary: what each means is found out once, and a
//! row costs a look into two small tables. Rows that are not ordinary are left to the way that reads them whole.

use super::schema::Text;
use super::table::Columns;
use super::texts::Texts;
use crate::batch::Batch;
use crate::counters;
use crate::event::Outcome;
use crate::traffic::members;
use crate::traffic::ndjson::Kind;
use crate::traffic::time::believable;

/// What the words of some rows mean.
#[derive(Default)]
pub(super) struct PlainRows {
    types: Vec<u8>,
    outcomes: Vec<u8>,
}

/// Position of each type of broker event below.
const KINDS: [Kind; 5] = [Kind::Connect, Kind::Publish, Kind::Deliver, Kind::Subscribe, Kind::Disconnect];
const OUTCOMES: [Outcome; 3] = [Outcome::Success, Outcome::Refused, Outcome::Failed];
/// Position of a cell without a word, and of one whose word means nothing.
const ABSENT: u8 = 6;
const UNKNOWN: u8 = 7;
/// Code of a row that is not ordinary.
const OTHER: u8 = u8::MAX;
/// Entries of a dictionary up to which it is worth finding out what each means.
const FEW: usize = 64;

impl PlainRows {
    /// Looks at the rows that the columns hold.
    pub fn fill(&mut self, columns: &Columns, rows: usize) {
        let kind = |word: &str| position(&KINDS, &members::kind(word)?);
        let outcome = |word: &str| position(&OUTCOMES, &members::outcome(word)?);
        words(columns.column(Text::Type), rows, kind, &mut self.types);
        words(columns.column(Text::Status), rows, outcome, &mut self.outcomes);
        let others = [Text::Metrics, Text::Metric, Text::Value, Text::Dimension];
        let has_others = others.into_iter().filter_map(|text| columns.column(text)).any(Texts::has_any);
        if has_others || columns.has_versions() {
            self.types.fill(UNKNOWN);
        }
    }

    /// Adds each row to `batch`, and hands over those that are not ordinary.
    pub fn push_all<'a>(
        &self,
        columns: &'a Columns,
        batch: &mut Batch<'a>,
        mut other: impl FnMut(usize, &mut Batch<'a>),
    ) {
        let codes = codes();
        let (clients, things) = (columns.column(Text::ClientId), columns.column(Text::Thing));
        let named = |column: Option<&'a Texts>, row: usize| column.and_then(|column| column.get(row));
        for (row, (kind, outcome)) in self.types.iter().zip(&self.outcomes).enumerate() {
            let code = codes[usize::from(*kind & 7)][usize::from(*outcome & 7)];
            let at = columns.time(row).and_then(believable);
            let name = match (named(things, row), named(clients, row)) {
                (_, None | Some(Err(_) | Ok(""))) | (Some(Err(_)), _) => None,
                (None | Some(Ok("")), Some(Ok(client))) => Some(client),
                (Some(Ok(thing)), _) => Some(thing),
            };
            let pushed = match (at, name) {
                (Some(at), Some(name)) if code != OTHER => batch.push_plain(at, name.as_bytes(), code),
                _ => None,
            };
            if pushed.is_none() {
                other(row, batch);
            }
        }
    }
}

fn position<T: PartialEq>(all: &[T], one: &T) -> Option<u8> {
    all.iter().position(|other| other == one).and_then(|position| u8::try_from(position).ok())
}

/// The code of each ordinary pair of type and outcome, by their positions.
fn codes() -> [[u8; 8]; 8] {
    let mut codes = [[OTHER; 8]; 8];
    for (kind, codes) in KINDS.iter().zip(&mut codes) {
        let code = |outcome| members::code(*kind, outcome).unwrap_or(OTHER);
        codes[usize::from(ABSENT)] = code(Outcome::Success);
        // The end of a connection has no outcome.
        if code(Outcome::Success) != counters::DISCONNECTED {
            OUTCOMES.into_iter().zip(codes).for_each(|(outcome, place)| *place = code(outcome));
        }
    }
    codes
}

/// Finds out what the word of each row means.
fn words(column: Option<&Texts>, rows: usize, meaning: impl Fn(&str) -> Option<u8>, out: &mut Vec<u8>) {
    out.clear();
    let Some(column) = column else { return out.resize(rows, ABSENT) };
    match column.chosen(FEW) {
        Some((entries, chosen)) => {
            let of_entry: Vec<u8> = entries.map(|entry| entry.ok().and_then(&meaning).unwrap_or(UNKNOWN)).collect();
            out.extend(chosen.iter().map(|entry| of_entry.get(*entry as usize).copied().unwrap_or(ABSENT)));
        }
        None => out.extend((0..rows).map(|row| match column.get(row) {
            None => ABSENT,
            Some(cell) => cell.ok().and_then(&meaning).unwrap_or(UNKNOWN),
        })),
    }
}
