//! Values and their differences in few words.

use serde_json::Value;

/// Longer texts, such as certificates, are cut.
const LONG: usize = 1000;

/// A value on one line. Empty maps and lists show as such.
pub fn inline(value: &Value) -> String {
    let text = match value {
        Value::Null => "none".into(),
        Value::String(text) if plain(text) => text.clone(),
        Value::String(text) => Value::String(text.clone()).to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let fields: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", inline(value))).collect();
            if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) }
        }
        other => other.to_string(),
    };
    match text.chars().count() > LONG {
        true => text.chars().take(LONG).chain("…".chars()).collect(),
        false => text,
    }
}

/// Whether a text reads the same without quotes.
fn plain(text: &str) -> bool {
    !text.is_empty() && !text.starts_with([' ', '[', '{']) && !text.ends_with(' ') && !text.contains(['\n', '\t', '"'])
}

/// Whether a value says nothing: a default that a plan need not print.
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

/// A JSON pointer as people write paths: `document.Statement[0].Action`.
pub fn path(pointer: &str) -> String {
    let mut text = String::new();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        match token.parse::<usize>() {
            Ok(index) => text.push_str(&format!("[{index}]")),
            Err(_) if text.is_empty() => text.push_str(&token),
            Err(_) => text.push_str(&format!(".{token}")),
        }
    }
    text
}

/// What a list loses and gains, as items on one line each.
pub fn list_difference(live: &[Value], desired: &[Value]) -> (Vec<String>, Vec<String>) {
    let gone = live.iter().filter(|item| !desired.contains(item)).map(inline).collect();
    let new = desired.iter().filter(|item| !live.contains(item)).map(inline).collect();
    (gone, new)
}
