//! restJson1: the operation in method and path, members in path, query, headers and body.
//! Source: the Smithy specification, "AWS restJson1 protocol" and "HTTP protocol bindings".

use hyper::HeaderMap;
use serde_json::{Map, Value};

use super::json;
use super::reply::{Reply, misfit, unreadable};
use super::wire_error::WireError;
use crate::error::AwsError;
use crate::model::{Model, Operation, Shape, Type};

/// The parts of an HTTP request that carry input.
pub struct Parts<'a> {
    /// Values of the labels in the URI template.
    pub labels: &'a [(String, String)],
    /// Query string, undecoded.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
}

/// The input of a request.
pub fn read(model: &Model, operation: &Operation, parts: &Parts<'_>) -> Result<Map<String, Value>, AwsError> {
    let Some(name) = &operation.input else { return Ok(Map::new()) };
    let shape = model.shape(name);
    let mut input = Map::new();
    for (name, member) in &shape.members {
        let (target, wire) = (model.shape(&member.shape), member.wire_name(name));
        let value = match member.location.as_deref() {
            Some("uri") => {
                parts.labels.iter().find(|(label, _)| label == wire).map(|(_, v)| json::from_text(target, v, name))
            }
            Some("querystring") => from_query(model, target, parts.query, wire, name),
            Some("header") => {
                let text = parts.headers.get(wire).and_then(|value| value.to_str().ok());
                text.map(|text| json::from_text(target, text, name))
            }
            _ => None,
        };
        if let Some(value) = value {
            input.insert(name.clone(), value?);
        }
    }
    input.extend(read_body(model, shape, parts.body)?);
    Ok(input)
}

fn from_query(model: &Model, target: &Shape, query: &str, wire: &str, name: &str) -> Option<Result<Value, AwsError>> {
    let mut values =
        form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == wire).map(|(_, value)| value).peekable();
    values.peek()?;
    if target.kind == Type::List {
        let entry = json::entry_shape(model, target);
        let entries: Result<Vec<Value>, AwsError> = values.map(|value| json::from_text(entry, &value, name)).collect();
        return Some(entries.map(Value::Array));
    }
    values.next().map(|value| json::from_text(target, &value, name))
}

fn read_body(model: &Model, shape: &Shape, body: &[u8]) -> Result<Map<String, Value>, AwsError> {
    use base64::Engine as _;
    let payload = shape.payload.as_ref().and_then(|name| shape.members.get(name).map(|member| (name, member)));
    let blob = payload.is_some_and(|(_, member)| model.shape(&member.shape).kind == Type::Blob);
    if body.is_empty() {
        return Ok(Map::new());
    }
    let wire = if blob {
        base64::engine::general_purpose::STANDARD.encode(body).into()
    } else {
        serde_json::from_slice(body).map_err(|error| unreadable(format!("the body is not JSON: {error}")))?
    };
    match (payload, wire) {
        (Some((name, member)), wire) => {
            let value = json::intake(model, model.shape(&member.shape), wire, name)?;
            Ok(Map::from_iter([(name.clone(), value)]))
        }
        (None, Value::Object(wire)) => json::intake_members(model, shape, wire, ""),
        (None, _) => Err(unreadable("the body is not a JSON object")),
    }
}

/// The answer for a result.
pub fn answer(model: &Model, operation: &Operation, output: &Value) -> Result<Reply, AwsError> {
    use base64::Engine as _;
    let status = operation.http.response_code.unwrap_or(200);
    let Some(name) = &operation.output else { return Ok(Reply::new(status, "application/json", Vec::new())) };
    let shape = model.shape(name);
    let members = output.as_object().ok_or_else(|| misfit(name, "not an object"))?;
    let mut body = json::emit_members(model, shape, members, "")?;
    let bytes = match &shape.payload {
        Some(payload) => match body.remove(payload) {
            Some(Value::String(blob)) => base64::engine::general_purpose::STANDARD.decode(blob).unwrap_or_default(),
            Some(other) => other.to_string().into_bytes(),
            None => Vec::new(),
        },
        None => Value::Object(body).to_string().into_bytes(),
    };
    let mut reply = Reply::new(status, "application/json", bytes);
    for (name, member) in &shape.members {
        let Some(value) = members.get(name) else { continue };
        match member.location.as_deref() {
            Some("header") => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                reply = reply.header(&member.wire_name(name).to_lowercase(), &text);
            }
            Some("statusCode") => {
                reply.status = value.as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or(status);
            }
            _ => {}
        }
    }
    if reply.status == 204 {
        reply.body.clear();
    }
    Ok(reply)
}

/// The answer for an error.
pub fn refuse(error: &WireError<'_>) -> Reply {
    Reply::new(error.status, "application/json", Value::Object(error.members()).to_string().into_bytes())
        .header("x-amzn-errortype", error.shape)
}
