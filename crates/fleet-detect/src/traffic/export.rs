//! Batches of the Device Defender metrics export, one a line, bare or in an envelope with `payload`.
//!
//! `{"version": "1.0", "metrics": [{"name", "thing", "value", "version", "timestamp", "dimension"}]}` with times in
//! milliseconds. Source: Device Defender guide, "Metrics export" and its JSON schema. The version of a value decides
//! between duplicates (see [`crate::event::Exported`]).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value as Json;

use super::json::{checked_time, object};
use super::tally::BadLine;
use crate::behavior::DimensionOperator;
use crate::event::{Event, EventKind, Exported, MetricName};
use crate::value::MetricValue;

#[derive(Deserialize)]
struct Batch {
    metrics: Vec<ExportedMetric>,
}

#[derive(Deserialize)]
struct ExportedMetric {
    name: String,
    thing: String,
    value: MetricValue,
    #[serde(default)]
    version: u64,
    timestamp: i64,
    #[serde(default)]
    dimension: Option<ExportedDimension>,
}

#[derive(Deserialize)]
struct ExportedDimension {
    name: String,
    #[serde(default)]
    operator: DimensionOperator,
}

/// Reads one batch.
///
/// # Errors
/// Says what is wrong; a batch with one bad metric is bad as a whole.
pub fn parse(line: &[u8]) -> Result<Vec<Event<'static>>, BadLine> {
    let mut outer = object(line)?;
    let batch = match outer.remove("payload") {
        Some(Json::String(payload)) => Json::Object(object(payload.as_bytes())?),
        Some(payload) => payload,
        None => Json::Object(outer),
    };
    let batch = Batch::deserialize(batch).map_err(|error| BadLine::new("malformed batch", error.to_string()))?;
    batch.metrics.into_iter().map(event).collect()
}

fn event(metric: ExportedMetric) -> Result<Event<'static>, BadLine> {
    if metric.thing.is_empty() {
        return Err(BadLine::new("empty name", "`thing` is empty"));
    }
    let at = checked_time(metric.timestamp)?;
    let value = metric.value.measured().map_err(|message| BadLine::new("bad value", message))?;
    let dimension = metric.dimension.map(|dimension| (Cow::Owned(dimension.name), dimension.operator));
    let exported = Exported { metric: MetricName::new(metric.name), value, version: Some(metric.version), dimension };
    let name: Cow<'static, str> = Cow::Owned(metric.thing);
    Ok(Event { at, client_id: name.clone(), thing: Some(name), kind: EventKind::Value(exported) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::BuiltIn;
    use crate::value::Value;

    #[test]
    fn batches_are_read() {
        let batch = r#"{"version":"1.0","metrics":[
            {"name":"aws:num-messages-sent","thing":"t","value":{"count":7},"version":3,"timestamp":1700000000000,
             "dimension":{"name":"d","operator":"NOT_IN"}},
            {"name":"level","thing":"t","value":{"number":-1.5},"timestamp":1700000000000}]}"#;
        let events = parse(batch.as_bytes()).unwrap();
        let EventKind::Value(first) = &events[0].kind else { panic!("{events:?}") };
        assert_eq!(first.metric, MetricName::BuiltIn(BuiltIn::NumMessagesSent));
        assert_eq!((&first.value, first.version), (&Value::Count(7), Some(3)));
        assert_eq!(first.dimension, Some((Cow::Borrowed("d"), DimensionOperator::NotIn)));
        let wrapped = serde_json::json!({"topic": "x", "payload": batch}).to_string();
        assert_eq!(parse(wrapped.as_bytes()).unwrap(), events);
        assert_eq!(parse(br#"{"metrics":[{"thing":"t"}]}"#).unwrap_err().reason, "malformed batch");
    }
}
