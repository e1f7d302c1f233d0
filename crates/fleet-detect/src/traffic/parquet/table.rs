//! Reads the rows of a Parquet file, a batch at a time, row group by row group.

use std::borrow::Cow;

use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use serde::Deserialize;
use serde::de::IntoDeserializer;

use super::column::{Numbers, Times};
use super::pages::{Pages, ReadSeek, SharedFile};
use super::plain_rows::PlainRows;
use super::schema::{Places, TEXTS, Text};
use super::texts::Texts;
use crate::batch::Batch;
use crate::event::Event;
use crate::needs::Needs;
use crate::traffic::members::{self, Members};
use crate::traffic::ndjson::Line;
use crate::traffic::tally::BadLine;

/// The first and the last bytes of every Parquet file.
pub const MAGIC: &[u8; 4] = b"PAR1";
/// Longest footer, which is held in memory.
const MAX_FOOTER: u64 = 64 << 20;

/// A file and the batch of rows that is being read.
pub struct Table {
    file: SharedFile,
    metadata: ParquetMetaData,
    places: Places,
    /// Columns of the row group that is being read.
    columns: Option<Columns>,
    plain_rows: PlainRows,
    /// The row group to start next.
    next_group: usize,
    /// Rows left in the row group.
    left: u64,
}

pub(super) struct Columns {
    timestamp: Times,
    texts: [Option<Texts>; TEXTS.len()],
    bytes: Option<Numbers>,
    version: Option<Numbers>,
}

impl Table {
    /// Reads the footer. Columns that are not needed are checked for their type, and not read.
    ///
    /// # Errors
    /// Says what is wrong: no Parquet file, damaged, or columns that are not those of the event schema.
    pub fn open(file: impl ReadSeek + 'static, needs: Needs) -> Result<Self, String> {
        let file = SharedFile::new(file).map_err(|error| error.to_string())?;
        let metadata = footer(&file)?;
        let mut places = Places::find(metadata.file_metadata().schema_descr())?;
        places.keep(needs);
        Ok(Self { file, metadata, places, columns: None, plain_rows: PlainRows::default(), next_group: 0, left: 0 })
    }

    /// Reads the next rows, at most as many as asked for, and returns their number; zero at the end.
    ///
    /// # Errors
    /// Names the row group and column that cannot be read.
    pub fn fill(&mut self, most: usize) -> Result<usize, String> {
        while self.left == 0 {
            if self.next_group == self.metadata.num_row_groups() {
                self.columns = None;
                return Ok(0);
            }
            self.start_group().map_err(|error| self.in_group(&error))?;
        }
        let most = self.left.min(most as u64) as usize;
        let Some(columns) = &mut self.columns else { return Ok(0) };
        let rows = columns.fill(most).map_err(|error| self.in_group(&error))?;
        self.left -= rows as u64;
        Ok(rows)
    }

    fn start_group(&mut self) -> Result<(), String> {
        let group = self.metadata.row_group(self.next_group);
        self.next_group += 1;
        self.left = u64::try_from(group.num_rows()).map_err(|_| "a negative number of rows")?;
        let schema = self.metadata.file_metadata().schema_descr();
        let part = |place: usize| {
            let chunk = group.columns().get(place).ok_or("it lacks columns")?;
            let named = |error| in_column(schema.column(place).name(), &error);
            Ok::<_, String>((schema.column(place), Pages::new(self.file.clone(), chunk).map_err(named)?))
        };
        let text = |place: usize| part(place).map(|(_, pages)| Texts::new(pages));
        let number = |place: usize| part(place).map(|(descriptor, pages)| Numbers::new(descriptor, pages));
        let (place, clock) = self.places.timestamp;
        let (descriptor, pages) = part(place)?;
        let mut texts = [const { None }; TEXTS.len()];
        for (column, place) in texts.iter_mut().zip(self.places.texts) {
            *column = place.map(text).transpose()?;
        }
        self.columns = Some(Columns {
            timestamp: Times::new(clock, descriptor, pages),
            texts,
            bytes: self.places.bytes.map(number).transpose()?,
            version: self.places.version.map(number).transpose()?,
        });
        Ok(())
    }

    /// Says where, counted from one.
    fn in_group(&self, error: &str) -> String {
        format!("row group {}: {error}", self.next_group)
    }

    /// Adds the events of the rows that were read to `batch`, `plain` if nobody needs more of them, and hands over what
    /// is wrong with a row, counted from zero.
    pub fn push_all<'a>(
        &'a mut self,
        rows: usize,
        batch: &mut Batch<'a>,
        plain: bool,
        mut bad: impl FnMut(usize, BadLine),
    ) {
        let Self { columns: Some(columns), plain_rows, .. } = self else { return };
        let columns = &*columns;
        let mut push = |row: usize, batch: &mut Batch<'a>| match columns.event(row) {
            Ok(event) => batch.push(event),
            Err(found) => bad(row, found),
        };
        if plain {
            plain_rows.fill(columns, rows);
            plain_rows.push_all(columns, batch, push);
        } else {
            (0..rows).for_each(|row| push(row, batch));
        }
    }
}

fn footer(file: &SharedFile) -> Result<ParquetMetaData, String> {
    let truncated = || "not a Parquet file, or one that was not finished: it does not end in `PAR1`".to_owned();
    let end = file.length.checked_sub(8).filter(|end| *end >= MAGIC.len() as u64).ok_or_else(truncated)?;
    let tail = file.read(end, 8).map_err(|error| error.to_string())?;
    let [a, b, c, d, magic @ ..] = &tail[..] else { return Err(truncated()) };
    match magic {
        b"PAR1" => {}
        b"PARE" => return Err("the file is encrypted; write it without encryption".to_owned()),
        _ => return Err(truncated()),
    }
    let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
    let start = end.checked_sub(length).filter(|_| length <= MAX_FOOTER);
    let start = start.ok_or_else(|| format!("the footer claims {length} bytes"))?;
    let bytes = file.read(start, length as usize).map_err(|error| error.to_string())?;
    ParquetMetaDataReader::decode_metadata(&bytes).map_err(|error| format!("the footer cannot be read: {error}"))
}

fn in_column(name: &str, error: &ParquetError) -> String {
    let text = error.to_string();
    format!("column `{name}`: {}", text.strip_prefix("Parquet error: ").unwrap_or(&text))
}

impl Columns {
    /// Reads rows up to the first end of a page of texts, and returns their number.
    fn fill(&mut self, most: usize) -> Result<usize, String> {
        let mut rows = most;
        for (column, name) in self.texts.iter_mut().zip(TEXTS) {
            if let Some(column) = column {
                rows = rows.min(column.available().map_err(|error| in_column(name, &error))?);
            }
        }
        self.timestamp.fill(rows).map_err(|error| in_column("timestamp", &error))?;
        for (column, name) in self.texts.iter_mut().zip(TEXTS) {
            if let Some(column) = column {
                column.fill(rows).map_err(|error| in_column(name, &error))?;
            }
        }
        for (column, name) in [(&mut self.bytes, "bytes"), (&mut self.version, "version")] {
            if let Some(column) = column {
                column.fill(rows).map_err(|error| in_column(name, &error))?;
            }
        }
        Ok(rows)
    }

    /// The event of a row.
    fn event(&self, row: usize) -> Result<Event<'_>, BadLine> {
        match self.members(row).and_then(Members::event) {
            Some(event) => Ok(event),
            None => self.line(row)?.into_event(),
        }
    }

    /// Milliseconds since the Unix epoch.
    #[inline(always)]
    pub fn time(&self, row: usize) -> Option<i64> {
        self.timestamp.get(row)
    }

    pub fn column(&self, text: Text) -> Option<&Texts> {
        self.texts[text as usize].as_ref()
    }

    /// Whether any row has a version.
    pub fn has_versions(&self) -> bool {
        self.version.as_ref().is_some_and(Numbers::has_any)
    }

    fn is_null(&self, text: Text, row: usize) -> bool {
        self.texts[text as usize].as_ref().is_none_or(|column| column.is_null(row))
    }

    fn text(&self, text: Text, row: usize) -> Result<Option<&str>, BadLine> {
        let cell = self.texts[text as usize].as_ref().and_then(|column| column.get(row));
        cell.transpose().map_err(|bad| BadLine::new(bad.reason, format!("`{}`: {}", TEXTS[text as usize], bad.detail)))
    }

    /// The quick way through ordinary rows, as [`crate::traffic::plain`] is for lines.
    fn members(&self, row: usize) -> Option<Members<&str>> {
        let others = [Text::Metrics, Text::Metric, Text::Value, Text::Dimension];
        let is_broker = others.into_iter().all(|text| self.is_null(text, row));
        if !is_broker || self.version.as_ref().is_some_and(|column| column.get(row).is_some()) {
            return None;
        }
        let mut found = Members::default();
        if let Some(at) = self.timestamp.get(row) {
            (found.timestamp, found.present) = (at.try_into().ok()?, members::TIMESTAMP);
        }
        if let Some(bytes) = self.bytes.as_ref().and_then(|column| column.get(row)) {
            found.bytes = bytes.ok()?;
            found.present |= members::BYTES;
        }
        let mut text = |text, member| {
            let cell = self.text(text, row).ok()?;
            found.present |= if cell.is_some() { member } else { 0 };
            Some(cell)
        };
        let (kind, status) = (text(Text::Type, members::TYPE)?, text(Text::Status, members::STATUS)?);
        let (client_id, thing) = (text(Text::ClientId, members::CLIENT_ID)?, text(Text::Thing, members::THING)?);
        let (topic, source) = (text(Text::Topic, members::TOPIC)?, text(Text::SourceIp, members::SOURCE)?);
        found.kind = members::kind(kind?)?;
        if let Some(status) = status {
            found.status = members::outcome(status)?;
        }
        if let Some(source) = source {
            found.source = source.parse().ok()?;
        }
        found.client_id = client_id?;
        (found.thing, found.topic) = (thing.unwrap_or_default(), topic.unwrap_or_default());
        Some(found)
    }

    /// The members of a row, as the line of NDJSON has them.
    fn line(&self, row: usize) -> Result<Line<'_>, BadLine> {
        let text = |text| self.text(text, row);
        let name = |column| Ok::<_, BadLine>(text(column)?.map(Cow::Borrowed));
        let missing = |name: &str| BadLine::new("not an event", format!("`{name}` is null"));
        let bad_address = |error| BadLine::new("not an event", format!("`sourceIp`: {error}"));
        let number = |column: &Option<Numbers>| column.as_ref().and_then(|column| column.get(row)).transpose();
        Ok(Line {
            timestamp: self.timestamp.get(row).ok_or_else(|| missing("timestamp"))?,
            kind: word("type", text(Text::Type)?.ok_or_else(|| missing("type"))?)?,
            client_id: name(Text::ClientId)?,
            thing: name(Text::Thing)?,
            status: text(Text::Status)?.map(|status| word("status", status)).transpose()?,
            topic: name(Text::Topic)?,
            bytes: number(&self.bytes)?,
            source_ip: text(Text::SourceIp)?.map(str::parse).transpose().map_err(bad_address)?,
            metrics: text(Text::Metrics)?.map(|cell| json("metrics", cell)).transpose()?,
            metric: name(Text::Metric)?,
            value: text(Text::Value)?.map(|cell| json("value", cell)).transpose()?,
            version: number(&self.version)?,
            dimension: text(Text::Dimension)?.map(|cell| json("dimension", cell)).transpose()?,
        })
    }
}

/// A cell with one of a few words.
fn word<'a, T: Deserialize<'a>>(name: &str, cell: &'a str) -> Result<T, BadLine> {
    let word = T::deserialize(cell.into_deserializer());
    word.map_err(|error: serde::de::value::Error| BadLine::new("not an event", format!("`{name}`: {error}")))
}

fn json<'a, T: Deserialize<'a>>(name: &str, cell: &'a str) -> Result<T, BadLine> {
    serde_json::from_str(cell).map_err(|error| BadLine::new("not an event", format!("`{name}`: {error}")))
}
