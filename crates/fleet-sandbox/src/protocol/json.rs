//! JSON by shape: from the wire's names and types to the model's, and back.

use serde_json::{Map, Value};

use super::reply::{misfit, unreadable};
use crate::error::AwsError;
use crate::model::{Model, Shape, Type};

/// Wire JSON to input. Unknown members are ignored and nulls dropped, as AWS does; a value of
/// another type is refused.
pub fn intake(model: &Model, shape: &Shape, wire: Value, path: &str) -> Result<Value, AwsError> {
    let wrong =
        |expected: &str, found: &Value| unreadable(format!("{path}: expected {expected}, found {}", kind_of(found)));
    Ok(match (shape.kind, wire) {
        (Type::Structure, Value::Object(wire)) => Value::Object(intake_members(model, shape, wire, path)?),
        (Type::List, Value::Array(items)) => {
            let member = entry_shape(model, shape);
            let place = |index: usize| format!("{path}.{}", index + 1);
            let items = items.into_iter().enumerate().filter(|(_, item)| !item.is_null());
            Value::Array(items.map(|(i, item)| intake(model, member, item, &place(i))).collect::<Result<_, _>>()?)
        }
        (Type::Map, Value::Object(entries)) => {
            let value = value_shape(model, shape);
            let taken = entries.into_iter().filter(|(_, entry)| !entry.is_null()).map(|(key, entry)| {
                let entry = intake(model, value, entry, &format!("{path}.{key}"))?;
                Ok((key, entry))
            });
            Value::Object(taken.collect::<Result<_, AwsError>>()?)
        }
        (Type::String | Type::Character | Type::Blob, text @ Value::String(_)) => text,
        (Type::Boolean, flag @ Value::Bool(_)) => flag,
        (Type::Integer | Type::Long, Value::Number(n)) => {
            whole(&n).ok_or_else(|| wrong("an integer", &Value::Number(n)))?
        }
        (Type::Float | Type::Double, Value::Number(n)) => n.as_f64().into(),
        // Smithy writes the values JSON has no number for as text.
        (Type::Float | Type::Double, Value::String(s)) if ["NaN", "Infinity", "-Infinity"].contains(&s.as_str()) => {
            Value::String(s)
        }
        (Type::Timestamp, Value::Number(n)) => milliseconds(n.as_f64().unwrap_or_default()),
        (Type::Timestamp, Value::String(text)) => {
            parse_instant(&text).ok_or_else(|| wrong("a timestamp", &Value::String(text)))?.into()
        }
        (kind, other) => return Err(wrong(name_of(kind), &other)),
    })
}

/// The members of a structure, renamed from the wire.
pub fn intake_members(
    model: &Model,
    shape: &Shape,
    mut wire: Map<String, Value>,
    path: &str,
) -> Result<Map<String, Value>, AwsError> {
    let mut taken = Map::new();
    for (name, member) in shape.members.iter().filter(|(_, member)| member.location.is_none()) {
        let Some(value) = wire.remove(member.wire_name(name)).filter(|value| !value.is_null()) else { continue };
        let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        taken.insert(name.clone(), intake(model, model.shape(&member.shape), value, &place)?);
    }
    Ok(taken)
}

/// Output to wire JSON. A member the model does not know, or of another type, is an error of ours.
pub fn emit(model: &Model, shape: &Shape, value: &Value, path: &str) -> Result<Value, AwsError> {
    Ok(match (shape.kind, value) {
        (Type::Structure, Value::Object(members)) => Value::Object(emit_members(model, shape, members, path)?),
        (Type::List, Value::Array(items)) => {
            let member = entry_shape(model, shape);
            Value::Array(items.iter().map(|item| emit(model, member, item, path)).collect::<Result<_, _>>()?)
        }
        (Type::Map, Value::Object(entries)) => {
            let shape = value_shape(model, shape);
            let written = entries.iter().map(|(key, entry)| Ok((key.clone(), emit(model, shape, entry, path)?)));
            Value::Object(written.collect::<Result<_, AwsError>>()?)
        }
        (Type::Timestamp, Value::Number(n)) => {
            let ms = n.as_i64().ok_or_else(|| misfit(path, "timestamps are whole milliseconds"))?;
            if ms % 1000 == 0 { (ms / 1000).into() } else { (ms as f64 / 1000.0).into() }
        }
        (Type::String | Type::Character | Type::Blob, Value::String(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Integer | Type::Long | Type::Float | Type::Double, Value::Number(_)) => value.clone(),
        (kind, other) => return Err(misfit(path, &format!("expected {}, made {}", name_of(kind), kind_of(other)))),
    })
}

/// The members of a structure that belong in the body, under their wire names; nulls are left out.
pub fn emit_members(
    model: &Model,
    shape: &Shape,
    members: &Map<String, Value>,
    path: &str,
) -> Result<Map<String, Value>, AwsError> {
    let mut written = Map::new();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let member = shape.members.get(name).ok_or_else(|| misfit(&place, "no such member"))?;
        if member.location.is_none() {
            written.insert(member.wire_name(name).to_owned(), emit(model, model.shape(&member.shape), value, &place)?);
        }
    }
    Ok(written)
}

/// The shape of a list's entries.
pub fn entry_shape<'m>(model: &'m Model, list: &'m Shape) -> &'m Shape {
    list.member.as_ref().map_or(list, |member| model.shape(&member.shape))
}

/// The shape of a map's values.
pub fn value_shape<'m>(model: &'m Model, map: &'m Shape) -> &'m Shape {
    map.value.as_ref().map_or(map, |member| model.shape(&member.shape))
}

/// Text from a URI, a query or a form to the shape's type.
pub fn from_text(shape: &Shape, text: &str, path: &str) -> Result<Value, AwsError> {
    let wrong = || unreadable(format!("{path}: '{text}' is not {}", name_of(shape.kind)));
    Ok(match shape.kind {
        Type::Integer | Type::Long => text.parse::<i64>().map_err(|_| wrong())?.into(),
        Type::Float | Type::Double => text.parse::<f64>().map_err(|_| wrong())?.into(),
        Type::Boolean => match text {
            "true" | "True" => true.into(),
            "false" | "False" => false.into(),
            _ => return Err(wrong()),
        },
        Type::Timestamp => match text.parse::<f64>() {
            Ok(seconds) => milliseconds(seconds),
            Err(_) => parse_instant(text).ok_or_else(wrong)?.into(),
        },
        _ => text.into(),
    })
}

/// ISO 8601 to epoch milliseconds.
pub fn parse_instant(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// Epoch milliseconds to ISO 8601, always with milliseconds: `2026-11-21T07:00:00.000Z`.
pub fn instant(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

fn milliseconds(seconds: f64) -> Value {
    // Saturating float-to-int casts make absurd times absurd, not undefined.
    ((seconds * 1000.0).round() as i64).into()
}

fn whole(number: &serde_json::Number) -> Option<Value> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone().into());
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < 9e15).then_some((float as i64).into())
}

fn name_of(kind: Type) -> &'static str {
    match kind {
        Type::String | Type::Character => "a string",
        Type::Integer | Type::Long => "an integer",
        Type::Float | Type::Double => "a number",
        Type::Boolean => "a boolean",
        Type::Blob => "base64 text",
        Type::Timestamp => "a timestamp",
        Type::Structure => "a structure",
        Type::List => "a list",
        Type::Map => "a map",
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
