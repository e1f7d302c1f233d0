//! Constraints of the models: required, length, range, pattern, enum.
//!
//! All violations are collected and worded as the services' shared front end words them
//! ("2 validation errors detected: …"); which code goes with it differs by service.

use serde_json::{Map, Value};

use crate::model::{Model, Shape, Type};

/// At most this much of a refused value is repeated in a message.
const SHOWN_CHARACTERS: usize = 256;

/// The message for all constraints the input breaks; `None` if it breaks none.
pub fn check(model: &Model, shape: &Shape, input: &Map<String, Value>) -> Option<String> {
    let mut found = Vec::new();
    structure(model, shape, input, "", &mut found);
    let plural = if found.len() == 1 { "error" } else { "errors" };
    (!found.is_empty()).then(|| format!("{} validation {plural} detected: {}", found.len(), found.join("; ")))
}

fn structure(model: &Model, shape: &Shape, members: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    for name in shape.required.iter().filter(|name| !members.contains_key(*name)) {
        let place = join(path, name);
        found.push(format!("Value null at '{place}' failed to satisfy constraint: Member must not be null"));
    }
    for (name, value) in members {
        if let Some(member) = shape.members.get(name) {
            any(model, model.shape(&member.shape), value, &join(path, name), found);
        }
    }
}

fn any(model: &Model, shape: &Shape, value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) if shape.kind == Type::Structure => structure(model, shape, members, path, found),
        Value::Object(entries) => {
            size(shape, entries.len(), value, path, found);
            for (key, entry) in entries {
                if let Some(member) = &shape.key {
                    text(model.shape(&member.shape), key, &format!("{path}.key"), found);
                }
                if let Some(member) = &shape.value {
                    any(model, model.shape(&member.shape), entry, &format!("{path}.{key}.member"), found);
                }
            }
        }
        Value::Array(items) => {
            size(shape, items.len(), value, path, found);
            for (index, item) in items.iter().enumerate() {
                if let Some(member) = &shape.member {
                    any(model, model.shape(&member.shape), item, &format!("{path}.{}.member", index + 1), found);
                }
            }
        }
        Value::String(value) if shape.kind == Type::String => text(shape, value, path, found),
        Value::Number(number) if shape.kind != Type::Timestamp => {
            let number = number.as_f64().unwrap_or_default();
            if shape.min.is_some_and(|min| number < min) {
                refuse(
                    found,
                    value,
                    path,
                    &format!("have value greater than or equal to {}", shape.min.unwrap_or_default()),
                );
            }
            if shape.max.is_some_and(|max| number > max) {
                refuse(
                    found,
                    value,
                    path,
                    &format!("have value less than or equal to {}", shape.max.unwrap_or_default()),
                );
            }
        }
        _ => {}
    }
}

fn text(shape: &Shape, value: &str, path: &str, found: &mut Vec<String>) {
    let shown = Value::from(value);
    size(shape, value.chars().count(), &shown, path, found);
    if !shape.matches(value) {
        let pattern = shape.pattern.as_deref().unwrap_or_default();
        refuse(found, &shown, path, &format!("satisfy regular expression pattern: {pattern}"));
    }
    if let Some(choices) = shape.choices.as_ref().filter(|choices| !choices.iter().any(|choice| choice == value)) {
        refuse(found, &shown, path, &format!("satisfy enum value set: [{}]", choices.join(", ")));
    }
}

fn size(shape: &Shape, length: usize, value: &Value, path: &str, found: &mut Vec<String>) {
    let length = length as f64;
    if let Some(min) = shape.min.filter(|min| length < *min) {
        refuse(found, value, path, &format!("have length greater than or equal to {min}"));
    }
    if let Some(max) = shape.max.filter(|max| length > *max) {
        refuse(found, value, path, &format!("have length less than or equal to {max}"));
    }
}

fn refuse(found: &mut Vec<String>, value: &Value, path: &str, constraint: &str) {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let shown: String = text.chars().take(SHOWN_CHARACTERS).collect();
    found.push(format!("Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"));
}

/// Paths are written with a small first letter, whatever the model does.
fn join(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let small: String = letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect();
    if path.is_empty() { small } else { format!("{path}.{small}") }
}
