//! Reading members of JSON records with errors that name them.

use std::net::IpAddr;

use serde_json::{Map, Value as Json};

use super::tally::BadLine;
use super::time::believable;

pub(super) type Object = Map<String, Json>;

/// A line as an object.
pub(super) fn object(line: &[u8]) -> Result<Object, BadLine> {
    match serde_json::from_slice(line) {
        Ok(Json::Object(object)) => Ok(object),
        Ok(_) => Err(BadLine::new("not an object", "expected a JSON object")),
        Err(error) => Err(BadLine::new("not JSON", error.to_string())),
    }
}

pub(super) fn text<'a>(object: &'a Object, member: &'static str) -> Result<&'a str, BadLine> {
    optional_text(object, member)?.ok_or_else(|| missing(member))
}

pub(super) fn optional_text<'a>(object: &'a Object, member: &'static str) -> Result<Option<&'a str>, BadLine> {
    match object.get(member) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong(member, "a text", other)),
    }
}

/// A name of a device: not empty.
pub(super) fn name<'a>(object: &'a Object, member: &'static str) -> Result<&'a str, BadLine> {
    let text = text(object, member)?;
    if text.is_empty() { Err(BadLine::new("empty name", format!("`{member}` is empty"))) } else { Ok(text) }
}

/// Milliseconds since the Unix epoch in the believed range.
pub(super) fn millis(object: &Object, member: &'static str) -> Result<i64, BadLine> {
    let value = object.get(member).ok_or_else(|| missing(member))?;
    let number = value.as_i64().ok_or_else(|| wrong(member, "a whole number of milliseconds", value))?;
    checked_time(number)
}

pub(super) fn checked_time(millis: i64) -> Result<i64, BadLine> {
    let detail = || format!("{millis} is not a time in milliseconds between the years 2000 and 2100");
    believable(millis).ok_or_else(|| BadLine::new("time out of range", detail()))
}

pub(super) fn optional_address(object: &Object, member: &'static str) -> Result<Option<IpAddr>, BadLine> {
    let Some(text) = optional_text(object, member)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let bad = || BadLine::new("bad address", format!("`{member}` is `{text}`, which is not an IP address"));
    text.parse().map(Some).map_err(|_| bad())
}

pub(super) fn missing(member: &'static str) -> BadLine {
    BadLine::new("missing member", format!("`{member}` is missing"))
}

pub(super) fn wrong(member: &str, expected: &str, found: &Json) -> BadLine {
    let mut shown = found.to_string();
    if let Some((end, _)) = shown.char_indices().nth(60) {
        shown.truncate(end);
        shown.push('…');
    }
    BadLine::new("wrong type", format!("`{member}` is {shown}, not {expected}"))
}
