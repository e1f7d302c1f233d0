//! fleetctl's own traffic format: one JSON object a line.
//!
//! | Member | For | Meaning |
//! |---|---|---|
//! | `timestamp` | all | milliseconds since the Unix epoch, years 2000 to 2099 |
//! | `type` | all | `connect`, `disconnect`, `publish`, `deliver`, `subscribe`, `report`, `value` |
//! | `clientId` | broker events | MQTT client ID; may be left out where `thing` is given |
//! | `thing` | all | thing name; left out, the client ID stands for it |
//! | `status` | connect, publish, deliver, subscribe | `success` (default), `refused` by authorization, `failed` otherwise |
//! | `sourceIp` | broker events | IP address of the device |
//! | `topic` | publish, deliver, subscribe | topic, or topic filter of a subscription |
//! | `bytes` | publish | length of the payload |
//! | `metrics` | report | metric name to value, each value as API:MetricValue: `{"count": 5}` |
//! | `metric`, `value` | value | one exported value, value as API:MetricValue |
//! | `version`, `dimension` | value | version number; `{"name", "operator"}` |
//!
//! Unknown members and members of another type of event are errors, so that a misspelt one is not silently lost.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::json::checked_time;
use super::plain;
use super::tally::BadLine;
use crate::behavior::DimensionOperator;
use crate::event::{Event, EventKind, Exported, Measurement, MetricName, Outcome};
use crate::value::MetricValue;

/// JSON Schema of a line, draft 2020-12.
pub const SCHEMA: &str = include_str!("../../schema/traffic-event.schema.json");

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Line<'a> {
    pub timestamp: i64,
    #[serde(rename = "type")]
    pub kind: Kind,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Map<String, Json>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<MetricValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<DimensionRef<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DimensionRef<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default)]
    operator: DimensionOperator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Connect,
    Disconnect,
    Publish,
    Deliver,
    Subscribe,
    Report,
    Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Success,
    Refused,
    Failed,
}

impl From<Outcome> for Status {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::Success,
            Outcome::Refused => Self::Refused,
            Outcome::Failed => Self::Failed,
        }
    }
}

/// Reads one line, with or without its newline.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(line: &[u8]) -> Result<Event<'_>, BadLine> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    match plain::parse(line) {
        Some(event) => Ok(event),
        None => parse_fully(line),
    }
}

/// Reads one line of any shape.
pub(super) fn parse_fully(line: &[u8]) -> Result<Event<'_>, BadLine> {
    let line: Line = serde_json::from_slice(line).map_err(|error| {
        let reason = if error.is_data() { "not an event" } else { "not JSON" };
        BadLine::new(reason, error.to_string())
    })?;
    line.into_event()
}

impl<'a> Line<'a> {
    /// The event that the members amount to.
    pub fn into_event(mut self) -> Result<Event<'a>, BadLine> {
        let at = checked_time(self.timestamp)?;
        self.check_members()?;
        let client_id = self.client_id.take().or_else(|| self.thing.clone());
        let client_id = client_id.filter(|name| !name.is_empty());
        let client_id =
            client_id.ok_or_else(|| BadLine::new("no device", "neither `clientId` nor `thing` names one"))?;
        let thing = self.thing.take().filter(|thing| !thing.is_empty());
        Ok(Event { at, client_id, thing, kind: self.into_kind()? })
    }

    /// Refuses members that mean nothing for the type of event.
    fn check_members(&self) -> Result<(), BadLine> {
        use Kind::*;
        let present = [
            ("status", self.status.is_some(), &[Connect, Publish, Deliver, Subscribe][..]),
            ("topic", self.topic.is_some(), &[Publish, Deliver, Subscribe]),
            ("bytes", self.bytes.is_some(), &[Publish]),
            ("sourceIp", self.source_ip.is_some(), &[Connect, Disconnect, Publish, Deliver, Subscribe]),
            ("metrics", self.metrics.is_some(), &[Report]),
            ("metric", self.metric.is_some(), &[Value]),
            ("value", self.value.is_some(), &[Value]),
            ("version", self.version.is_some(), &[Value]),
            ("dimension", self.dimension.is_some(), &[Value]),
        ];
        let stray = present.iter().find(|(_, is_there, kinds)| *is_there && !kinds.contains(&self.kind));
        match stray {
            None => Ok(()),
            Some((member, ..)) => {
                let kind = format!("{:?}", self.kind).to_lowercase();
                Err(BadLine::new("not an event", format!("`{member}` means nothing in a `{kind}` event")))
            }
        }
    }

    fn into_kind(self) -> Result<EventKind<'a>, BadLine> {
        let outcome = match self.status.unwrap_or(Status::Success) {
            Status::Success => Outcome::Success,
            Status::Refused => Outcome::Refused,
            Status::Failed => Outcome::Failed,
        };
        let (topic, source) = (self.topic, self.source_ip);
        Ok(match self.kind {
            Kind::Connect => EventKind::Connect { outcome, source },
            Kind::Disconnect => EventKind::Disconnect { source },
            Kind::Publish => EventKind::Publish { outcome, topic, bytes: self.bytes, source },
            Kind::Deliver => EventKind::Deliver { outcome, topic, source },
            Kind::Subscribe => EventKind::Subscribe { outcome, topic, source },
            Kind::Report => EventKind::Report(measurements(self.metrics.unwrap_or_default())?),
            Kind::Value => {
                let (Some(metric), Some(value)) = (self.metric, self.value) else {
                    return Err(BadLine::new("not an event", "a `value` event needs `metric` and `value`"));
                };
                let value = value.measured().map_err(|message| BadLine::new("bad value", message))?;
                let dimension = self.dimension.map(|dimension| (dimension.name, dimension.operator));
                let metric = MetricName::new(metric);
                EventKind::Value(Exported { metric, value, version: self.version, dimension })
            }
        })
    }
}

fn measurements(metrics: Map<String, Json>) -> Result<Vec<Measurement<'static>>, BadLine> {
    let measurement = |(name, value): (String, Json)| {
        let bad = |message: String| BadLine::new("bad value", format!("metric `{name}`: {message}"));
        let value = MetricValue::deserialize(value).map_err(|error| bad(error.to_string()))?;
        let value = value.measured().map_err(bad)?;
        Ok(Measurement { metric: MetricName::new(name), value })
    };
    metrics.into_iter().map(measurement).collect()
}

/// Appends the event as a line, its newline included.
pub fn write(event: &Event, out: &mut Vec<u8>) {
    // Writing plain data to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, &members(event));
    out.push(b'\n');
}

/// The members that say the event.
pub(super) fn members<'e>(event: &'e Event) -> Line<'e> {
    let mut line = Line {
        timestamp: event.at,
        kind: Kind::Disconnect,
        client_id: Some(Cow::Borrowed(&*event.client_id)),
        thing: event.thing.as_deref().map(Cow::Borrowed),
        status: None,
        topic: None,
        bytes: None,
        source_ip: None,
        metrics: None,
        metric: None,
        value: None,
        version: None,
        dimension: None,
    };
    let status = |outcome: &Outcome| Some(Status::from(*outcome)).filter(|status| *status != Status::Success);
    match &event.kind {
        EventKind::Connect { outcome, source } => {
            (line.kind, line.status, line.source_ip) = (Kind::Connect, status(outcome), *source);
        }
        EventKind::Disconnect { source } => line.source_ip = *source,
        EventKind::Publish { outcome, topic, bytes, source } => {
            (line.kind, line.status, line.source_ip) = (Kind::Publish, status(outcome), *source);
            (line.topic, line.bytes) = (topic.as_deref().map(Cow::Borrowed), *bytes);
        }
        EventKind::Deliver { outcome, topic, source } => {
            (line.kind, line.status, line.source_ip) = (Kind::Deliver, status(outcome), *source);
            line.topic = topic.as_deref().map(Cow::Borrowed);
        }
        EventKind::Subscribe { outcome, topic, source } => {
            (line.kind, line.status, line.source_ip) = (Kind::Subscribe, status(outcome), *source);
            line.topic = topic.as_deref().map(Cow::Borrowed);
        }
        EventKind::Report(measurements) => {
            let entry = |measurement: &Measurement| {
                let value = serde_json::to_value(measurement.value.to_metric_value());
                (measurement.metric.as_str().to_owned(), value.unwrap_or_default())
            };
            line.kind = Kind::Report;
            line.metrics = Some(measurements.iter().map(entry).collect());
        }
        EventKind::Value(exported) => {
            line.kind = Kind::Value;
            line.metric = Some(Cow::Borrowed(exported.metric.as_str()));
            line.value = Some(exported.value.to_metric_value());
            line.version = exported.version;
            let dimension = exported.dimension.as_ref();
            line.dimension =
                dimension.map(|(name, operator)| DimensionRef { name: Cow::Borrowed(name), operator: *operator });
        }
    }
    if matches!(line.kind, Kind::Report | Kind::Value) {
        // The device's name is the whole identity of a report.
        (line.client_id, line.thing) = (None, Some(Cow::Borrowed(event.device())));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_survive_being_read_and_written() {
        for line in [
            r#"{"timestamp":1700000000000,"type":"connect","clientId":"c","status":"refused","sourceIp":"10.0.0.1"}"#,
            r#"{"timestamp":1700000000000,"type":"disconnect","clientId":"c","thing":"t"}"#,
            r#"{"timestamp":1700000000000,"type":"publish","clientId":"c\"x","topic":"a/\u0001b","bytes":12,"sourceIp":"::1"}"#,
            r#"{"timestamp":1700000000000,"type":"deliver","clientId":"c","status":"failed","topic":"é"}"#,
            r#"{"timestamp":1700000000000,"type":"subscribe","clientId":"c","topic":"a/#"}"#,
            r#"{"timestamp":1700000000000,"type":"report","thing":"t","metrics":{"aws:all-bytes-out":{"count":5},"level":{"number":-0.5},"words":{"strings":[]}}}"#,
            r#"{"timestamp":1700000000000,"type":"value","thing":"t","metric":"aws:num-disconnects","value":{"count":1},"version":2,"dimension":{"name":"d","operator":"NOT_IN"}}"#,
        ] {
            let event = parse(line.as_bytes()).unwrap_or_else(|bad| panic!("{line}: {bad}"));
            let mut written = Vec::new();
            write(&event, &mut written);
            assert_eq!(String::from_utf8(written).unwrap(), format!("{line}\n"));
        }
    }

    /// The schema names exactly the members that the reader takes, type by type.
    #[test]
    fn the_schema_says_what_the_reader_does() {
        let schema: Json = serde_json::from_str(SCHEMA).unwrap();
        let events = schema["oneOf"].as_array().unwrap();
        assert_eq!(events.len(), 7);
        for event in events {
            let kind = event["title"].as_str().unwrap();
            for member in ["status", "topic", "bytes", "sourceIp", "metrics", "metric", "value", "version", "dimension"]
            {
                let sample = match member {
                    "status" => "\"failed\"",
                    "topic" | "metric" => "\"x\"",
                    "sourceIp" => "\"10.0.0.1\"",
                    "metrics" => "{}",
                    "value" => "{\"count\":1}",
                    "dimension" => "{\"name\":\"d\"}",
                    _ => "1",
                };
                let base = r#""timestamp":1700000000000,"clientId":"c""#;
                let mut line = format!("{{{base},\"type\":\"{kind}\",\"{member}\":{sample}");
                for (required, value) in [("metric", "\"x\""), ("value", "{\"count\":1}")] {
                    if kind == "value" && member != required {
                        line += &format!(",\"{required}\":{value}");
                    }
                }
                let known = event["properties"].get(member).is_some();
                assert_eq!(parse(format!("{line}}}").as_bytes()).is_ok(), known, "{kind} {member}");
            }
        }
    }

    #[test]
    fn bad_lines_have_a_reason() {
        let cases = [
            ("{", "not JSON"),
            ("[]", "not an event"),
            (r#"{"timestamp":1700000000000,"type":"connect"}"#, "no device"),
            (r#"{"timestamp":1700000000,"type":"connect","clientId":"c"}"#, "time out of range"),
            (r#"{"timestamp":1700000000000,"type":"connect","clientId":"c","byte":1}"#, "not an event"),
            (r#"{"timestamp":1700000000000,"type":"connect","clientId":"c","bytes":1}"#, "not an event"),
            (
                r#"{"timestamp":1700000000000,"type":"value","thing":"c","metric":"x","value":{"cidrs":["x"]}}"#,
                "bad value",
            ),
            (r#"{"timestamp":1700000000000,"type":"report","thing":"c","metrics":{"x":5}}"#, "bad value"),
        ];
        for (line, reason) in cases {
            assert_eq!(parse(line.as_bytes()).unwrap_err().reason, reason, "{line}");
        }
    }
}
