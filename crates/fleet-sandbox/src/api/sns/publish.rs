//! Publishing. Source: API:Publish.
//!
//! Nothing leaves the machine: each delivery is an entry of the collection `sns.outbox`, key: its
//! number. Filter policies are kept and not applied, so the outbox shows every subscriber.

use serde_json::{Value, json};

use super::attribute::invalid;
use super::{subscription, topic};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("Publish", publish)];

const OUTBOX: &str = "sns.outbox";

/// Bytes of a message (API:Publish).
const MOST_BYTES: usize = 256 * 1024;

/// Puts an entry into the outbox, after all others.
pub fn post(tx: &mut Tx<'_>, entry: Value) {
    let last = tx.scan(OUTBOX).last().and_then(|(key, _)| key.parse::<u64>().ok());
    tx.put(OUTBOX, &format!("{:012}", last.unwrap_or(0) + 1), entry);
}

fn publish(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let message = request.need("Message")?;
    if message.is_empty() {
        return Err(invalid("Empty message"));
    }
    if message.len() > MOST_BYTES {
        return Err(invalid("Message too long"));
    }
    let structured = request.str("MessageStructure").is_some_and(|structure| structure == "json");
    if structured && !serde_json::from_str::<Value>(message).is_ok_and(|message| message["default"].is_string()) {
        return Err(invalid("Message Structure - No default entry in JSON message body"));
    }
    let arn = request.str("TopicArn").or_else(|| request.str("TargetArn"));
    let arn = arn.ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    let (name, _) = topic::find(tx, request, arn)?;
    let id = tx.uuid();
    let prefix = format!("{name}/");
    let confirmed = tx.scan_prefix(subscription::SUBSCRIPTION, &prefix).filter(|(_, s)| !subscription::pending(s));
    let entries: Vec<Value> = confirmed.map(|(_, s)| json!({
        "kind": "message", "protocol": s["Protocol"], "endpoint": s["Endpoint"], "topicArn": arn, "messageId": id,
        "subject": request.str("Subject"), "message": message, "atMs": request.now_ms,
    })).collect();
    for entry in entries {
        post(tx, entry);
    }
    Ok(json!({ "MessageId": id }))
}
