//! Writes events in any format that can say them; what a format cannot say is left out and reported.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::format::Format;
use super::ndjson;
use super::time::format_utc;
use crate::event::{Event, EventKind, Measurement, MetricName, Outcome};
use crate::metric::BuiltIn;
use crate::value::{MetricValue, Value};

/// Header line of the CSV format.
pub const CSV_HEADER: &str = "thing,timestamp,metric,value\n";

/// Appends the event as one line, or several in CSV. Returns whether the format can say it: logs and lifecycle events
/// know no reports, reports no broker events; the metrics export is made by AWS from values, so only values go there.
pub fn write(format: Format, event: &Event, out: &mut Vec<u8>) -> bool {
    let line = match format {
        Format::Ndjson => {
            ndjson::write(event, out);
            return true;
        }
        Format::Csv => return csv(event, out),
        Format::IotLog => log_entry(event),
        Format::Lifecycle => lifecycle(event),
        Format::Report => report(event).map(|report| envelope(event, "json", report)),
        Format::Export => export(event),
        // No lines: [`super::parquet::write`] writes whole files.
        Format::Parquet => None,
    };
    let Some(line) = line else { return false };
    push_line(&line, out);
    true
}

/// Appends a report event as an envelope whose payload is CBOR in base64; false for other events.
pub fn write_cbor_report(event: &Event, out: &mut Vec<u8>) -> bool {
    let Some(report) = report(event) else { return false };
    let mut bytes = Vec::new();
    // Writing plain data to memory cannot fail.
    let _ = ciborium::into_writer(&report, &mut bytes);
    push_line(&envelope(event, "cbor", STANDARD.encode(bytes).into()), out);
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

fn export(event: &Event) -> Option<Json> {
    let EventKind::Value(exported) = &event.kind else { return None };
    let value = exported.value.to_metric_value();
    let mut metric = json!({"name": exported.metric.as_str(), "thing": event.device(), "value": value,
        "version": exported.version.unwrap_or(0), "timestamp": event.at});
    if let Some((name, operator)) = &exported.dimension {
        metric["dimension"] = json!({"name": name, "operator": operator});
    }
    Some(json!({"version": "1.0", "metrics": [metric]}))
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
    use super::super::reader::{Options, Traffic};
    use super::*;

    fn read(text: &[u8], format: Format) -> Vec<Event<'static>> {
        let options = Options { format: Some(format), ..Options::default() };
        let mut traffic = Traffic::open(text, options).unwrap();
        std::iter::from_fn(|| traffic.next_event().unwrap()).collect()
    }

    /// Whatever a format can say is read back as it was, as far as the format knows it.
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
{"timestamp":1700000000123,"type":"value","thing":"t","metric":"aws:num-messages-sent","value":{"count":7},"version":3,"dimension":{"name":"d","operator":"NOT_IN"}}
"#;
        let events = read(lines, Format::Ndjson);
        let said = [
            (Format::Ndjson, 9),
            (Format::IotLog, 7),
            (Format::Lifecycle, 5),
            (Format::Report, 1),
            (Format::Export, 1),
        ];
        for (format, expected) in said {
            let mut out = Vec::new();
            let kept: Vec<_> = events.iter().filter(|event| write(format, event, &mut out)).cloned().collect();
            assert_eq!(kept.len(), expected, "{format:?}");
            let mut found = read(&out, format);
            if format == Format::Report {
                // Blocks of a report have an order of their own.
                for event in &mut found {
                    let EventKind::Report(measurements) = &mut event.kind else { panic!() };
                    let order = |m: &Measurement| format!("{:?}", m.metric);
                    let EventKind::Report(original) = &kept[0].kind else { panic!() };
                    measurements.sort_by_key(|m| original.iter().position(|o| order(o) == order(m)));
                }
                assert_eq!(found[0].kind, kept[0].kind);
                let mut cbor = Vec::new();
                assert!(write_cbor_report(&kept[0], &mut cbor));
                let EventKind::Report(from_cbor) = &read(&cbor, format)[0].kind else { panic!() };
                assert_eq!(from_cbor.len(), 6);
                continue;
            }
            for (found, kept) in found.iter().zip(&kept) {
                assert_eq!((found.at, &found.kind, found.device()), (kept.at, &kept.kind, kept.device()), "{format:?}");
            }
            assert_eq!(found.len(), kept.len());
        }
        let mut rows = CSV_HEADER.as_bytes().to_vec();
        assert!(write(Format::Csv, &events[7], &mut rows) && !write(Format::Csv, &events[0], &mut rows));
        assert_eq!(read(&rows, Format::Csv).len(), 6);
    }
}
