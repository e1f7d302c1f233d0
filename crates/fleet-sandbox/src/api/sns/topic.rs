//! Topics. Source: API:CreateTopic, DeleteTopic, ListTopics.
//!
//! Collection `sns.topic`, key: the name, value: `{"attributes": {NAME: VALUE}}` with what was set.

use serde_json::{Map, Value, json};

use super::attribute::invalid;
use super::{subscription, tag, topic_attribute};
use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::paging::{Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table =
    &[("CreateTopic", create_topic), ("DeleteTopic", delete_topic), ("ListTopics", list_topics)];

/// Collection of topics.
pub const TOPIC: &str = "sns.topic";

/// All lists of SNS: pages of 100, no size to choose.
pub const PAGING: Paging<'static> =
    Paging { token: "NextToken", size: "", default: 100, max: 100, invalid: "InvalidParameter" };

/// The name in a topic ARN of the caller's account and region.
///
/// # Errors
/// `InvalidParameter` for text that is no ARN, `NotFound` for another account or region.
pub fn name_of<'a>(request: &Request, arn: &'a str) -> Result<&'a str, AwsError> {
    let elements = arn.split(':').count();
    if elements < 6 {
        return Err(invalid(format!("TopicArn Reason: An ARN must have at least 6 elements, not {elements}")));
    }
    arn.strip_prefix(&request.arn("sns", "")).ok_or_else(missing)
}

/// The topic of an ARN: its name and its set attributes.
pub fn find(tx: &Tx<'_>, request: &Request, arn: &str) -> Result<(String, Map<String, Value>), AwsError> {
    let name = name_of(request, arn)?;
    let topic = tx.get(TOPIC, name).ok_or_else(missing)?;
    Ok((name.to_owned(), topic["attributes"].as_object().cloned().unwrap_or_default()))
}

fn missing() -> AwsError {
    AwsError::new("NotFound", "Topic does not exist")
}

fn create_topic(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("Name")?;
    let given = request.get("Attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    check_name(name, given.get("FifoTopic").is_some_and(|fifo| fifo == "true"))?;
    let arn = request.arn("sns", name);
    for (attribute, value) in &given {
        topic_attribute::check(attribute, value.as_str().unwrap_or_default(), true)?;
    }
    let tags = tags::read(request.get("Tags"), &tag::CODES)?;
    if tx.has(TOPIC, name) {
        same(tx, request, &arn, &given, &tags)?;
        return Ok(json!({ "TopicArn": arn }));
    }
    tx.put(TOPIC, name, json!({ "attributes": given }));
    tags::create(tx, request, &arn, tags, &tag::CODES)?;
    Ok(json!({ "TopicArn": arn }))
}

/// Creating what exists is no error if everything given is as it is there. Whether attributes that
/// are not given count is not published; here they do not.
fn same(
    tx: &Tx<'_>,
    request: &Request,
    arn: &str,
    given: &Map<String, Value>,
    tags: &Map<String, Value>,
) -> Result<(), AwsError> {
    let live = topic_attribute::all(tx, request, arn)?;
    if given.iter().any(|(name, value)| live.get(name) != Some(value)) {
        return Err(invalid("Attributes Reason: Topic already exists with different attributes"));
    }
    if !tags.is_empty() && *tags != tags::of(tx, arn) {
        return Err(invalid("Tags Reason: Topic already exists with different tags"));
    }
    Ok(())
}

fn check_name(name: &str, fifo: bool) -> Result<(), AwsError> {
    let stem = if fifo { name.strip_suffix(".fifo").unwrap_or("") } else { name };
    let letters = stem.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    match !stem.is_empty() && letters && name.len() <= 256 {
        true => Ok(()),
        false => Err(invalid("Topic Name")),
    }
}

/// Deleting what does not exist is no error (API:DeleteTopic).
fn delete_topic(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = request.need("TopicArn")?;
    let name = name_of(request, arn)?.to_owned();
    if tx.remove(TOPIC, &name).is_some() {
        subscription::drop_all(tx, &name);
        tags::delete(tx, request, arn);
    }
    Ok(json!({}))
}

fn list_topics(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let topics = tx.scan(TOPIC).map(|(name, _)| (name.to_owned(), json!({"TopicArn": request.arn("sns", name)})));
    let (shown, token) = page(request, &PAGING, topics)?;
    Ok(json!({ "Topics": shown, "NextToken": token }))
}
