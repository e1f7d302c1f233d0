//! Writes one event as a line of any form that can say it; what a form cannot say is left out and reported.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::ndjson;
use super::output::OutputFormat;
use super::time::format_utc;
use crate::event::{Event, EventKind, Measurement, MetricName, Outcome};
use crate::metric::BuiltIn;
use crate::value::{MetricValue, Value};

/// Header line of the CSV format.
pub const CSV_HEADER: &str = "thing,timestamp,metric,value\n";

/// Appends the event as one line, or several in CSV; an element of `filter-log-events` has no newline. Returns whether
/// the form can say it: logs and lifecycle events know no reports, reports no broker events; the metrics export is made
/// by AWS from values, so only what a device measured and values go there. Parquet has no lines.
pub fn write(form: OutputFormat, event: &Event, out: &mut Vec<u8>) -> bool {
    let line = match form {
        OutputFormat::Ndjson => {
            ndjson::write(event, out);
            return true;
        }
        OutputFormat::Csv => return csv(event, out),
        OutputFormat::IotLog => log_entry(event),
        OutputFormat::FilterLogEvents => return filtered(event, out),
        OutputFormat::Lifecycle => lifecycle(event),
        OutputFormat::Report => report(event).map(|report| envelope(event, "json", report)),
        OutputFormat::ReportCbor => report(event).map(|report| envelope(event, "cbor", cbor(&report))),
        OutputFormat::Export => export(event),
        OutputFormat::Parquet => None,
    };
    let Some(line) = line else { return false };
    push_line(&line, out);
    true
}

/// A report in base64 of CBOR.
fn cbor(report: &Json) -> Json {
    let mut bytes = Vec::new();
    // Writing plain data to memory cannot fail.
    let _ = ciborium::into_writer(report, &mut bytes);
    STANDARD.encode(bytes).into()
}

/// A log entry in the form of `aws logs filter-log-events`: the entry is text. Writing takes no time here.
fn filtered(event: &Event, out: &mut Vec<u8>) -> bool {
    let Some(entry) = log_entry(event) else { return false };
    let found = json!({"logStreamName": "fleetctl", "timestamp": event.at, "message": entry.to_string(),
        "ingestionTime": event.at});
    out.extend_from_slice(found.to_string().as_bytes());
    true
}

fn push_line(line: &Json, out: &mut Vec<u8>) {
    // Writing plain data to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, line);
    out.push(b'\n');
}

fn envelope(event: &Event, encoding: &str, payload: Json) -> Json {
    let topic = format!("$aws/things/{}/defender/metrics/{encoding}", event.device());
    json!({"topic": topic, "timestamp": event.at, "payload": payload})
}

fn log_entry(event: &Event) -> Option<Json> {
    let (event_type, outcome, topic, source) = match &event.kind {
        EventKind::Connect { outcome, source } => ("Connect", *outcome, None, source),
        EventKind::Disconnect { source } => ("Disconnect", Outcome::Success, None, source),
        EventKind::Publish { outcome, topic, source, .. } => ("Publish-In", *outcome, topic.as_deref(), source),
        EventKind::Deliver { outcome, topic, source } => ("Publish-Out", *outcome, topic.as_deref(), source),
        EventKind::Subscribe { outcome, topic, source } => ("Subscribe", *outcome, topic.as_deref(), source),
        EventKind::Report(_) | EventKind::Value(_) => return None,
    };
    let success = outcome == Outcome::Success;
    // An entry names the client only; a thing of another name cannot be told.
    let mut entry = json!({"timestamp": format_utc(event.at), "logLevel": if success { "INFO" } else { "ERROR" },
        "status": if success { "Success" } else { "Failure" }, "eventType": event_type, "protocol": "MQTT",
        "clientId": event.client_id});
    if let Some(topic) = topic {
        entry["topicName"] = topic.into();
    }
    if let Some(source) = source {
        entry["sourceIp"] = source.to_string().into();
    }
    if !success {
        let refused = outcome == Outcome::Refused;
        entry["reason"] = if refused { "AUTHORIZATION_FAILURE" } else { "SERVER_ERROR" }.into();
    }
    Some(entry)
}

fn lifecycle(event: &Event) -> Option<Json> {
    let mut record = json!({"clientId": event.client_id, "timestamp": event.at});
    let (event_type, source) = match &event.kind {
        EventKind::Connect { outcome: Outcome::Success, source } => ("connected", source),
        EventKind::Connect { outcome, source } => {
            let refused = *outcome == Outcome::Refused;
            record["connectFailureReason"] = if refused { "AUTHORIZATION_FAILED" } else { "SERVER_ERROR" }.into();
            ("connect_failed", source)
        }
        EventKind::Disconnect { source } => ("disconnected", source),
        EventKind::Subscribe { outcome: Outcome::Success, topic: Some(topic), source } => {
            record["topics"] = json!([topic]);
            ("subscribed", source)
        }
        _ => return None,
    };
    record["eventType"] = event_type.into();
    if let Some(source) = source {
        record["ipAddress"] = source.to_string().into();
    }
    if let Some(thing) = &event.thing {
        record["thingName"] = thing.as_ref().into();
    }
    Some(record)
}

/// The report document with long names; its ID is the time in seconds, as the guide advises.
fn report(event: &Event) -> Option<Json> {
    let EventKind::Report(measurements) = &event.kind else { return None };
    // The topic of a report names the thing between slashes.
    if event.device().contains('/') {
        return None;
    }
    let (mut metrics, mut custom) = (json!({}), Map::new());
    for Measurement { metric, value } in measurements {
        match metric {
            MetricName::BuiltIn(metric) => {
                let (path, value) = place(*metric, value)?;
                let member = path.split('/').fold(&mut metrics, |object, member| &mut object[member]);
                *member = value;
            }
            MetricName::Custom(name) => {
                custom.insert(name.to_string(), json!([custom_member(value)]));
            }
        }
    }
    let mut report = json!({"header": {"report_id": (event.at / 1000).max(1), "version": "1.0"}, "metrics": metrics});
    if !custom.is_empty() {
        report["custom_metrics"] = Json::Object(custom);
    }
    Some(report)
}

/// Where a device-side metric stands in the report, and what stands there.
fn place(metric: BuiltIn, value: &Value) -> Option<(&'static str, Json)> {
    let path = match metric {
        BuiltIn::AllBytesOut => "network_stats/bytes_out",
        BuiltIn::AllBytesIn => "network_stats/bytes_in",
        BuiltIn::AllPacketsOut => "network_stats/packets_out",
        BuiltIn::AllPacketsIn => "network_stats/packets_in",
        BuiltIn::NumListeningTcpPorts => "listening_tcp_ports/total",
        BuiltIn::NumListeningUdpPorts => "listening_udp_ports/total",
        BuiltIn::NumEstablishedTcpConnections => "tcp_connections/established_connections/total",
        BuiltIn::ListeningTcpPorts => "listening_tcp_ports/ports",
        BuiltIn::ListeningUdpPorts => "listening_udp_ports/ports",
        BuiltIn::DestinationIpAddresses => "tcp_connections/established_connections/connections",
        // The broker measures the others.
        _ => return None,
    };
    let value = match value {
        Value::Count(count) => json!(count),
        Value::Ports(ports) => ports.iter().map(|port| json!({"port": port})).collect(),
        // A destination's port is not part of the metric; HTTPS stands for it.
        Value::Cidrs(networks) => {
            let remote = |network: &ipnet::IpNet| std::net::SocketAddr::new(network.addr(), 443).to_string();
            networks.iter().map(|network| json!({"remote_addr": remote(network)})).collect()
        }
        _ => return None,
    };
    Some((path, value))
}

fn custom_member(value: &Value) -> Json {
    match value.to_metric_value() {
        MetricValue::Count(count) => json!({"number": count}),
        MetricValue::Number(number) => json!({"number": number}),
        MetricValue::Numbers(numbers) => json!({"number_list": numbers}),
        MetricValue::Strings(strings) => json!({"string_list": strings}),
        MetricValue::Cidrs(cidrs) => json!({"ip_list": cidrs}),
        MetricValue::Ports(ports) => json!({"number_list": ports}),
    }
}

/// A batch of one value, or of all that a report measures. AWS raises the version when it exports a value anew; what
/// has none is the first.
fn export(event: &Event) -> Option<Json> {
    let metric = |name: &MetricName, value: &Value, version: u64| {
        json!({"name": name.as_str(), "thing": event.device(), "value": value.to_metric_value(), "version": version,
            "timestamp": event.at})
    };
    let metrics: Vec<Json> = match &event.kind {
        EventKind::Report(measurements) => measurements.iter().map(|m| metric(&m.metric, &m.value, 1)).collect(),
        EventKind::Value(exported) => {
            let mut metric = metric(&exported.metric, &exported.value, exported.version.unwrap_or(1));
            if let Some((name, operator)) = &exported.dimension {
                metric["dimension"] = json!({"name": name, "operator": operator});
            }
            vec![metric]
        }
        _ => return None,
    };
    Some(json!({"version": "1.0", "metrics": metrics}))
}

/// A row for each value of a report, or for the one value of an export.
fn csv(event: &Event, out: &mut Vec<u8>) -> bool {
    let mut row = |metric: &MetricName, value: &Value| {
        let text = match value.to_metric_value() {
            MetricValue::Count(count) => count.to_string(),
            MetricValue::Number(number) => number.to_string(),
            list => elements(&list),
        };
        let mut writer = csv::WriterBuilder::new().from_writer(&mut *out);
        // Writing to memory cannot fail.
        let _ = writer.write_record([event.device(), &event.at.to_string(), metric.as_str(), &text]);
        let _ = writer.flush();
    };
    match &event.kind {
        EventKind::Report(measurements) => measurements.iter().for_each(|m| row(&m.metric, &m.value)),
        EventKind::Value(exported) if exported.dimension.is_none() => row(&exported.metric, &exported.value),
        _ => return false,
    }
    true
}

/// A list as JSON, without the member's name around it.
fn elements(list: &MetricValue) -> String {
    let named = serde_json::to_value(list).unwrap_or_default();
    let elements = named.as_object().and_then(|object| object.values().next());
    elements.map(Json::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::output::{Writer, Written};
    use super::super::reader::{Options, Traffic};
    use super::*;

    fn read(file: Vec<u8>) -> Vec<Event<'static>> {
        let mut traffic = Traffic::open_file(std::io::Cursor::new(file), Options::default()).unwrap();
        std::iter::from_fn(|| traffic.next_event().unwrap()).collect()
    }

    /// A report as single values.
    fn values(events: &[Event<'static>]) -> Vec<(i64, String, String, Value)> {
        let value = |event: &Event, metric: &MetricName, value: &Value| {
            (event.at, event.device().to_owned(), metric.as_str().to_owned(), value.clone())
        };
        let mut values: Vec<_> = events
            .iter()
            .flat_map(|event| match &event.kind {
                EventKind::Report(measurements) => {
                    measurements.iter().map(|m| value(event, &m.metric, &m.value)).collect()
                }
                EventKind::Value(exported) => vec![value(event, &exported.metric, &exported.value)],
                _ => Vec::new(),
            })
            .collect();
        values.sort_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)));
        values
    }

    /// Whatever a form can say is recognised and read back as it was, as far as the form knows it.
    #[test]
    fn what_is_written_is_read_back() {
        let lines = br#"{"timestamp":1700000000123,"type":"connect","clientId":"c","sourceIp":"10.0.0.1"}
{"timestamp":1700000000123,"type":"connect","clientId":"c","status":"refused"}
{"timestamp":1700000000123,"type":"connect","clientId":"c","status":"failed"}
{"timestamp":1700000000123,"type":"disconnect","clientId":"c"}
{"timestamp":1700000000123,"type":"publish","clientId":"c","topic":"a/b"}
{"timestamp":1700000000123,"type":"deliver","clientId":"c","topic":"a/b"}
{"timestamp":1700000000123,"type":"subscribe","clientId":"c","topic":"a/#"}
{"timestamp":1700000000123,"type":"report","thing":"t","metrics":{"aws:all-bytes-out":{"count":5},"aws:listening-tcp-ports":{"ports":[22,23]},"aws:num-listening-tcp-ports":{"count":2},"aws:destination-ip-addresses":{"cidrs":["10.0.0.9","::1"]},"level":{"number":0.5},"words":{"strings":["a","b"]}}}
{"timestamp":1700000000124,"type":"value","thing":"t","metric":"aws:num-messages-sent","value":{"count":7},"version":3,"dimension":{"name":"d","operator":"NOT_IN"}}
"#;
        let events = read(lines.to_vec());
        let said = [
            (OutputFormat::Ndjson, 9),
            (OutputFormat::IotLog, 7),
            (OutputFormat::FilterLogEvents, 7),
            (OutputFormat::Lifecycle, 5),
            (OutputFormat::Report, 1),
            (OutputFormat::ReportCbor, 1),
            (OutputFormat::Export, 2),
            (OutputFormat::Csv, 1),
            (OutputFormat::Parquet, 9),
        ];
        assert_eq!(said.map(|(form, _)| form), OutputFormat::ALL);
        for (form, expected) in said {
            let mut writer = Writer::new(form, Vec::new()).unwrap();
            events.iter().for_each(|event| writer.write(event).unwrap());
            let (file, written) = writer.finish().unwrap();
            assert_eq!(written, Written { events: expected, left_out: 9 - expected }, "{form:?}");
            let found = read(file);
            let kept: Vec<_> = events
                .iter()
                .filter(|event| form == OutputFormat::Parquet || write(form, event, &mut Vec::new()))
                .cloned()
                .collect();
            if matches!(kept[0].kind, EventKind::Report(_)) {
                // Members of a report have an order of their own, and batches are taken apart.
                assert_eq!(values(&found), values(&kept), "{form:?}");
                continue;
            }
            assert_eq!(found.len(), kept.len(), "{form:?}");
            for (found, kept) in found.iter().zip(&kept) {
                assert_eq!((found.at, &found.kind, found.device()), (kept.at, &kept.kind, kept.device()), "{form:?}");
            }
        }
    }

    /// An output without events is still one of its format, not a broken file.
    #[test]
    fn nothing_is_written_whole() {
        for form in OutputFormat::ALL {
            let (file, _) = Writer::new(form, Vec::new()).unwrap().finish().unwrap();
            let options = Options { strict: true, ..Options::default() };
            let traffic = Traffic::open_file(std::io::Cursor::new(file), options);
            let tally = traffic.and_then(|traffic| traffic.for_each(|_| {}));
            assert_eq!(tally.unwrap().lines, 0, "{form:?}");
        }
    }
}
