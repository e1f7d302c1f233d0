//! Log events of one stream. Source: API:PutLogEvents, GetLogEvents.
//!
//! Collection `logs.event`, key: `GROUP:STREAM:MS:NUMBER`, so that keys stand in the order of time.

use serde_json::{Value, json};

use super::{log_group, log_stream};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("PutLogEvents", put_log_events), ("GetLogEvents", get_log_events)];

/// Collection of events.
pub const EVENT: &str = "logs.event";

/// How old and how far ahead an event may be: 14 days, 2 hours (API:PutLogEvents).
const OLDEST_MS: i64 = 14 * 24 * 3_600_000;
const AHEAD_MS: i64 = 2 * 3_600_000;
/// How far the events of one batch may be apart: 24 hours.
const SPAN_MS: i64 = 24 * 3_600_000;
/// Bytes of a batch: its messages, and 26 for each event.
const MOST_BYTES: usize = 1_048_576;
const EVENT_BYTES: usize = 26;
/// Events of one answer.
const PAGE: usize = 10_000;

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidParameterException", message)
}

/// Removes the events of a stream.
pub fn drop_all(tx: &mut Tx<'_>, stream: &str) {
    let keys: Vec<String> = tx.scan_prefix(EVENT, &format!("{stream}:")).map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        tx.remove(EVENT, &key);
    }
}

fn put_log_events(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, name) = (request.need("logGroupName")?, request.need("logStreamName")?);
    let mut stream = log_stream::find(tx, group, name)?.clone();
    let events = request.list("logEvents");
    let time = |event: &Value| event["timestamp"].as_i64().unwrap_or_default();
    let text = |event: &Value| event["message"].as_str().unwrap_or_default().to_owned();
    check_batch(&events.iter().map(|event| (time(event), text(event).len())).collect::<Vec<_>>())?;
    let oldest = request.now_ms - OLDEST_MS;
    let newest = request.now_ms + AHEAD_MS;
    let too_old = events.iter().take_while(|event| time(event) < oldest).count();
    let too_new = events.iter().position(|event| time(event) > newest);
    let accepted = &events[too_old..too_new.unwrap_or(events.len()).max(too_old)];
    let key = log_stream::key(group, name);
    let mut number = stream["uploadSequenceToken"].as_str().and_then(|token| token.parse::<u64>().ok()).unwrap_or(0);
    for event in accepted {
        number += 1;
        let stored = json!({"timestamp": time(event), "message": text(event), "ingestionTime": request.now_ms});
        tx.put(EVENT, &format!("{key}:{:015}:{number:012}", time(event)), stored);
    }
    let token = format!("{number:056}");
    stream["uploadSequenceToken"] = token.clone().into();
    if let (Some(first), Some(last)) = (accepted.first(), accepted.last()) {
        let known = |member: &str| stream[member].as_i64();
        let first = known("firstEventTimestamp").unwrap_or(i64::MAX).min(time(first));
        let last = known("lastEventTimestamp").unwrap_or(i64::MIN).max(time(last));
        stream["firstEventTimestamp"] = first.into();
        stream["lastEventTimestamp"] = last.into();
        stream["lastIngestionTime"] = request.now_ms.into();
    }
    tx.put(log_stream::STREAM, &key, stream);
    let mut rejected = json!({});
    if let Some(start) = too_new {
        rejected["tooNewLogEventStartIndex"] = start.into();
    }
    if too_old > 0 {
        rejected["tooOldLogEventEndIndex"] = too_old.into();
    }
    let rejected = rejected.as_object().filter(|r| !r.is_empty());
    Ok(json!({ "nextSequenceToken": token, "rejectedLogEventsInfo": rejected }))
}

/// Refuses a batch that is not in order, too large or too long; `batch` holds times and lengths.
fn check_batch(batch: &[(i64, usize)]) -> Result<(), AwsError> {
    if batch.windows(2).any(|pair| pair[0].0 > pair[1].0) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let span = batch.last().zip(batch.first()).map_or(0, |(last, first)| last.0 - first.0);
    if span > SPAN_MS {
        let message = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
        return Err(invalid(message));
    }
    let size: usize = batch.iter().map(|(_, length)| length + EVENT_BYTES).sum();
    match size > MOST_BYTES {
        true => Err(invalid(format!("Upload too large: {size} bytes exceeds limit of {MOST_BYTES}"))),
        false => Ok(()),
    }
}

/// Tokens are `f/PLACE` and `b/PLACE`, the place of an event in the stream. At an end the same token
/// comes back, which is how clients see that there is no more.
fn get_log_events(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, name) = (log_group::named(request)?, request.need("logStreamName")?);
    log_stream::find(tx, group, name)?;
    let prefix = format!("{}:", log_stream::key(group, name));
    let within = |event: &Value| {
        let at = event["timestamp"].as_i64().unwrap_or_default();
        request.int("startTime").is_none_or(|start| at >= start) && request.int("endTime").is_none_or(|end| at < end)
    };
    let events: Vec<&Value> =
        tx.scan_prefix(EVENT, &prefix).map(|(_, event)| event).filter(|event| within(event)).collect();
    let limit = request.int("limit").and_then(|n| usize::try_from(n).ok()).unwrap_or(PAGE).min(PAGE);
    let (start, end) = match request.str("nextToken") {
        None if request.flag("startFromHead").unwrap_or(false) => (0, limit.min(events.len())),
        None => (events.len().saturating_sub(limit), events.len()),
        Some(token) => {
            let place =
                token.get(2..).and_then(|place| place.parse::<usize>().ok()).map(|place| place.min(events.len()));
            match (token.get(..2), place) {
                (Some("f/"), Some(place)) => (place, (place + limit).min(events.len())),
                (Some("b/"), Some(place)) => (place.saturating_sub(limit), place),
                _ => return Err(invalid("The specified nextToken is invalid.")),
            }
        }
    };
    Ok(json!({
        "events": &events[start..end],
        "nextForwardToken": format!("f/{end:056}"),
        "nextBackwardToken": format!("b/{start:056}"),
    }))
}
