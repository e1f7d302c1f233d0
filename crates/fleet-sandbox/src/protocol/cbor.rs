//! Smithy RPC v2 CBOR: the operation in the path, input and output as CBOR bodies.
//! Source: the Smithy specification, "Smithy RPC v2 CBOR protocol".

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use super::json;
use super::reply::{Reply, misfit, unreadable};
use super::wire_error::WireError;
use crate::error::AwsError;
use crate::model::{Model, Operation, Shape, Type};

/// Tag of epoch seconds (RFC 8949, section 3.4.2).
const EPOCH: u64 = 1;

/// The input in the body.
pub fn read(model: &Model, operation: &Operation, body: &[u8]) -> Result<Map<String, Value>, AwsError> {
    let Some(shape) = &operation.input else { return Ok(Map::new()) };
    if body.is_empty() {
        return Ok(Map::new());
    }
    let wire: Cbor =
        ciborium::from_reader(body).map_err(|error| unreadable(format!("the body is not CBOR: {error}")))?;
    match to_json(wire)? {
        Value::Object(wire) => json::intake_members(model, model.shape(shape), wire, ""),
        _ => Err(unreadable("the body is not a CBOR map")),
    }
}

fn to_json(value: Cbor) -> Result<Value, AwsError> {
    use base64::Engine as _;
    Ok(match value {
        Cbor::Integer(n) => i64::try_from(n).map_err(|_| unreadable("an integer beyond 64 bits"))?.into(),
        Cbor::Float(n) => match Number::from_f64(n) {
            Some(number) => Value::Number(number),
            None if n.is_nan() => "NaN".into(),
            None => if n > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        },
        Cbor::Text(text) => text.into(),
        Cbor::Bytes(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
        Cbor::Bool(flag) => flag.into(),
        Cbor::Null => Value::Null,
        Cbor::Tag(EPOCH, seconds) => to_json(*seconds)?,
        Cbor::Array(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        Cbor::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| match key {
                Cbor::Text(key) => Ok((key, to_json(value)?)),
                _ => Err(unreadable("a map key that is not text")),
            });
            Value::Object(entries.collect::<Result<_, _>>()?)
        }
        _ => return Err(unreadable("a CBOR value of no Smithy type")),
    })
}

/// The answer for a result.
pub fn answer(model: &Model, operation: &Operation, output: &Value) -> Result<Reply, AwsError> {
    let body = match &operation.output {
        Some(shape) => write(&emit(model, model.shape(shape), output, "")?),
        None => Vec::new(),
    };
    Ok(Reply::new(200, "application/cbor", body).header("smithy-protocol", "rpc-v2-cbor"))
}

fn emit(model: &Model, shape: &Shape, value: &Value, path: &str) -> Result<Cbor, AwsError> {
    use base64::Engine as _;
    let wrong = || misfit(path, "a value of another type");
    Ok(match (shape.kind, value) {
        (Type::Structure, Value::Object(members)) => {
            let mut written = Vec::new();
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                let place = format!("{path}.{name}");
                let member = shape.members.get(name).ok_or_else(|| misfit(&place, "no such member"))?;
                written.push((Cbor::Text(name.clone()), emit(model, model.shape(&member.shape), value, &place)?));
            }
            Cbor::Map(written)
        }
        (Type::List, Value::Array(items)) => {
            let entry = json::entry_shape(model, shape);
            Cbor::Array(items.iter().map(|item| emit(model, entry, item, path)).collect::<Result<_, _>>()?)
        }
        (Type::Map, Value::Object(entries)) => {
            let shape = json::value_shape(model, shape);
            let written =
                entries.iter().map(|(key, value)| Ok((Cbor::Text(key.clone()), emit(model, shape, value, path)?)));
            Cbor::Map(written.collect::<Result<_, AwsError>>()?)
        }
        (Type::Timestamp, Value::Number(ms)) => {
            let ms = ms.as_i64().ok_or_else(wrong)?;
            let seconds =
                if ms % 1000 == 0 { Cbor::Integer((ms / 1000).into()) } else { Cbor::Float(ms as f64 / 1000.0) };
            Cbor::Tag(EPOCH, Box::new(seconds))
        }
        (Type::Integer | Type::Long, Value::Number(n)) => Cbor::Integer(n.as_i64().ok_or_else(wrong)?.into()),
        (Type::Float | Type::Double, Value::Number(n)) => Cbor::Float(n.as_f64().ok_or_else(wrong)?),
        (Type::Float | Type::Double, Value::String(text)) => Cbor::Float(text.parse().map_err(|_| wrong())?),
        (Type::Blob, Value::String(text)) => {
            Cbor::Bytes(base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| wrong())?)
        }
        (Type::String | Type::Character, Value::String(text)) => Cbor::Text(text.clone()),
        (Type::Boolean, Value::Bool(flag)) => Cbor::Bool(*flag),
        _ => return Err(wrong()),
    })
}

fn write(value: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory does not fail; an empty body would be refused by every client.
    ciborium::into_writer(value, &mut bytes).unwrap_or_default();
    bytes
}

/// The answer for an error. Clients read the name after the `#`.
pub fn refuse(error: &WireError<'_>) -> Reply {
    let mut members = error.members();
    members.insert("__type".to_owned(), format!("com.amazonaws#{}", error.shape).into());
    let body = write(&plain(&Value::Object(members)));
    let reply = Reply::new(error.status, "application/cbor", body).header("smithy-protocol", "rpc-v2-cbor");
    match error.query_header() {
        Some(code) => reply.header("x-amzn-query-error", &code),
        None => reply,
    }
}

/// JSON as CBOR without a shape: members of exceptions are texts, lists and structures of texts.
fn plain(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => Cbor::Array(items.iter().map(plain).collect()),
        Value::Object(members) => {
            Cbor::Map(members.iter().map(|(name, value)| (Cbor::Text(name.clone()), plain(value))).collect())
        }
    }
}
