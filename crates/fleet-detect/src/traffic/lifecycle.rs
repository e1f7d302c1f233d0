//! Lifecycle events that AWS IoT publishes to `$aws/events/presence/…` and `$aws/events/subscriptions/…`.
//!
//! One event a line, bare or in an envelope with `payload`. Source: IoT developer guide, "Lifecycle events". AWS may
//! deliver one twice; a repetition is another event, because nothing in it tells it from a second connection.
//! Unsubscribing moves no metric and is skipped.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::json::{Object, millis, missing, name, object, optional_address, optional_text, text, wrong};
use super::tally::BadLine;
use crate::event::{Event, EventKind, Outcome};

/// Reads one line; a subscription event gives one event a topic filter.
///
/// # Errors
/// Says what is wrong with the record.
pub fn parse(line: &[u8]) -> Result<Vec<Event<'static>>, BadLine> {
    let outer = object(line)?;
    match outer.get("payload") {
        Some(Json::Object(payload)) => record(payload),
        Some(Json::String(payload)) => record(&object(payload.as_bytes())?),
        _ => record(&outer),
    }
}

fn record(record: &Object) -> Result<Vec<Event<'static>>, BadLine> {
    let event_type = text(record, "eventType")?;
    let source = optional_address(record, "ipAddress")?;
    let kinds = match event_type {
        "connected" => vec![EventKind::Connect { outcome: Outcome::Success, source }],
        "disconnected" => vec![EventKind::Disconnect { source }],
        "connect_failed" => {
            let reason = optional_text(record, "connectFailureReason")?.unwrap_or_default();
            let refused = reason.to_ascii_lowercase().contains("authoriz");
            let outcome = if refused { Outcome::Refused } else { Outcome::Failed };
            vec![EventKind::Connect { outcome, source }]
        }
        "subscribed" => topics(record)?
            .map(|topic| {
                let topic = Some(Cow::Owned(topic?.to_owned()));
                Ok(EventKind::Subscribe { outcome: Outcome::Success, topic, source })
            })
            .collect::<Result<_, BadLine>>()?,
        "unsubscribed" => Vec::new(),
        other => return Err(BadLine::new("unknown type", format!("`{other}` is not a lifecycle event"))),
    };
    let at = millis(record, "timestamp")?;
    let client_id = name(record, "clientId")?;
    let thing = optional_text(record, "thingName")?.filter(|thing| !thing.is_empty());
    let event = |kind| Event {
        at,
        client_id: Cow::Owned(client_id.to_owned()),
        thing: thing.map(|thing| Cow::Owned(thing.to_owned())),
        kind,
    };
    Ok(kinds.into_iter().map(event).collect())
}

fn topics(record: &Object) -> Result<impl Iterator<Item = Result<&str, BadLine>>, BadLine> {
    match record.get("topics") {
        Some(Json::Array(topics)) => {
            Ok(topics.iter().map(|topic| topic.as_str().ok_or_else(|| wrong("topics", "a list of texts", topic))))
        }
        Some(other) => Err(wrong("topics", "a list", other)),
        None => Err(missing("topics")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_event_is_read() {
        let line = |rest: &str| format!(r#"{{"clientId":"c","timestamp":1573002340451,{rest}}}"#);
        let kinds = |rest: &str| -> Vec<EventKind<'static>> {
            let events = parse(line(rest).as_bytes()).unwrap_or_else(|bad| panic!("{rest}: {bad}"));
            events.into_iter().map(|event| event.kind).collect()
        };
        let source = "127.0.0.1".parse().ok();
        assert_eq!(
            kinds(r#""eventType":"connected","sessionIdentifier":"s","ipAddress":"127.0.0.1","versionNumber":0"#),
            [EventKind::Connect { outcome: Outcome::Success, source }]
        );
        assert_eq!(
            kinds(r#""eventType":"disconnected","clientInitiatedDisconnect":true"#),
            [EventKind::Disconnect { source: None }]
        );
        assert_eq!(
            kinds(r#""eventType":"connect_failed","connectFailureReason":"AUTHORIZATION_FAILED""#),
            [EventKind::Connect { outcome: Outcome::Refused, source: None }]
        );
        assert_eq!(kinds(r#""eventType":"subscribed","topics":["a/#","b"]"#).len(), 2);
        assert_eq!(kinds(r#""eventType":"unsubscribed","topics":["b"]"#), []);
        let wrapped = format!(r#"{{"topic":"t","payload":{}}}"#, line(r#""eventType":"disconnected""#));
        assert_eq!(parse(wrapped.as_bytes()).unwrap().len(), 1);
        assert_eq!(parse(line(r#""eventType":"x""#).as_bytes()).unwrap_err().reason, "unknown type");
    }
}
