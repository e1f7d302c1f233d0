//! The columns: which the reader takes, by name and type, and the message that the writer writes.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use crate::needs::Needs;

/// A text column. The last four hold what reports and exported values have; three of them are JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Type,
    ClientId,
    Thing,
    Status,
    SourceIp,
    Topic,
    Metrics,
    Metric,
    Value,
    Dimension,
}

/// Names of the columns of [`Text`], in its order.
pub(super) const TEXTS: [&str; 10] =
    ["type", "clientId", "thing", "status", "sourceIp", "topic", "metrics", "metric", "value", "dimension"];
pub(super) const BYTES: &str = "bytes";
pub(super) const VERSION: &str = "version";
pub(super) const TIMESTAMP: &str = "timestamp";

/// Parquet's own notation, in the order of [`super::write`].
pub(super) const MESSAGE: &str = "
    message traffic {
        required int64 timestamp (TIMESTAMP(MILLIS, true));
        required binary type (STRING);
        optional binary clientId (STRING);
        optional binary thing (STRING);
        optional binary status (STRING);
        optional binary sourceIp (STRING);
        optional binary topic (STRING);
        optional binary metrics (JSON);
        optional binary metric (STRING);
        optional binary value (JSON);
        optional binary dimension (JSON);
        optional int64 bytes (INTEGER(64, false));
        optional int64 version (INTEGER(64, false));
    }";

/// Where the columns of a file are, and how its numbers are meant.
#[derive(Debug)]
pub(super) struct Places {
    pub timestamp: (usize, Clock),
    /// By the order of [`TEXTS`].
    pub texts: [Option<usize>; TEXTS.len()],
    pub bytes: Option<usize>,
    pub version: Option<usize>,
}

/// What a whole number stands for in the column of times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Clock {
    Millis,
    Micros,
    Nanos,
    /// 96 bits: nanoseconds of a day and the day, as older writers have it.
    Legacy,
}

impl Places {
    /// # Errors
    /// Names the column that is missing, unknown, or of a type that does not fit, and what to do.
    pub fn find(schema: &SchemaDescriptor) -> Result<Self, String> {
        let mut timestamp = None;
        let (mut texts, mut bytes, mut version) = ([None; TEXTS.len()], None, None);
        for (place, column) in schema.columns().iter().enumerate() {
            let name = column.path().parts().first().map_or("", String::as_str);
            let text = TEXTS.iter().position(|text| *text == name);
            if text.is_none() && ![TIMESTAMP, BYTES, VERSION].contains(&name) {
                let known = [&[TIMESTAMP][..], &TEXTS, &[BYTES, VERSION]].concat().join(", ");
                return Err(format!("the column `{name}` is not one of {known}; leave it out"));
            }
            if column.path().parts().len() > 1 || column.max_rep_level() > 0 || column.max_def_level() > 1 {
                return Err(format!("the column `{name}` is nested; write it as text that holds JSON"));
            }
            // Only nulls: the same as a column that is not there.
            if matches!(column.logical_type_ref(), Some(LogicalType::Unknown)) {
                continue;
            }
            match (name, text) {
                (_, Some(text)) => {
                    of_type(column, &[Type::BYTE_ARRAY], "text")?;
                    texts[text] = Some(place);
                }
                (TIMESTAMP, _) => timestamp = Some((place, clock(column)?)),
                (name, _) => {
                    of_type(column, &[Type::INT64, Type::INT32, Type::DOUBLE], "whole numbers")?;
                    *(if name == BYTES { &mut bytes } else { &mut version }) = Some(place);
                }
            }
        }
        let timestamp = timestamp.ok_or("the column `timestamp` is missing")?;
        if texts[Text::Type as usize].is_none() {
            return Err("the column `type` is missing".to_owned());
        }
        if texts[Text::ClientId as usize].or(texts[Text::Thing as usize]).is_none() {
            return Err("the columns `clientId` and `thing` are missing; one of them must name the device".to_owned());
        }
        Ok(Self { timestamp, texts, bytes, version })
    }

    /// Forgets the columns that nobody needs.
    pub fn keep(&mut self, needs: Needs) {
        for (needed, text) in [(needs.topics, Text::Topic), (needs.sources, Text::SourceIp)] {
            self.texts[text as usize] = self.texts[text as usize].filter(|_| needed);
        }
        self.bytes = self.bytes.filter(|_| needs.bytes);
    }
}

fn of_type(column: &ColumnDescriptor, types: &[Type], expected: &str) -> Result<(), String> {
    let found = column.physical_type();
    if types.contains(&found) {
        return Ok(());
    }
    Err(format!("the column `{}` has the type {found}; expected {expected}", column.name()))
}

fn clock(column: &ColumnDescriptor) -> Result<Clock, String> {
    if column.physical_type() == Type::INT96 {
        return Ok(Clock::Legacy);
    }
    of_type(column, &[Type::INT64], "a TIMESTAMP, or milliseconds since the Unix epoch")?;
    Ok(match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(timestamp)), _) => match timestamp.unit {
            TimeUnit::MILLIS => Clock::Millis,
            TimeUnit::MICROS => Clock::Micros,
            TimeUnit::NANOS => Clock::Nanos,
        },
        (_, ConvertedType::TIMESTAMP_MICROS) => Clock::Micros,
        _ => Clock::Millis,
    })
}
