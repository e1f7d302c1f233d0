//! Writes traffic as a whole: lines, a document, or a table.

use std::io::{self, Write};

use super::parquet;
use super::write::{self, CSV_HEADER};
use crate::event::Event;

/// The forms that traffic is written in. [`super::format::Format`] reads each of them; a few are two forms of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    Ndjson,
    IotLog,
    /// One document, as `aws logs filter-log-events` prints it.
    FilterLogEvents,
    Lifecycle,
    Report,
    ReportCbor,
    Export,
    Csv,
    Parquet,
}

impl OutputFormat {
    pub const ALL: [Self; 9] = [
        Self::Ndjson,
        Self::IotLog,
        Self::FilterLogEvents,
        Self::Lifecycle,
        Self::Report,
        Self::ReportCbor,
        Self::Export,
        Self::Csv,
        Self::Parquet,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::IotLog => "iot-log",
            Self::FilterLogEvents => "filter-log-events",
            Self::Lifecycle => "lifecycle",
            Self::Report => "report",
            Self::ReportCbor => "report-cbor",
            Self::Export => "export",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// What the form has room for, in words.
    pub fn says(self) -> &'static str {
        match self {
            Self::Ndjson | Self::Parquet => "every event",
            Self::IotLog | Self::FilterLogEvents => "connects, disconnects, publishes, deliveries and subscriptions",
            Self::Lifecycle => "connects, disconnects and successful subscriptions",
            Self::Report | Self::ReportCbor => "device reports",
            Self::Export => "device reports and exported values",
            Self::Csv => "device reports, and exported values without a dimension",
        }
    }
}

/// How many events were written, and how many the form cannot say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub events: u64,
    pub left_out: u64,
}

/// Writes events to one output. Memory does not grow with their number, but for one row group of Parquet.
pub struct Writer<W: Write + Send> {
    form: OutputFormat,
    sink: Sink<W>,
    line: Vec<u8>,
    written: Written,
}

enum Sink<W: Write + Send> {
    Text(W),
    Table(Box<parquet::write::Writer<W>>),
}

impl<W: Write + Send> Writer<W> {
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(form: OutputFormat, mut out: W) -> io::Result<Self> {
        let sink = match form {
            OutputFormat::Parquet => Sink::Table(Box::new(parquet::write::Writer::new(out)?)),
            _ => {
                let before = match form {
                    OutputFormat::Csv => CSV_HEADER,
                    OutputFormat::FilterLogEvents => "{\"events\":[",
                    _ => "",
                };
                out.write_all(before.as_bytes())?;
                Sink::Text(out)
            }
        };
        Ok(Self { form, sink, line: Vec::new(), written: Written::default() })
    }

    /// Writes an event, or counts it if the form cannot say it.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        let said = match &mut self.sink {
            Sink::Table(table) => {
                table.write(event)?;
                true
            }
            Sink::Text(out) => {
                self.line.clear();
                if self.form == OutputFormat::FilterLogEvents {
                    self.line.extend_from_slice(if self.written.events > 0 { b",\n" } else { b"\n" });
                }
                let said = write::write(self.form, event, &mut self.line);
                if said {
                    out.write_all(&self.line)?;
                }
                said
            }
        };
        *(if said { &mut self.written.events } else { &mut self.written.left_out }) += 1;
        Ok(())
    }

    /// Writes what comes after the last event, and gives the output back.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(self) -> io::Result<(W, Written)> {
        let out = match self.sink {
            Sink::Table(table) => table.finish()?,
            Sink::Text(mut out) => {
                if self.form == OutputFormat::FilterLogEvents {
                    out.write_all(b"\n],\"searchedLogStreams\":[]}\n")?;
                }
                out
            }
        };
        Ok((out, self.written))
    }
}
