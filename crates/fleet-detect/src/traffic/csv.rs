//! CSV of single values: `thing,timestamp,metric,value` with a header line, columns in any order.
//!
//! Times are milliseconds since the Unix epoch. A number stands for itself; lists are separated by `;` or written as
//! JSON, an empty field is an empty list. Every row counts, also one that repeats another. The type of a custom metric
//! comes from its declaration; where there is none, from how the value looks.

use std::borrow::Cow;
use std::io::{self, Read};

use serde_json::Value as Json;

use super::input::MAX_LINE;
use super::json::checked_time;
use super::tally::{BadLine, Tally};
use crate::event::{Event, EventKind, Exported, MetricName};
use crate::metric::{BuiltIn, CustomMetrics, ValueKind};
use crate::value::{Element, Value, distinct, parse_network};

const COLUMNS: [&str; 4] = ["thing", "timestamp", "metric", "value"];

/// Rows of one CSV input.
pub(super) struct Rows<R> {
    reader: csv::Reader<Metered<R>>,
    record: csv::StringRecord,
    /// Position of each of [`COLUMNS`].
    columns: Option<[usize; 4]>,
}

impl<R: Read> Rows<R> {
    pub fn new(input: R) -> Self {
        let reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(Metered { input, left: MAX_LINE });
        Self { reader, record: csv::StringRecord::new(), columns: None }
    }

    /// The next event; bad rows go to the tally. None at the end.
    ///
    /// # Errors
    /// When the input cannot be read, or its header lacks a column.
    pub fn next(&mut self, custom: &CustomMetrics, tally: &mut Tally) -> Result<Option<Event<'static>>, csv::Error> {
        let columns = match self.columns {
            Some(columns) => columns,
            // A header that cannot be read is no bad line: nothing after it makes sense.
            None => *self.columns.insert(columns(self.reader.headers()?)?),
        };
        loop {
            let row = self.read(columns, custom);
            let line = self.reader.position().line();
            match row {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(event))) => {
                    (tally.lines, tally.events) = (tally.lines + 1, tally.events + 1);
                    return Ok(Some(event));
                }
                Ok(Some(Err(bad))) => {
                    tally.lines += 1;
                    tally.add_bad(line.saturating_sub(1).max(1), bad);
                }
                Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                    tally.lines += 1;
                    tally.add_bad(line.saturating_sub(1).max(1), BadLine::new("not UTF-8", error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn read(
        &mut self,
        columns: [usize; 4],
        custom: &CustomMetrics,
    ) -> Result<Option<Result<Event<'static>, BadLine>>, csv::Error> {
        self.reader.get_mut().left = MAX_LINE;
        if !self.reader.read_record(&mut self.record)? {
            return Ok(None);
        }
        Ok(Some(row(&self.record, columns, custom)))
    }
}

/// Ends an input with a record that goes on and on, as an open quote makes it.
struct Metered<R> {
    input: R,
    /// Bytes that may be read before the record has to end.
    left: usize,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let message = format!("a CSV record is longer than {MAX_LINE} bytes; look for a quote that is not closed");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let read = self.input.read(buffer)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

fn columns(header: &csv::StringRecord) -> Result<[usize; 4], csv::Error> {
    let mut found = [0; 4];
    for (place, name) in found.iter_mut().zip(COLUMNS) {
        *place = header.iter().position(|column| column.trim_start_matches('\u{feff}') == name).ok_or_else(|| {
            let message = format!("the CSV header lacks the column `{name}`; expected {}", COLUMNS.join(","));
            csv::Error::from(std::io::Error::new(std::io::ErrorKind::InvalidData, message))
        })?;
    }
    Ok(found)
}

fn row(record: &csv::StringRecord, columns: [usize; 4], custom: &CustomMetrics) -> Result<Event<'static>, BadLine> {
    let fields = columns.map(|column| record.get(column));
    let [Some(thing), Some(timestamp), Some(metric), Some(value)] = fields else {
        let detail = format!("{} fields, fewer than the header has", record.len());
        return Err(BadLine::new("too few fields", detail));
    };
    if thing.is_empty() || metric.is_empty() {
        return Err(BadLine::new("empty name", "`thing` or `metric` is empty"));
    }
    let millis = timestamp.parse::<i64>();
    let at = checked_time(millis.map_err(|_| BadLine::new("bad time", format!("`{timestamp}` is no number")))?)?;
    let value = parse_value(metric, value, custom).map_err(|message| BadLine::new("bad value", message))?;
    let metric = MetricName::new(metric.to_owned());
    let exported = Exported { metric, value, version: None, dimension: None };
    let name: Cow<'static, str> = Cow::Owned(thing.to_owned());
    Ok(Event { at, client_id: name.clone(), thing: Some(name), kind: EventKind::Value(exported) })
}

fn parse_value(metric: &str, text: &str, custom: &CustomMetrics) -> Result<Value, String> {
    let built_in = BuiltIn::from_name(metric).map(|metric| metric.info().value);
    let kind = built_in.or_else(|| custom.0.get(metric).map(|kind| kind.value()));
    let elements = elements(text)?;
    match kind.unwrap_or_else(|| looks_like(&elements, text)) {
        ValueKind::Count => text.parse().map(Value::Count).map_err(|_| format!("`{text}` is no whole number ≥ 0")),
        ValueKind::Number => number(text).map(Value::Number),
        ValueKind::Numbers => list(&elements, number).map(Value::Numbers),
        ValueKind::Cidrs => list(&elements, parse_network).map(Value::Cidrs),
        ValueKind::Strings => list(&elements, |item| Ok(item.to_owned())).map(Value::Strings),
        ValueKind::Ports => {
            list(&elements, |item| item.parse().map_err(|_| format!("`{item}` is no port"))).map(Value::Ports)
        }
    }
}

fn number(text: &str) -> Result<f64, String> {
    let parsed = text.parse().ok().filter(|number: &f64| number.is_finite());
    parsed.ok_or_else(|| format!("`{text}` is no number"))
}

fn list<T: Element>(elements: &[String], read: impl Fn(&str) -> Result<T, String>) -> Result<Box<[T]>, String> {
    let items = elements.iter().map(|item| read(item)).collect::<Result<Vec<_>, _>>()?;
    Ok(distinct(items.into_iter()))
}

fn elements(text: &str) -> Result<Vec<String>, String> {
    if !text.starts_with('[') {
        let items = text.split(';').map(str::trim).filter(|item| !item.is_empty());
        return Ok(items.map(str::to_owned).collect());
    }
    let items: Vec<Json> = serde_json::from_str(text).map_err(|error| format!("`{text}` is no list: {error}"))?;
    Ok(items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect())
}

/// The kind of an undeclared metric's value: a single number is a `number`.
fn looks_like(elements: &[String], text: &str) -> ValueKind {
    let all = |test: fn(&str) -> bool| !elements.is_empty() && elements.iter().all(|item| test(item));
    match elements {
        [one] if one == text && number(one).is_ok() => ValueKind::Number,
        _ if all(|item| number(item).is_ok()) => ValueKind::Numbers,
        _ if all(|item| parse_network(item).is_ok()) => ValueKind::Cidrs,
        _ => ValueKind::Strings,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::CustomType;

    #[test]
    fn rows_of_all_kinds_are_read_and_bad_ones_counted() {
        let text = "\u{feff}timestamp,thing,metric,value\n\
            1700000000000,t,aws:num-messages-sent,54\n\
            1700000000000,t,aws:listening-tcp-ports,\"[22, 80]\"\n\
            1700000000000,t,aws:destination-ip-addresses,10.0.0.1;10.0.0.1 ; ::1\n\
            1700000000000,t,level,-0.5\n\
            1700000000000,t,words,\n\
            1700000000000,t,levels,5\n\
            1700000000,t,level,1\n\
            1700000000000,t,level,NaN\n\
            1700000000000,t\n\
            1700000000000,t,aws:num-messages-sent,-1\n";
        let types = [("levels", CustomType::NumberList), ("level", CustomType::Number)];
        let custom = CustomMetrics(types.map(|(name, kind)| (name.to_owned(), kind)).into());
        let (mut rows, mut tally) = (Rows::new(text.as_bytes()), Tally::default());
        let mut values = Vec::new();
        while let Some(event) = rows.next(&custom, &mut tally).unwrap() {
            let EventKind::Value(exported) = event.kind else { panic!() };
            values.push(exported.value);
        }
        let network = |text| parse_network(text).unwrap();
        let expected = [
            Value::Count(54),
            Value::Ports([22, 80].into()),
            Value::Cidrs([network("10.0.0.1"), network("::1")].into()),
            Value::Number(-0.5),
            Value::Strings([].into()),
            Value::Numbers([5.0].into()),
        ];
        assert_eq!(values, expected);
        assert_eq!((tally.lines, tally.events, tally.bad_lines()), (10, 6, 4));
        assert_eq!(tally.bad["time out of range"].first[0].0, 8);
        let endless = "thing,timestamp,metric,value\n\"".bytes().chain(std::iter::repeat_n(b'x', 2 * MAX_LINE));
        let endless: Vec<u8> = endless.collect();
        let error = Rows::new(&endless[..]).next(&custom, &mut tally).unwrap_err();
        assert!(error.to_string().contains("a quote that is not closed"), "{error}");
        let mut headless = Rows::new(&b"a,b\n1,2\n"[..]);
        assert!(headless.next(&custom, &mut tally).unwrap_err().to_string().contains("`thing`"));
    }
}
