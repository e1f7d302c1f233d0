//! Tags of all taggable objects, kept in one place so that the tagging API finds them.
//!
//! The collection `tags` of a region (or of [`crate::store::GLOBAL`]) maps an ARN to
//! `{"tags": {KEY: VALUE}, "since": ms, "gone": ms or null}`. `since` is the last change and `gone`
//! the deletion, which the tagging API's lag needs.

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

/// Marks an object as there, with these tags. To be called for every taggable object made, also
/// without tags.
pub fn create(
    tx: &mut Tx<'_>,
    request: &Request,
    arn: &str,
    tags: Map<String, Value>,
    codes: &Codes,
) -> Result<(), AwsError> {
    put(tx, request, arn, tags, codes)
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
    put(tx, request, arn, all, codes)
}

/// Removes tags by key; absent keys are no error.
pub fn remove<'k>(tx: &mut Tx<'_>, request: &Request, arn: &str, keys: impl Iterator<Item = &'k str>) {
    let mut all = of(tx, arn);
    for key in keys {
        all.shift_remove(key);
    }
    store(tx, request, arn, all, Value::Null);
}

/// Marks an object as deleted.
pub fn delete(tx: &mut Tx<'_>, request: &Request, arn: &str) {
    let tags = of(tx, arn);
    store(tx, request, arn, tags, request.now_ms.into());
}

/// The tags of an object; empty if it has none.
pub fn of(tx: &Tx<'_>, arn: &str) -> Map<String, Value> {
    let record = tx.get(TAGS, arn).filter(|record| record["gone"].is_null());
    record.and_then(|record| record["tags"].as_object().cloned()).unwrap_or_default()
}

/// The tags of an object as `[{Key, Value}]`, sorted by key.
pub fn list(tx: &Tx<'_>, arn: &str) -> Vec<Value> {
    let mut tags: Vec<(String, Value)> = of(tx, arn).into_iter().collect();
    tags.sort_by(|a, b| a.0.cmp(&b.0));
    tags.into_iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

fn put(tx: &mut Tx<'_>, request: &Request, arn: &str, tags: Map<String, Value>, codes: &Codes) -> Result<(), AwsError> {
    if tags.len() > MOST {
        return Err(AwsError::new(
            codes.too_many,
            format!("The number of tags would exceed the limit of {MOST} on {arn}."),
        ));
    }
    store(tx, request, arn, tags, Value::Null);
    Ok(())
}

fn store(tx: &mut Tx<'_>, request: &Request, arn: &str, tags: Map<String, Value>, gone: Value) {
    // What the index showed before this change, for as long as the index lags.
    let before = tx
        .get(TAGS, arn)
        .map(|record| json!({"tags": record["tags"], "gone": record["gone"], "since": record["since"]}));
    tx.put(TAGS, arn, json!({"tags": tags, "since": request.now_ms, "gone": gone, "before": before}));
}
