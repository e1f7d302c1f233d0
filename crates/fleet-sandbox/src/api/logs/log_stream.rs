//! Log streams. Source: API:CreateLogStream, DeleteLogStream, DescribeLogStreams.
//!
//! Collection `logs.stream`, key: `GROUP:STREAM`; neither name may hold a colon.

use serde_json::{Value, json};

use super::log_event;
use super::log_group::{self, PAGING};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::page;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateLogStream", create_log_stream),
    ("DeleteLogStream", delete_log_stream),
    ("DescribeLogStreams", describe_log_streams),
];

/// Collection of streams.
pub const STREAM: &str = "logs.stream";

/// The stream's key.
pub fn key(group: &str, stream: &str) -> String {
    format!("{group}:{stream}")
}

/// The stream, or the refusal that there is none.
pub fn find<'t>(tx: &'t Tx<'_>, group: &str, stream: &str) -> Result<&'t Value, AwsError> {
    log_group::find(tx, group)?;
    let missing = || AwsError::new("ResourceNotFoundException", "The specified log stream does not exist.");
    tx.get(STREAM, &key(group, stream)).ok_or_else(missing)
}

/// Removes the streams of a group with their events.
pub fn drop_all(tx: &mut Tx<'_>, group: &str) {
    let keys: Vec<String> = tx.scan_prefix(STREAM, &format!("{group}:")).map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        tx.remove(STREAM, &key);
        log_event::drop_all(tx, &key);
    }
}

fn create_log_stream(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, stream) = (request.need("logGroupName")?, request.need("logStreamName")?);
    log_group::find(tx, group)?;
    let key = key(group, stream);
    if tx.has(STREAM, &key) {
        return Err(AwsError::new("ResourceAlreadyExistsException", "The specified log stream already exists"));
    }
    let arn = format!("{}:log-stream:{stream}", log_group::arn(request, group));
    tx.put(
        STREAM,
        &key,
        json!({"logStreamName": stream, "creationTime": request.now_ms, "arn": arn, "storedBytes": 0}),
    );
    Ok(json!({}))
}

fn delete_log_stream(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (group, stream) = (request.need("logGroupName")?, request.need("logStreamName")?);
    find(tx, group, stream)?;
    tx.remove(STREAM, &key(group, stream));
    log_event::drop_all(tx, &key(group, stream));
    Ok(json!({}))
}

fn describe_log_streams(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let group = log_group::named(request)?;
    log_group::find(tx, group)?;
    let by_time = request.str("orderBy").is_some_and(|order| order == "LastEventTime");
    if by_time && request.str("logStreamNamePrefix").is_some() {
        let message = "Cannot order by LastEventTime with a logStreamNamePrefix.";
        return Err(AwsError::new("InvalidParameterException", message));
    }
    let prefix = key(group, request.str("logStreamNamePrefix").unwrap_or_default());
    let mut streams: Vec<(String, Value)> =
        tx.scan_prefix(STREAM, &prefix).map(|(key, s)| (key.to_owned(), s.clone())).collect();
    if by_time {
        streams.sort_by_key(|(key, s)| (s["lastEventTimestamp"].as_i64(), key.clone()));
    }
    if request.flag("descending").unwrap_or(false) {
        streams.reverse();
    }
    // The page goes on after a place in this order, whatever it is.
    let placed = streams.into_iter().enumerate().map(|(place, (_, stream))| (format!("{place:08}"), stream));
    let (streams, token) = page(request, &PAGING, placed)?;
    Ok(json!({ "logStreams": streams, "nextToken": token }))
}
