//! Tags of all taggable objects, kept in one place so that the tagging API finds them.
//!
//! The collection `tags` of a region (or of [`crate::store::GLOBAL`]) maps an ARN to the history
//! `[{"tags": {KEY: VALUE}, "sinceMs": ms, "gone": bool, "tagged": bool}]`, oldest first. The last
//! entry is the truth; earlier ones are what the tagging API's lagging index still shows. `tagged`
//! says whether the object has ever had tags, since the index keeps those it once had seen.

use serde_json::{Map, Value, json};

use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

const TAGS: &str = "tags";

/// The most tags an object can have (50 on every service used here).
const MOST: usize = 50;

/// How a service words its refusals of tags.
pub struct Codes {
    /// More than 50 tags.
    pub too_many: &'static str,
    /// A key of AWS's own or a duplicate.
    pub invalid: &'static str,
}

/// Tags of a list `[{Key, Value}]` or of a map `{key: value}`.
///
/// # Errors
/// `invalid` for a repeated key or one that starts with `aws:`.
pub fn read(value: Option<&Value>, codes: &Codes) -> Result<Map<String, Value>, AwsError> {
    let mut tags = Map::new();
    let pairs: Vec<(&str, &str)> = match value {
        Some(Value::Array(items)) => items.iter().map(|item| (text(&item["Key"]), text(&item["Value"]))).collect(),
        Some(Value::Object(entries)) => entries.iter().map(|(key, value)| (key.as_str(), text(value))).collect(),
        _ => Vec::new(),
    };
    for (key, value) in pairs {
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(AwsError::new(codes.invalid, "aws: prefixed tag key names are not allowed for external use."));
        }
        if tags.insert(key.to_owned(), value.into()).is_some() {
            return Err(AwsError::new(codes.invalid, format!("Duplicate tag key: {key}")));
        }
    }
    Ok(tags)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Marks an object as there, with exactly these tags. To be called for every taggable object made,
/// also without tags.
pub fn create(
    tx: &mut Tx<'_>,
    request: &Request,
    arn: &str,
    tags: Map<String, Value>,
    codes: &Codes,
) -> Result<(), AwsError> {
    if tags.len() > MOST {
        let message = format!("The number of tags would exceed the limit of {MOST} on {arn}.");
        return Err(AwsError::new(codes.too_many, message));
    }
    push(tx, request, arn, tags, false);
    Ok(())
}

/// Adds tags to an object, replacing values of the same keys.
pub fn add(
    tx: &mut Tx<'_>,
    request: &Request,
    arn: &str,
    tags: Map<String, Value>,
    codes: &Codes,
) -> Result<(), AwsError> {
    let mut all = of(tx, arn);
    all.extend(tags);
    create(tx, request, arn, all, codes)
}

/// Removes tags by key; absent keys are no error.
pub fn remove<'k>(tx: &mut Tx<'_>, request: &Request, arn: &str, keys: impl Iterator<Item = &'k str>) {
    let mut all = of(tx, arn);
    for key in keys {
        all.shift_remove(key);
    }
    push(tx, request, arn, all, false);
}

/// A whole TagResource: adds the tags in the input member `name`.
pub fn add_given(tx: &mut Tx<'_>, request: &Request, arn: &str, name: &str, codes: &Codes) -> Result<Value, AwsError> {
    let tags = read(request.get(name), codes)?;
    add(tx, request, arn, tags, codes)?;
    Ok(json!({}))
}

/// A whole UntagResource: removes the keys in the input member `name`.
pub fn remove_given(tx: &mut Tx<'_>, request: &Request, arn: &str, name: &str) -> Result<Value, AwsError> {
    remove(tx, request, arn, request.list(name).iter().filter_map(Value::as_str));
    Ok(json!({}))
}

/// Marks an object as deleted.
pub fn delete(tx: &mut Tx<'_>, request: &Request, arn: &str) {
    push(tx, request, arn, of(tx, arn), true);
    if lag_ms(request) == 0 {
        tx.remove(TAGS, arn);
    }
}

/// The tags of an object; empty if it has none.
pub fn of(tx: &Tx<'_>, arn: &str) -> Map<String, Value> {
    let last = tx.get(TAGS, arn).and_then(|history| history.as_array()?.last()).filter(|entry| entry["gone"] == false);
    last.and_then(|entry| entry["tags"].as_object().cloned()).unwrap_or_default()
}

/// The tags of an object as `[{Key, Value}]`, sorted by key.
pub fn list(tx: &Tx<'_>, arn: &str) -> Vec<Value> {
    pairs(of(tx, arn))
}

/// Tags as `[{Key, Value}]`, sorted by key.
pub fn pairs(tags: Map<String, Value>) -> Vec<Value> {
    let mut tags: Vec<(String, Value)> = tags.into_iter().collect();
    tags.sort_by(|a, b| a.0.cmp(&b.0));
    tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// Whether an object of that ARN is there.
pub fn exists(tx: &Tx<'_>, arn: &str) -> bool {
    tx.get(TAGS, arn).and_then(|history| history.as_array()?.last()).is_some_and(|entry| entry["gone"] == false)
}

/// What the lagging index shows: ARNs in byte order with the tags they had `tag_index_lag` ago, of
/// objects that have or had tags.
pub fn index(tx: &Tx<'_>, request: &Request) -> Vec<(String, Map<String, Value>)> {
    let seen_ms = request.now_ms.saturating_sub(lag_ms(request));
    let entry = |history: &Value| {
        let seen = |entry: &&Value| entry["sinceMs"].as_i64().is_some_and(|since| since <= seen_ms);
        history.as_array()?.iter().rev().find(seen).cloned()
    };
    let shown = tx.scan(TAGS).filter_map(|(arn, history)| {
        let entry = entry(history).filter(|entry| entry["gone"] == false && entry["tagged"] == true)?;
        Some((arn.to_owned(), entry["tags"].as_object().cloned().unwrap_or_default()))
    });
    shown.collect()
}

fn lag_ms(request: &Request) -> i64 {
    i64::try_from(request.realism.tag_index_lag.as_millis()).unwrap_or(i64::MAX)
}

/// Adds an entry to the history and drops those the index will not show again.
fn push(tx: &mut Tx<'_>, request: &Request, arn: &str, tags: Map<String, Value>, gone: bool) {
    let mut history = tx.get(TAGS, arn).and_then(Value::as_array).cloned().unwrap_or_default();
    let tagged = !tags.is_empty() || history.last().is_some_and(|last| last["gone"] == false && last["tagged"] == true);
    history.push(json!({"tags": tags, "sinceMs": request.now_ms, "gone": gone, "tagged": tagged}));
    let seen_ms = request.now_ms.saturating_sub(lag_ms(request));
    let shown = history.iter().rposition(|entry| entry["sinceMs"].as_i64().is_some_and(|since| since <= seen_ms));
    history.drain(..shown.unwrap_or(0));
    tx.put(TAGS, arn, history.into());
}
