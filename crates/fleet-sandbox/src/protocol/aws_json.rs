//! awsJson1.0 and 1.1: the operation in `X-Amz-Target`, input and output as JSON bodies.
//! Source: the Smithy specification, "AWS JSON protocols".

use serde_json::{Map, Value};

use super::json;
use super::reply::{Reply, unreadable};
use super::wire_error::WireError;
use crate::error::AwsError;
use crate::model::{Model, Operation};

/// The input in the body.
pub fn read(model: &Model, operation: &Operation, body: &[u8]) -> Result<Map<String, Value>, AwsError> {
    let Some(shape) = &operation.input else { return Ok(Map::new()) };
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(wire)) => json::intake_members(model, model.shape(shape), wire, ""),
        Ok(_) => Err(unreadable("the body is not a JSON object")),
        Err(error) => Err(unreadable(format!("the body is not JSON: {error}"))),
    }
}

/// The answer for a result.
pub fn answer(model: &Model, operation: &Operation, output: &Value) -> Result<Reply, AwsError> {
    let body = match &operation.output {
        Some(shape) => serde_json::to_vec(&json::emit(model, model.shape(shape), output, "")?).unwrap_or_default(),
        // Operations without an output answer with no body in awsJson1.1.
        None => Vec::new(),
    };
    Ok(Reply::new(200, &content_type(Some(model)), body))
}

/// The answer for an error.
pub fn refuse(model: Option<&Model>, error: &WireError<'_>) -> Reply {
    let mut body = error.members();
    body.insert("__type".to_owned(), error.shape.into());
    let reply = Reply::new(error.status, &content_type(model), Value::Object(body).to_string().into_bytes());
    match error.query_header() {
        Some(code) => reply.header("x-amzn-query-error", &code),
        None => reply,
    }
}

fn content_type(model: Option<&Model>) -> String {
    let version = model.and_then(|model| model.json_version.as_deref()).unwrap_or("1.1");
    format!("application/x-amz-json-{version}")
}
