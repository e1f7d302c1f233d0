//! awsQuery: form fields in, XML out.
//! Source: the Smithy specification, "AWS query protocol".

use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::json;
use super::reply::{Reply, misfit};
use super::wire_error::WireError;
use crate::error::AwsError;
use crate::model::{Model, Operation, Shape, Type};

/// A form's fields in order.
pub type Form = Vec<(String, String)>;

/// Decodes a form.
pub fn form(body: &[u8]) -> Form {
    form_urlencoded::parse(body).into_owned().collect()
}

/// The input in a form.
pub fn read(model: &Model, operation: &Operation, form: &Form) -> Result<Map<String, Value>, AwsError> {
    let Some(shape) = &operation.input else { return Ok(Map::new()) };
    match read_shape(model, model.shape(shape), form, "")? {
        Some(Value::Object(input)) => Ok(input),
        _ => Ok(Map::new()),
    }
}

fn read_shape(model: &Model, shape: &Shape, form: &Form, path: &str) -> Result<Option<Value>, AwsError> {
    let join = |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
    let exact = || form.iter().find(|(name, _)| name == path).map(|(_, value)| value);
    match shape.kind {
        Type::Structure => {
            let mut members = Map::new();
            for (name, member) in &shape.members {
                let place = join(member.wire_name(name));
                if let Some(value) = read_shape(model, model.shape(&member.shape), form, &place)? {
                    members.insert(name.clone(), value);
                }
            }
            let present = !members.is_empty() || path.is_empty() || exact().is_some();
            Ok(present.then_some(Value::Object(members)))
        }
        Type::List => {
            let entry = json::entry_shape(model, shape);
            let tag = shape.member.as_ref().map_or("member", |member| member.wire_name("member"));
            let mut items = Vec::new();
            for place in numbered(form, &join(tag)) {
                items.extend(read_shape(model, entry, form, &place)?);
            }
            // An empty list is the bare name with an empty value.
            Ok((!items.is_empty() || exact().is_some()).then_some(Value::Array(items)))
        }
        Type::Map => {
            let value = json::value_shape(model, shape);
            let key_name = shape.key.as_ref().map_or("key", |member| member.wire_name("key"));
            let value_name = shape.value.as_ref().map_or("value", |member| member.wire_name("value"));
            let mut entries = Map::new();
            for place in numbered(form, &join("entry")) {
                let key = form.iter().find(|(name, _)| *name == format!("{place}.{key_name}"));
                if let (Some((_, key)), Some(value)) =
                    (key, read_shape(model, value, form, &format!("{place}.{value_name}"))?)
                {
                    entries.insert(key.clone(), value);
                }
            }
            Ok((!entries.is_empty() || exact().is_some()).then_some(Value::Object(entries)))
        }
        _ => exact().map(|text| json::from_text(shape, text, path)).transpose(),
    }
}

/// The distinct `path.N` prefixes in the form, by N.
fn numbered(form: &Form, path: &str) -> Vec<String> {
    let numbers = form.iter().filter_map(|(name, _)| {
        let rest = name.strip_prefix(path)?.strip_prefix('.')?;
        rest.split('.').next()?.parse::<u32>().ok()
    });
    let numbers: std::collections::BTreeSet<u32> = numbers.collect();
    numbers.into_iter().map(|number| format!("{path}.{number}")).collect()
}

/// The answer for a result.
pub fn answer(
    model: &Model,
    (name, operation): (&str, &Operation),
    output: &Value,
    id: &str,
) -> Result<Reply, AwsError> {
    let mut result = String::new();
    if let Some(shape) = &operation.output {
        write(model, model.shape(shape), output, "", &mut result)?;
    }
    let wrapped = match &operation.result_wrapper {
        Some(wrapper) => format!("<{wrapper}>{result}</{wrapper}>"),
        None => result,
    };
    let namespace = model.xml_namespace.as_deref().unwrap_or_default();
    let body = format!(
        "<{name}Response xmlns=\"{namespace}\">{wrapped}<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{name}Response>"
    );
    Ok(Reply::new(200, "text/xml", body.into_bytes()))
}

fn write(model: &Model, shape: &Shape, value: &Value, path: &str, out: &mut String) -> Result<(), AwsError> {
    match (shape.kind, value) {
        (Type::Structure, Value::Object(members)) => {
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                let place = format!("{path}.{name}");
                let member = shape.members.get(name).ok_or_else(|| misfit(&place, "no such member"))?;
                element(model, member.wire_name(name), model.shape(&member.shape), value, &place, out)?;
            }
        }
        (Type::List, Value::Array(items)) => {
            let tag = shape.member.as_ref().map_or("member", |member| member.wire_name("member"));
            for item in items {
                element(model, tag, json::entry_shape(model, shape), item, path, out)?;
            }
        }
        (Type::Map, Value::Object(entries)) => {
            let key_name = shape.key.as_ref().map_or("key", |member| member.wire_name("key"));
            let value_name = shape.value.as_ref().map_or("value", |member| member.wire_name("value"));
            for (key, value) in entries {
                out.push_str(&format!("<entry><{key_name}>{}</{key_name}>", escape(key.as_str())));
                element(model, value_name, json::value_shape(model, shape), value, path, out)?;
                out.push_str("</entry>");
            }
        }
        (Type::Timestamp, Value::Number(ms)) => out.push_str(&json::instant(ms.as_i64().unwrap_or_default())),
        (_, Value::String(text)) => out.push_str(&escape(text.as_str())),
        (_, Value::Number(_) | Value::Bool(_)) => out.push_str(&value.to_string()),
        _ => return Err(misfit(path, "a value of another type")),
    }
    Ok(())
}

fn element(
    model: &Model,
    tag: &str,
    shape: &Shape,
    value: &Value,
    path: &str,
    out: &mut String,
) -> Result<(), AwsError> {
    out.push_str(&format!("<{tag}>"));
    write(model, shape, value, path, out)?;
    out.push_str(&format!("</{tag}>"));
    Ok(())
}

/// The answer for an error.
pub fn refuse(model: Option<&Model>, error: &WireError<'_>, id: &str) -> Reply {
    let namespace = model.and_then(|model| model.xml_namespace.as_deref()).unwrap_or_default();
    let body = format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>",
        error.fault(),
        escape(error.code),
        escape(error.message)
    );
    Reply::new(error.status, "text/xml", body.into_bytes())
}
