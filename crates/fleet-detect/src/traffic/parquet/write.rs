//! Writes events as a Parquet file.

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::schema::{MESSAGE, TEXTS};
use crate::event::Event;
use crate::traffic::ndjson;

/// Rows of a row group, which is held in memory until it is written.
const GROUP: usize = 1 << 16;

/// A file that is being written.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    timestamps: Vec<i64>,
    texts: [Cells<ByteArray>; TEXTS.len()],
    bytes: Cells<i64>,
    version: Cells<i64>,
}

/// Cells of a column that may be null.
struct Cells<T> {
    values: Vec<T>,
    /// One for a value, zero for a null.
    levels: Vec<i16>,
}

impl<T> Default for Cells<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<T> Cells<T> {
    fn push(&mut self, cell: Option<T>) {
        self.levels.push(cell.is_some().into());
        self.values.extend(cell);
    }
}

impl<W: Write + Send> Writer<W> {
    /// # Errors
    /// When `out` cannot be written.
    pub fn new(out: W) -> io::Result<Self> {
        let schema = parse_message_type(MESSAGE).map_err(failed)?;
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
        let texts = std::array::from_fn(|_| Cells::default());
        Ok(Self { file, timestamps: Vec::new(), texts, bytes: Cells::default(), version: Cells::default() })
    }

    /// Adds an event.
    ///
    /// # Errors
    /// When a full row group cannot be written.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        let line = ndjson::members(event);
        let source = line.source_ip.map(|source| source.to_string());
        let metrics = line.metrics.as_ref().map(json).transpose()?;
        let value = line.value.as_ref().map(json).transpose()?;
        let dimension = line.dimension.as_ref().map(json).transpose()?;
        let texts = [
            Some(word(&line.kind)?),
            line.client_id.as_deref().map(ByteArray::from),
            line.thing.as_deref().map(ByteArray::from),
            line.status.as_ref().map(word).transpose()?,
            source.as_deref().map(ByteArray::from),
            line.topic.as_deref().map(ByteArray::from),
            metrics,
            line.metric.as_deref().map(ByteArray::from),
            value,
            dimension,
        ];
        self.timestamps.push(line.timestamp);
        for (cells, cell) in self.texts.iter_mut().zip(texts) {
            cells.push(cell);
        }
        // Unsigned numbers have the bits of signed ones.
        self.bytes.push(line.bytes.map(|bytes| bytes as i64));
        self.version.push(line.version.map(|version| version as i64));
        if self.timestamps.len() == GROUP { self.write_group() } else { Ok(()) }
    }

    /// Writes the footer and gives the output back.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        if !self.timestamps.is_empty() {
            self.write_group()?;
        }
        self.file.into_inner().map_err(failed)
    }

    fn write_group(&mut self) -> io::Result<()> {
        let mut group = self.file.next_row_group().map_err(failed)?;
        let [kind, others @ ..] = &self.texts;
        write_column::<Int64Type, _>(&mut group, &self.timestamps, None)?;
        write_column::<ByteArrayType, _>(&mut group, &kind.values, None)?;
        for cells in others {
            write_column::<ByteArrayType, _>(&mut group, &cells.values, Some(&cells.levels))?;
        }
        for cells in [&self.bytes, &self.version] {
            write_column::<Int64Type, _>(&mut group, &cells.values, Some(&cells.levels))?;
        }
        group.close().map_err(failed)?;
        self.timestamps.clear();
        self.texts.iter_mut().for_each(|cells| *cells = Cells::default());
        (self.bytes, self.version) = (Cells::default(), Cells::default());
        Ok(())
    }
}

/// Writes the next column of the schema, which is one of this type.
fn write_column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> io::Result<()> {
    let column = group.next_column().map_err(failed)?;
    let mut column = column.ok_or_else(|| io::Error::other("the schema has no further column"))?;
    column.typed::<T>().write_batch(values, levels, None).map_err(failed)?;
    column.close().map_err(failed)
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        other => io::Error::other(other),
    }
}

/// A value as JSON text.
fn json(value: &impl serde::Serialize) -> io::Result<ByteArray> {
    Ok(ByteArray::from(serde_json::to_vec(value)?))
}

/// A word, which JSON has in quotes.
fn word(value: &impl serde::Serialize) -> io::Result<ByteArray> {
    let quoted = serde_json::to_string(value)?;
    Ok(ByteArray::from(quoted.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::reader::{Options, Traffic};

    const LINES: &str = r#"{"timestamp":1700000000123,"type":"connect","clientId":"c","sourceIp":"10.0.0.1"}
{"timestamp":1700000000124,"type":"connect","clientId":"c","status":"refused"}
{"timestamp":1700000000125,"type":"disconnect","clientId":"c","thing":"t"}
{"timestamp":1700000000126,"type":"publish","clientId":"c","topic":"a/\"é","bytes":12,"sourceIp":"::1"}
{"timestamp":1700000000127,"type":"report","thing":"t","metrics":{"aws:all-bytes-out":{"count":18446744073709551615},"words":{"strings":["a","b"]}}}
{"timestamp":1700000000128,"type":"value","thing":"t","metric":"x","value":{"number":-0.5},"version":18446744073709551615,"dimension":{"name":"d","operator":"NOT_IN"}}
"#;

    /// More rows than a row group and a batch have, nulls and ordinary cells in turn.
    #[test]
    fn what_is_written_is_read_back() {
        let text = LINES.repeat(GROUP / 6 + 1000);
        let mut writer = Writer::new(Vec::new()).unwrap();
        let tally = Traffic::open(text.as_bytes(), Options::default())
            .unwrap()
            .for_each(|event| writer.write(event).unwrap())
            .unwrap();
        let file = io::Cursor::new(writer.finish().unwrap());
        let mut lines = Vec::new();
        let table = Traffic::open_file(file.clone(), Options::default()).unwrap();
        assert_eq!(
            table.for_each_batch(|events| events.iter().for_each(|event| ndjson::write(event, &mut lines))).unwrap(),
            tally
        );
        assert!(text.as_bytes() == lines, "the lines differ");
        let (mut traffic, mut owned) = (Traffic::open_file(file, Options::default()).unwrap(), Vec::new());
        while let Some(event) = traffic.next_event().unwrap() {
            ndjson::write(&event, &mut owned);
        }
        assert!(owned == lines, "event by event the lines differ");
    }
}
