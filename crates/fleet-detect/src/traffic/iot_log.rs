//! AWS IoT Core log entries, as they come out of the CloudWatch log group `AWSIotLogsV2`.
//!
//! Either the raw entry, one a line, or the form of `aws logs filter-log-events`, whose events carry the entry as text
//! in `message`. The entry's own `timestamp` counts, in UTC. Source: IoT developer guide, "CloudWatch Logs AWS IoT log
//! entries". Entries carry no payload size, so `aws:message-byte-size` has no datapoints from logs.
//!
//! A `Failure` counts as refused by authorization if its `reason` or `details` speaks of authorization, or if it has
//! neither; any other reason (throttling, say) is a failure of another kind.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value as Json;

use super::json::{Object, checked_time, missing, object, optional_address, optional_text, text};
use super::tally::BadLine;
use super::time::parse_utc;
use crate::event::{Event, EventKind, Outcome};

/// Reads one line or record. None for entries that no metric counts.
///
/// # Errors
/// Says what is wrong with the entry.
pub fn parse(line: &[u8]) -> Result<Option<Event<'static>>, BadLine> {
    let outer = object(line)?;
    match outer.get("message") {
        Some(Json::String(message)) if !outer.contains_key("eventType") => {
            // Services write other texts into log groups too; they are no entries of the broker.
            if !message.trim_start().starts_with('{') {
                return Ok(None);
            }
            entry(&object(message.as_bytes())?)
        }
        _ => entry(&outer),
    }
}

fn entry(entry: &Object) -> Result<Option<Event<'static>>, BadLine> {
    let event_type = text(entry, "eventType")?;
    if !["Connect", "Disconnect", "Publish-In", "Publish-Out", "Subscribe"].contains(&event_type) {
        return Ok(None);
    }
    // Publishing over HTTPS has no client; there is no device to count it for.
    let Some(client_id) = optional_text(entry, "clientId")?.filter(|id| !id.is_empty() && *id != "N/A") else {
        return Ok(None);
    };
    let source = source(entry)?;
    let topic = optional_text(entry, "topicName")?.map(|topic| Cow::Owned(topic.to_owned()));
    let kind = match event_type {
        "Connect" => EventKind::Connect { outcome: outcome(entry)?, source },
        "Disconnect" => EventKind::Disconnect { source },
        "Publish-In" => EventKind::Publish { outcome: outcome(entry)?, topic, bytes: None, source },
        "Publish-Out" => EventKind::Deliver { outcome: outcome(entry)?, topic, source },
        _ => EventKind::Subscribe { outcome: outcome(entry)?, topic, source },
    };
    Ok(Some(Event { at: time(entry)?, client_id: Cow::Owned(client_id.to_owned()), thing: None, kind }))
}

fn time(entry: &Object) -> Result<i64, BadLine> {
    match entry.get("timestamp") {
        Some(Json::String(text)) => {
            let bad = || BadLine::new("bad time", format!("`{text}` is not like `2017-08-10 15:37:23.476`"));
            checked_time(parse_utc(text).ok_or_else(bad)?)
        }
        Some(Json::Number(number)) => checked_time(number.as_i64().unwrap_or(-1)),
        _ => Err(missing("timestamp")),
    }
}

/// The source address; `N/A` and the like stand for none.
fn source(entry: &Object) -> Result<Option<IpAddr>, BadLine> {
    match entry.get("sourceIp") {
        Some(Json::String(text)) if text == "N/A" || text == "UNKNOWN" => Ok(None),
        _ => optional_address(entry, "sourceIp"),
    }
}

fn outcome(entry: &Object) -> Result<Outcome, BadLine> {
    match text(entry, "status")? {
        "Success" => return Ok(Outcome::Success),
        "Failure" => {}
        other => return Err(BadLine::new("unknown status", format!("`{other}` is neither Success nor Failure"))),
    }
    let reasons = [optional_text(entry, "reason")?, optional_text(entry, "details")?];
    let authorization = |reason: &str| reason.to_ascii_lowercase().contains("authoriz");
    let refused = reasons.iter().flatten().any(|reason| authorization(reason)) || reasons == [None, None];
    Ok(if refused { Outcome::Refused } else { Outcome::Failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_and_filtered_entries_are_the_same() {
        let raw = r#"{"timestamp":"2017-08-10 15:39:30.961","logLevel":"ERROR","traceId":"x","accountId":"1","status":"Failure","eventType":"Publish-In","protocol":"MQTT","topicName":"a/b","clientId":"c","principalId":"p","sourceIp":"205.251.233.181","sourcePort":13490,"reason":"AUTHORIZATION_FAILURE"}"#;
        let filtered = serde_json::json!({"logStreamName": "s", "timestamp": 5, "message": raw, "eventId": "1"});
        let event = parse(raw.as_bytes()).unwrap().unwrap();
        assert_eq!(parse(filtered.to_string().as_bytes()).unwrap().unwrap(), event);
        assert_eq!(event.at, 1_502_379_570_961);
        let source = "205.251.233.181".parse().ok();
        let topic = Some(Cow::Borrowed("a/b"));
        assert_eq!(event.kind, EventKind::Publish { outcome: Outcome::Refused, topic, bytes: None, source });
    }

    #[test]
    fn failures_are_told_apart_and_other_entries_skipped() {
        let entry = |more: &str| {
            let line = format!(r#"{{"timestamp":"2017-08-10 15:37:23.476","clientId":"c","status":"Failure"{more}}}"#);
            parse(line.as_bytes())
        };
        let outcome = |more: &str| match entry(&format!(r#","eventType":"Connect"{more}"#)).unwrap().unwrap().kind {
            EventKind::Connect { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome(""), Outcome::Refused);
        assert_eq!(outcome(r#","details":"Authorization Failure""#), Outcome::Refused);
        assert_eq!(outcome(r#","reason":"CONNECT_RATE_EXCEEDED""#), Outcome::Failed);
        assert_eq!(entry(r#","eventType":"RuleExecution""#), Ok(None));
        assert!(entry("").unwrap_err().detail.contains("eventType"));
        assert!(parse(b"{").is_err());
        assert_eq!(parse(br#"{"message":"plain text","timestamp":1}"#), Ok(None));
    }
}
