//! Reads traffic of any format, compressed or not, and counts what it could not read.
//!
//! Compression and format are seen in the first bytes. Lines, rows, and the records of JSON that spans lines, are read
//! one at a time, and Parquet a page at a time, so memory does not grow with the input.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;

use serde_json::Value as Json;

use super::csv::Rows;
use super::documents::{Broken, Documents};
use super::format::Format;
use super::input::{Input, MAX_LINE, decompressed, first_line, skip_line};
use super::parquet::table::{MAGIC, Table};
use super::rounds::Rounds;
use super::tally::{BadLine, Tally};
use super::{export, iot_log, lifecycle, ndjson, report};
use crate::batch::Batch;
use crate::event::Event;
use crate::metric::CustomMetrics;
use crate::needs::Needs;

/// Events handed over together where they are read one by one.
const BATCH: usize = 4096;
/// Rows of a table handed over together: enough to be worth several threads.
const ROWS: usize = 1 << 14;

/// How to read an input.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seen in the first record where not given.
    pub format: Option<Format>,
    /// Types of custom metrics, for CSV.
    pub custom_metrics: CustomMetrics,
    /// Stop at the first bad line.
    pub strict: bool,
    /// Share of bad lines, 0 to 1, beyond which the input as a whole is refused at its end.
    pub max_bad_share: f64,
    /// Threads that read and parse NDJSON in [`Traffic::for_each_round`], a block at a time each.
    pub threads: NonZeroUsize,
    /// Which members make a difference, from [`crate::Evaluator::needs`]. [`Traffic::for_each_round`] may leave out the
    /// others then: whole events, where [`Batch`] keeps plain ones, and columns of a Parquet file, so that what is wrong in
    /// those is not found. With `strict` all columns are read.
    pub needs: Needs,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: None,
            custom_metrics: CustomMetrics::default(),
            strict: false,
            max_bad_share: 0.01,
            threads: NonZeroUsize::MIN,
            needs: Needs::ALL,
        }
    }
}

/// Why an input cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    #[error("cannot read the traffic: {0}")]
    Io(#[from] io::Error),
    #[error(
        "cannot tell the traffic's format from its first record; name it (ndjson, iot-log, lifecycle, report, export, csv, parquet)"
    )]
    UnknownFormat,
    #[error("cannot read the traffic: {0}")]
    Parquet(String),
    #[error("Parquet is read from its end: it has to be a file, not a stream, and not compressed as a whole")]
    ParquetStream,
    #[error("line {line}: {bad}")]
    Strict { line: u64, bad: BadLine },
    #[error("{bad} of {lines} lines are bad, more than the allowed share of {share}")]
    TooManyBad { bad: u64, lines: u64, share: f64 },
}

/// One input.
pub struct Traffic<'r> {
    source: Source<'r>,
    format: Format,
    options: Options,
    tally: Tally,
    line: Vec<u8>,
    /// Number of the line that was read last.
    number: u64,
    /// Kept for its memory.
    spare: Batch<'static>,
    /// Events of a line that gave several.
    ready: VecDeque<Event<'static>>,
    /// The first record of the documents, which told the format.
    first: Option<Vec<u8>>,
}

enum Source<'r> {
    Lines(Input<'r>),
    Rows(Box<Rows<Input<'r>>>),
    Documents(Box<Documents<'r>>),
    Table(Box<Table>),
    /// Nothing left.
    Empty,
}

impl<'r> Traffic<'r> {
    /// Looks at the first bytes and gets ready to read.
    ///
    /// # Errors
    /// When the input cannot be read, or its format is neither given nor recognised.
    pub fn open(input: impl Read + Send + 'r, options: Options) -> Result<Self, TrafficError> {
        let mut input = decompressed(input)?;
        let first = first_line(&mut input)?;
        let record: Option<Json> = serde_json::from_slice(&first).ok();
        // One record on a line, not a document that happens to be on one.
        let is_record = record.as_ref().is_some_and(|record| record.is_object() && record.get("events").is_none());
        let seen = match &record {
            Some(record) if is_record => Format::of_record(record),
            _ if Format::is_csv_header(&first) => Some(Format::Csv),
            _ => None,
        };
        let spans_lines = !is_record && matches!(first.first(), Some(b'{' | b'['));
        let is_table = first.starts_with(MAGIC).then_some(Format::Parquet);
        if options.format.or(is_table) == Some(Format::Parquet) {
            return Err(TrafficError::ParquetStream);
        }
        let input: Input<'r> = Box::new(io::Cursor::new(first.clone()).chain(input));
        let format = options.format.or(seen).unwrap_or(Format::Ndjson);
        let mut traffic = Self::new(Source::Empty, format, options);
        let known = traffic.options.format.is_some() || seen.is_some();
        if first.is_empty() {
            return Ok(traffic);
        }
        if traffic.format == Format::Csv {
            traffic.source = Source::Rows(Box::new(Rows::new(input)));
        } else if spans_lines && traffic.options.format != Some(Format::Ndjson) {
            traffic.source = Source::Documents(Box::new(Documents::new(input)));
            traffic.start_documents(known)?;
        } else if known {
            traffic.source = Source::Lines(input);
        } else {
            return Err(TrafficError::UnknownFormat);
        }
        Ok(traffic)
    }

    /// As [`Self::open`], for a file that can be read anywhere, as Parquet needs it.
    ///
    /// # Errors
    /// As [`Self::open`], and when a Parquet file's footer or columns make no sense.
    pub fn open_file(mut file: impl Read + Seek + Send + 'static, options: Options) -> Result<Self, TrafficError> {
        let mut magic = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut magic)?;
        file.seek(SeekFrom::Start(0))?;
        let format = options.format.unwrap_or(if magic == MAGIC { Format::Parquet } else { Format::Ndjson });
        if format != Format::Parquet {
            return Self::open(file, options);
        }
        let needs = if options.strict { Needs::ALL } else { options.needs };
        let table = Table::open(file, needs).map_err(TrafficError::Parquet)?;
        Ok(Self::new(Source::Table(Box::new(table)), Format::Parquet, options))
    }

    fn new(source: Source<'r>, format: Format, options: Options) -> Self {
        Self {
            source,
            format,
            options,
            tally: Tally::default(),
            line: Vec::new(),
            number: 0,
            spare: Batch::default(),
            ready: VecDeque::new(),
            first: None,
        }
    }

    /// The format that is being read.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What became of the lines so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The next event; none at the end.
    ///
    /// # Errors
    /// When the input cannot be read, a line is bad in strict mode, or too many were bad at the end.
    pub fn next_event(&mut self) -> Result<Option<Event<'static>>, TrafficError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if !self.read_more()? {
                return Ok(None);
            }
        }
    }

    /// Hands every event to `take`, without keeping any, and returns the tally.
    ///
    /// # Errors
    /// As [`Self::next_event`].
    pub fn for_each(self, mut take: impl FnMut(&Event)) -> Result<Tally, TrafficError> {
        self.for_each_batch(|events| events.iter().for_each(&mut take))
    }

    /// Hands over the events in batches, in their order, which is quicker to evaluate; returns the tally.
    ///
    /// # Errors
    /// As [`Self::next_event`].
    pub fn for_each_batch(mut self, mut take: impl FnMut(&[Event])) -> Result<Tally, TrafficError> {
        self.options.needs = Needs::ALL;
        self.for_each_round(|batches| batches.iter().for_each(|batch| take(batch.events())))
    }

    /// Hands over the events in rounds of some batches, in their order, for [`crate::Evaluator::observe_batches`];
    /// returns the tally. Lines of NDJSON are read and parsed on [`Options::threads`] threads.
    ///
    /// # Errors
    /// As [`Self::next_event`].
    pub fn for_each_round(self, mut take: impl FnMut(&[Batch])) -> Result<Tally, TrafficError> {
        self.each_round(&mut take)
    }

    // Not generic, so that parsing is compiled here, as this package is, and not with whoever calls it.
    fn each_round(mut self, take: &mut dyn FnMut(&[Batch])) -> Result<Tally, TrafficError> {
        if self.format == Format::Ndjson
            && let Source::Lines(input) = &mut self.source
        {
            let rounds = Rounds::new(self.options.threads, self.options.strict, self.options.needs);
            rounds.for_each(input, &mut self.tally, take)?;
        }
        let plain = self.options.needs.is_plain();
        while self.next_rows(plain, take)? {}
        let mut batch = Batch::default();
        while let Some(event) = self.next_event()? {
            batch.push(event);
            if batch.events().len() == BATCH {
                take(std::slice::from_ref(&batch));
                batch = batch.recycled();
            }
        }
        take(std::slice::from_ref(&batch));
        Ok(self.tally)
    }

    /// Takes the next rows of a table, `plain` if nobody needs more; false when there is no table, or nothing left of it.
    fn next_rows(&mut self, plain: bool, take: &mut dyn FnMut(&[Batch])) -> Result<bool, TrafficError> {
        let Source::Table(table) = &mut self.source else { return Ok(false) };
        let rows = table.fill(ROWS).map_err(TrafficError::Parquet)?;
        let mut batch = std::mem::take(&mut self.spare).recycled();
        let (before, strict, tally) = (self.number, self.options.strict, &mut self.tally);
        let mut failed = None;
        table.push_all(rows, &mut batch, plain, |row, bad| {
            let line = before + row as u64 + 1;
            if strict {
                failed.get_or_insert(TrafficError::Strict { line, bad });
            } else {
                tally.add_bad(line, bad);
            }
        });
        if let Some(failed) = failed {
            return Err(failed);
        }
        self.number += rows as u64;
        self.tally.lines += rows as u64;
        self.tally.events += batch.len() as u64;
        take(std::slice::from_ref(&batch));
        self.spare = batch.recycled();
        if rows == 0 {
            self.source = Source::Empty;
        }
        Ok(rows > 0)
    }

    /// Reads until there are events, or returns false at the end of the input.
    fn read_more(&mut self) -> Result<bool, TrafficError> {
        match &mut self.source {
            Source::Empty => {
                self.check_share()?;
                return Ok(false);
            }
            Source::Rows(rows) => {
                let before = self.tally.bad_lines();
                let next = rows.next(&self.options.custom_metrics, &mut self.tally).map_err(io::Error::from)?;
                if self.options.strict && self.tally.bad_lines() > before {
                    return Err(first_bad(&self.tally));
                }
                match next {
                    Some(event) => self.ready.push_back(event),
                    None => self.source = Source::Empty,
                }
            }
            Source::Lines(_) => {
                if self.next_line()? {
                    let line = std::mem::take(&mut self.line);
                    let parsed = parse_record(self.format, &line);
                    self.line = line;
                    self.take_record(parsed)?;
                } else {
                    self.source = Source::Empty;
                }
            }
            Source::Table(_) => {
                let mut ready = std::mem::take(&mut self.ready);
                let rows = self.next_rows(false, &mut |batches| {
                    ready.extend(batches.iter().flat_map(Batch::events).cloned().map(Event::into_owned));
                });
                self.ready = ready;
                rows?;
            }
            Source::Documents(_) => match self.next_record()? {
                Some(record) => {
                    self.tally.lines += 1;
                    self.number += 1;
                    self.take_record(parse_record(self.format, &record))?;
                }
                None => self.source = Source::Empty,
            },
        }
        Ok(true)
    }

    fn take_record(&mut self, parsed: Result<Vec<Event<'static>>, BadLine>) -> Result<(), TrafficError> {
        match parsed {
            Ok(events) => {
                self.tally.events += events.len() as u64;
                self.tally.skipped += u64::from(events.is_empty());
                self.ready.extend(events);
                Ok(())
            }
            Err(bad) => self.bad(bad),
        }
    }

    fn bad(&mut self, bad: BadLine) -> Result<(), TrafficError> {
        if self.options.strict {
            return Err(TrafficError::Strict { line: self.number, bad });
        }
        self.tally.add_bad(self.number, bad);
        Ok(())
    }

    fn check_share(&self) -> Result<(), TrafficError> {
        let (bad, lines, share) = (self.tally.bad_lines(), self.tally.lines, self.options.max_bad_share);
        if bad as f64 > share * lines as f64 { Err(TrafficError::TooManyBad { bad, lines, share }) } else { Ok(()) }
    }

    /// Reads the next line that is not blank into `self.line`; false at the end. A line that is too long is counted
    /// and passed over.
    fn next_line(&mut self) -> Result<bool, TrafficError> {
        let Source::Lines(input) = &mut self.source else { return Ok(false) };
        loop {
            self.line.clear();
            let limit = MAX_LINE as u64 + 1;
            if input.by_ref().take(limit).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(false);
            }
            self.number += 1;
            let too_long = self.line.len() as u64 == limit && self.line.last() != Some(&b'\n');
            if too_long {
                skip_line(input)?;
                self.tally.lines += 1;
                let bad = BadLine::new("line too long", format!("more than {MAX_LINE} bytes"));
                if self.options.strict {
                    return Err(TrafficError::Strict { line: self.number, bad });
                }
                self.tally.add_bad(self.number, bad);
            } else if !self.line.iter().all(u8::is_ascii_whitespace) {
                self.tally.lines += 1;
                return Ok(true);
            }
        }
    }

    /// Finds out the format from the first record where nobody told it.
    fn start_documents(&mut self, known: bool) -> Result<(), TrafficError> {
        let first = self.next_record()?;
        if !known && (first.is_some() || self.tally.bad_lines() > 0) {
            let record = first.as_deref().and_then(|first| serde_json::from_slice(first).ok());
            self.format = record.as_ref().and_then(Format::of_record).ok_or(TrafficError::UnknownFormat)?;
        }
        self.first = first;
        Ok(())
    }

    /// The next record of the documents: an element of a list or of `events`, or the document itself.
    fn next_record(&mut self) -> Result<Option<Vec<u8>>, TrafficError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let Source::Documents(documents) = &mut self.source else { return Ok(None) };
        match documents.next() {
            Ok(record) => Ok(record),
            Err(Broken::Io(error)) => Err(TrafficError::Io(error)),
            Err(Broken::Syntax(error)) => {
                // Nothing tells where the next document begins.
                self.source = Source::Empty;
                self.tally.lines += 1;
                self.number += 1;
                self.bad(BadLine::new("not JSON", error))?;
                Ok(None)
            }
        }
    }
}

fn first_bad(tally: &Tally) -> TrafficError {
    let found = tally.bad.iter().find_map(|(reason, lines)| {
        let (line, detail) = lines.first.first()?;
        Some(TrafficError::Strict { line: *line, bad: BadLine::new(reason, detail.clone()) })
    });
    found.unwrap_or(TrafficError::UnknownFormat)
}

fn parse_record(format: Format, line: &[u8]) -> Result<Vec<Event<'static>>, BadLine> {
    match format {
        Format::Ndjson => ndjson::parse(line).map(|event| vec![event.into_owned()]),
        Format::IotLog => iot_log::parse(line).map(|event| event.into_iter().collect()),
        Format::Lifecycle => lifecycle::parse(line),
        Format::Report => report::parse(line).map(|event| vec![event]),
        Format::Export => export::parse(line),
        Format::Csv | Format::Parquet => Err(BadLine::new("not a record", "the format has rows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECT: &str = r#"{"timestamp":1700000000000,"type":"connect","clientId":"c"}"#;

    fn read(input: &[u8], options: &Options) -> Result<(usize, Tally, Format), TrafficError> {
        let mut traffic = Traffic::open(input, options.clone())?;
        let mut events = 0;
        while traffic.next_event()?.is_some() {
            events += 1;
        }
        let tally = Traffic::open(input, options.clone())?.for_each(|_| {})?;
        assert_eq!(&tally, traffic.tally(), "both ways of reading agree");
        Ok((events, traffic.tally().clone(), traffic.format()))
    }

    #[test]
    fn formats_are_recognised_and_compression_taken_off() {
        let entry =
            r#"{"timestamp":"2017-08-10 15:37:23.476","clientId":"c","status":"Success","eventType":"Connect"}"#;
        let filtered = serde_json::json!({"events": [{"timestamp": 1, "message": entry}, {"message": entry}]});
        let other = entry.replace("Connect", "RuleMatch");
        let batch =
            r#"{"version":"1.0","metrics":[{"name":"x","thing":"t","value":{"number":1},"timestamp":1700000000000}]}"#;
        let pretty_batch = serde_json::to_string_pretty(&serde_json::from_str::<Json>(batch).unwrap()).unwrap();
        let lifecycle = r#"{"clientId":"c","timestamp":1700000000000,"eventType":"subscribed","topics":["a","b"]}"#;
        let report = r#"{"topic":"$aws/things/t/defender/metrics/json","timestamp":1700000000000,"payload":{"header":{"report_id":1,"version":"1.0"},"metrics":{}}}"#;
        let inputs = [
            (format!("\n{CONNECT}\r\n\n{CONNECT}"), Format::Ndjson, 2),
            (format!("{entry}\n{other}\n"), Format::IotLog, 1),
            (filtered.to_string(), Format::IotLog, 2),
            (serde_json::to_string_pretty(&filtered).unwrap(), Format::IotLog, 2),
            (format!("[{entry},\n{entry}]"), Format::IotLog, 2),
            (format!("{batch}\n{batch}"), Format::Export, 2),
            (pretty_batch, Format::Export, 1),
            (lifecycle.to_owned(), Format::Lifecycle, 2),
            (report.to_owned(), Format::Report, 1),
            ("thing,timestamp,metric,value\nt,1700000000000,x,1\n".to_owned(), Format::Csv, 1),
        ];
        for (text, format, events) in inputs {
            let (found, tally, seen) = read(text.as_bytes(), &Options::default()).unwrap();
            assert_eq!((found, seen), (events, format), "{text}");
            assert_eq!((tally.events, tally.bad_lines()), (events as u64, 0), "{text}");
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
            assert_eq!(read(&gzip.finish().unwrap(), &Options::default()).unwrap().0, events);
            let zstd = zstd::encode_all(text.as_bytes(), 1).unwrap();
            assert_eq!(read(&zstd, &Options::default()).unwrap().0, events);
        }
        assert_eq!(read(b"", &Options::default()).unwrap().0, 0);
        for strange in ["hello\n", "{\"a\":1}", "{\"a\":", "5"] {
            let result = read(strange.as_bytes(), &Options::default());
            assert!(matches!(result, Err(TrafficError::UnknownFormat)), "{strange}: {result:?}");
        }
    }

    #[test]
    fn bad_lines_are_counted_refused_or_too_many() {
        let text = format!("{CONNECT}\n{{\n{CONNECT}\nx\n");
        let lenient = Options { max_bad_share: 0.5, ..Options::default() };
        let (events, tally, _) = read(text.as_bytes(), &lenient).unwrap();
        assert_eq!((events, tally.lines, tally.bad_lines()), (2, 4, 2));
        let numbers: Vec<_> = tally.bad["not JSON"].first.iter().map(|(line, _)| *line).collect();
        assert_eq!(numbers, [2, 4]);
        let few = read(text.as_bytes(), &Options::default()).unwrap_err().to_string();
        assert_eq!(few, "2 of 4 lines are bad, more than the allowed share of 0.01");
        let strict = Options { strict: true, ..Options::default() };
        assert!(matches!(read(text.as_bytes(), &strict), Err(TrafficError::Strict { line: 2, .. })));
        let long = format!("{CONNECT}\n{}\n{CONNECT}\n", "x".repeat(MAX_LINE + 5));
        let (events, tally, _) = read(long.as_bytes(), &lenient).unwrap();
        assert_eq!((events, tally.bad["line too long"].first[0].0), (2, 2));
    }
}
