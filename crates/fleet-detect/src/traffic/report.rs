//! Device reports: what a device publishes to `$aws/things/THING/defender/metrics/json` or `…/cbor`.
//!
//! A line is `{"topic": …, "timestamp": milliseconds, "payload": …}`. The payload is the report as an object, as JSON
//! text, or, for CBOR, in base64. Long and short member names both work. Source: IoT developer guide, "Device metrics
//! document specification".
//!
//! A block that is absent is no datapoint; an empty list is one. Totals are taken as reported, never counted.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::json::{Object, millis, missing, object, text, wrong};
use super::tally::BadLine;
use crate::event::{Event, EventKind, Measurement, MetricName};
use crate::metric::BuiltIn;
use crate::value::{Value, distinct};

/// Reads one line.
///
/// # Errors
/// Says what is wrong with the envelope or the report.
pub fn parse(line: &[u8]) -> Result<Event<'static>, BadLine> {
    let envelope = object(line)?;
    let topic = text(&envelope, "topic")?;
    let (thing, format) = thing_of(topic)?;
    let at = millis(&envelope, "timestamp")?;
    let measurements = match (envelope.get("payload"), format) {
        (Some(Json::Object(payload)), _) => parse_document(payload)?,
        (Some(Json::String(payload)), "json") => parse_document(&object(payload.as_bytes())?)?,
        (Some(Json::String(payload)), _) => {
            let bytes = STANDARD.decode(payload);
            parse_cbor(&bytes.map_err(|error| BadLine::new("bad base64", error.to_string()))?)?
        }
        (Some(other), _) => return Err(wrong("payload", "a report", other)),
        (None, _) => return Err(missing("payload")),
    };
    let name: Cow<'static, str> = Cow::Owned(thing.to_owned());
    Ok(Event { at, client_id: name.clone(), thing: Some(name), kind: EventKind::Report(measurements) })
}

/// Thing name and encoding in a report's topic.
fn thing_of(topic: &str) -> Result<(&str, &str), BadLine> {
    let bad = || {
        let expected = "$aws/things/THING/defender/metrics/json or …/cbor";
        BadLine::new("not a report topic", format!("`{topic}` is not {expected}"))
    };
    let rest = topic.strip_prefix("$aws/things/").ok_or_else(bad)?;
    let (thing, format) = rest.split_once("/defender/metrics/").ok_or_else(bad)?;
    if thing.is_empty() || thing.contains('/') || !["json", "cbor"].contains(&format) {
        return Err(bad());
    }
    Ok((thing, format))
}

/// Reads a report in CBOR.
///
/// # Errors
/// When the bytes are no CBOR, or the report is malformed.
pub fn parse_cbor(bytes: &[u8]) -> Result<Vec<Measurement<'static>>, BadLine> {
    let value: ciborium::Value =
        ciborium::from_reader(bytes).map_err(|error| BadLine::new("not CBOR", error.to_string()))?;
    match to_json(value)? {
        Json::Object(document) => parse_document(&document),
        other => Err(wrong("payload", "a map", &other)),
    }
}

fn to_json(value: ciborium::Value) -> Result<Json, BadLine> {
    use ciborium::Value as Cbor;
    let unfit = |what: &str| BadLine::new("not CBOR", format!("a report holds no {what}"));
    Ok(match value {
        Cbor::Null => Json::Null,
        Cbor::Bool(flag) => Json::Bool(flag),
        Cbor::Text(text) => Json::String(text),
        Cbor::Integer(integer) => match (u64::try_from(integer), i64::try_from(integer)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => return Err(unfit("integers beyond 64 bits")),
        },
        Cbor::Float(number) => serde_json::Number::from_f64(number).ok_or_else(|| unfit("infinite numbers"))?.into(),
        Cbor::Array(items) => Json::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        Cbor::Map(entries) => {
            let entry = |(key, value)| match key {
                Cbor::Text(key) => Ok((key, to_json(value)?)),
                _ => Err(unfit("keys other than texts")),
            };
            Json::Object(entries.into_iter().map(entry).collect::<Result<_, _>>()?)
        }
        _ => return Err(unfit("tags or byte strings")),
    })
}

/// Reads the report itself.
///
/// # Errors
/// Names the member that is missing or malformed.
pub fn parse_document(report: &Object) -> Result<Vec<Measurement<'static>>, BadLine> {
    let header = block(report, "header", "hed")?.ok_or_else(|| malformed("`header` is missing"))?;
    if either(header, "report_id", "rid").and_then(Json::as_u64).is_none_or(|id| id == 0) {
        return Err(malformed("`header.report_id` is not a positive integer"));
    }
    if either(header, "version", "v").and_then(Json::as_str).is_none() {
        return Err(malformed("`header.version` is not a text"));
    }
    let metrics = block(report, "metrics", "met")?;
    let custom = block(report, "custom_metrics", "cmet")?;
    let mut measurements = Vec::new();
    if let Some(metrics) = metrics {
        built_in(metrics, &mut measurements)?;
    }
    for (name, value) in custom.into_iter().flatten() {
        let metric = MetricName::Custom(Cow::Owned(name.clone()));
        measurements.push(Measurement { metric, value: custom_value(name, value)? });
    }
    if metrics.is_none() && custom.is_none() {
        return Err(malformed("neither `metrics` nor `custom_metrics`"));
    }
    Ok(measurements)
}

fn built_in(metrics: &Object, measurements: &mut Vec<Measurement<'static>>) -> Result<(), BadLine> {
    let mut add = |metric, value: Option<Value>| {
        measurements.extend(value.map(|value| Measurement { metric: MetricName::BuiltIn(metric), value }));
    };
    if let Some(stats) = block(metrics, "network_stats", "ns")? {
        add(BuiltIn::AllBytesOut, count(stats, "bytes_out", "bo")?);
        add(BuiltIn::AllBytesIn, count(stats, "bytes_in", "bi")?);
        add(BuiltIn::AllPacketsOut, count(stats, "packets_out", "po")?);
        add(BuiltIn::AllPacketsIn, count(stats, "packets_in", "pi")?);
    }
    for (long, short, total, list) in [
        ("listening_tcp_ports", "tp", BuiltIn::NumListeningTcpPorts, BuiltIn::ListeningTcpPorts),
        ("listening_udp_ports", "up", BuiltIn::NumListeningUdpPorts, BuiltIn::ListeningUdpPorts),
    ] {
        if let Some(listening) = block(metrics, long, short)? {
            add(total, count(listening, "total", "t")?);
            add(list, items(listening, "ports", "pts", port)?.map(|ports| Value::Ports(distinct(ports.into_iter()))));
        }
    }
    let connections = block(metrics, "tcp_connections", "tc")?;
    if let Some(established) = connections.map(|tcp| block(tcp, "established_connections", "ec")).transpose()?.flatten()
    {
        add(BuiltIn::NumEstablishedTcpConnections, count(established, "total", "t")?);
        let addresses = items(established, "connections", "cs", remote_address)?;
        let networks = addresses.map(|list| distinct(list.into_iter().map(ipnet::IpNet::from)));
        add(BuiltIn::DestinationIpAddresses, networks.map(Value::Cidrs));
    }
    Ok(())
}

fn malformed(detail: impl Into<String>) -> BadLine {
    BadLine::new("malformed report", detail)
}

fn either<'a>(object: &'a Object, long: &str, short: &str) -> Option<&'a Json> {
    object.get(long).or_else(|| object.get(short))
}

fn block<'a>(object: &'a Object, long: &str, short: &str) -> Result<Option<&'a Object>, BadLine> {
    match either(object, long, short) {
        None => Ok(None),
        Some(Json::Object(block)) => Ok(Some(block)),
        Some(_) => Err(malformed(format!("`{long}` is not an object"))),
    }
}

fn count(object: &Object, long: &str, short: &str) -> Result<Option<Value>, BadLine> {
    let Some(number) = either(object, long, short) else { return Ok(None) };
    let count = number.as_u64().ok_or_else(|| malformed(format!("`{long}` is {number}, not a whole number ≥ 0")))?;
    Ok(Some(Value::Count(count)))
}

fn items<T>(
    object: &Object,
    long: &str,
    short: &str,
    item: impl Fn(&Object) -> Result<T, BadLine>,
) -> Result<Option<Vec<T>>, BadLine> {
    let not_list = || malformed(format!("`{long}` is not a list of objects"));
    match either(object, long, short) {
        None => Ok(None),
        Some(Json::Array(list)) => {
            let items = list.iter().map(|entry| item(entry.as_object().ok_or_else(not_list)?));
            items.collect::<Result<_, _>>().map(Some)
        }
        Some(_) => Err(not_list()),
    }
}

fn port(entry: &Object) -> Result<u16, BadLine> {
    let port = either(entry, "port", "pt").and_then(Json::as_u64).and_then(|port| u16::try_from(port).ok());
    port.ok_or_else(|| malformed("a `port` is not a number from 0 to 65535"))
}

/// The address in `"192.0.2.1:8000"`, `"[2001:db8::1]:8000"` or, as some agents write it, `"2001:db8::1:8000"`.
fn remote_address(entry: &Object) -> Result<IpAddr, BadLine> {
    let text = either(entry, "remote_addr", "rad").and_then(Json::as_str).unwrap_or_default();
    let whole = text.parse::<SocketAddr>().map(|address| address.ip()).ok();
    let split = || text.rsplit_once(':').and_then(|(address, _)| address.trim_matches(['[', ']']).parse().ok());
    let found = whole.or_else(split).or_else(|| text.parse().ok());
    found.ok_or_else(|| malformed(format!("`remote_addr` is `{text}`, not an address and a port")))
}

/// A custom metric's value: a list of exactly one object with exactly one member.
fn custom_value(name: &str, value: &Json) -> Result<Value, BadLine> {
    let bad = |what: &str| malformed(format!("custom metric `{name}`: {what}"));
    let member = value.as_array().filter(|list| list.len() == 1).and_then(|list| list[0].as_object());
    let member = member.filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    let (key, value) = member.ok_or_else(|| bad("expected a list of one object with one member"))?;
    if key == "number" {
        return value.as_f64().map(Value::Number).ok_or_else(|| bad("`number` is no number"));
    }
    let list = value.as_array().ok_or_else(|| bad(&format!("`{key}` is no list")))?;
    match key.as_str() {
        "number_list" => {
            let numbers = list.iter().map(Json::as_f64).collect::<Option<Vec<_>>>();
            numbers.map(|all| Value::Numbers(distinct(all.into_iter()))).ok_or_else(|| bad("an element is no number"))
        }
        "string_list" => {
            let texts = list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
            texts.map(|all| Value::Strings(distinct(all.into_iter()))).ok_or_else(|| bad("an element is no text"))
        }
        "ip_list" => {
            let networks = list.iter().map(|item| crate::value::parse_network(item.as_str().unwrap_or_default()));
            let networks = networks.collect::<Result<Vec<_>, _>>().map_err(|message| bad(&message))?;
            Ok(Value::Cidrs(distinct(networks.into_iter())))
        }
        _ => Err(bad("expected `number`, `number_list`, `string_list` or `ip_list`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn long() -> Json {
        json!({"header": {"report_id": 1530304554, "version": "1.0"},
            "metrics": {
                "listening_tcp_ports": {"ports": [{"interface": "eth0", "port": 24800}, {"port": 22}, {"port": 22}], "total": 3},
                "listening_udp_ports": {"ports": [], "total": 0},
                "network_stats": {"bytes_in": 29358693495_u64, "bytes_out": 26485035, "packets_in": 10013573555_u64, "packets_out": 11382615},
                "tcp_connections": {"established_connections": {"connections": [
                    {"local_interface": "eth0", "local_port": 24800, "remote_addr": "192.168.0.1:8000"},
                    {"remote_addr": "[2001:db8::1]:443"}], "total": 2}}},
            "custom_metrics": {"battery": [{"number": 7.5}], "peers": [{"ip_list": ["10.0.0.1"]}],
                "words": [{"string_list": ["a", "b"]}], "levels": [{"number_list": [1, 2.5]}]}})
    }

    /// The short names of the same report.
    fn short(value: &Json) -> Json {
        let names = [
            ("header", "hed"),
            ("report_id", "rid"),
            ("version", "v"),
            ("metrics", "met"),
            ("custom_metrics", "cmet"),
            ("listening_tcp_ports", "tp"),
            ("listening_udp_ports", "up"),
            ("ports", "pts"),
            ("port", "pt"),
            ("interface", "if"),
            ("total", "t"),
            ("network_stats", "ns"),
            ("bytes_in", "bi"),
            ("bytes_out", "bo"),
            ("packets_in", "pi"),
            ("packets_out", "po"),
            ("tcp_connections", "tc"),
            ("established_connections", "ec"),
            ("connections", "cs"),
            ("remote_addr", "rad"),
            ("local_interface", "li"),
            ("local_port", "lp"),
        ];
        match value {
            Json::Object(object) => {
                let name =
                    |key: &str| names.iter().find(|(long, _)| *long == key).map_or(key, |(_, short)| short).to_owned();
                Json::Object(object.iter().map(|(key, value)| (name(key), short(value))).collect())
            }
            Json::Array(items) => Json::Array(items.iter().map(short).collect()),
            other => other.clone(),
        }
    }

    fn line(format: &str, payload: &Json) -> Vec<u8> {
        let topic = format!("$aws/things/t/defender/metrics/{format}");
        json!({"topic": topic, "timestamp": 1_530_304_554_123_i64, "payload": payload}).to_string().into_bytes()
    }

    #[test]
    fn all_forms_of_a_report_are_the_same() {
        let event = parse(&line("json", &long())).unwrap();
        assert_eq!((event.at, event.device()), (1_530_304_554_123, "t"));
        let EventKind::Report(measurements) = &event.kind else { panic!("{event:?}") };
        assert_eq!(measurements.len(), 14);
        let ports = measurements.iter().find(|m| m.metric == MetricName::BuiltIn(BuiltIn::ListeningTcpPorts));
        assert_eq!(ports.unwrap().value, Value::Ports([24800, 22].into()));

        let mut cbor = Vec::new();
        ciborium::into_writer(&short(&long()), &mut cbor).unwrap();
        let payloads =
            [("json", short(&long())), ("json", long().to_string().into()), ("cbor", STANDARD.encode(cbor).into())];
        for (format, payload) in payloads {
            assert_eq!(parse(&line(format, &payload)).unwrap(), event, "{format} {payload}");
        }
    }

    #[test]
    fn malformed_reports_are_explained() {
        let mut broken = Vec::new();
        for (pointer, value, expected) in [
            ("/header", json!(null), "`header` is not an object"),
            ("/header/report_id", json!(0), "report_id"),
            ("/header/version", json!(1), "version"),
            ("/metrics/network_stats/bytes_in", json!(-1), "bytes_in"),
            ("/metrics/listening_tcp_ports/ports/0/port", json!(70000), "65535"),
            ("/metrics/tcp_connections/established_connections/connections/0/remote_addr", json!(5), "remote_addr"),
            ("/custom_metrics/battery", json!({"number": 0}), "list of one object"),
            ("/custom_metrics/battery", json!([{"text": 0}]), "no list"),
        ] {
            let mut report = long();
            *report.pointer_mut(pointer).unwrap() = value;
            broken.push((parse(&line("json", &report)).unwrap_err(), expected));
        }
        broken.push((parse(&line("xml", &long())).unwrap_err(), "not $aws/things"));
        broken.push((parse(&line("cbor", &json!("AQ=="))).unwrap_err(), "not a map"));
        broken.push((
            parse(&line("json", &json!({"header": {"report_id": 1, "version": "1.0"}}))).unwrap_err(),
            "neither",
        ));
        for (bad, expected) in broken {
            assert!(bad.to_string().contains(expected), "{bad} should speak of {expected}");
        }
    }
}
