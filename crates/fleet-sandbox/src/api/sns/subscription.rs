//! Subscriptions. Source: API:Subscribe, Unsubscribe, ListSubscriptions, ListSubscriptionsByTopic.
//!
//! Collection `sns.subscription`, key: `TOPIC/PROTOCOL/ENDPOINT`. A pending one lives two days, as
//! its token does.

use serde_json::{Map, Value, json};

use super::attribute::invalid;
use super::{confirmation, subscription_attribute, topic};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::page;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("Subscribe", subscribe),
    ("Unsubscribe", unsubscribe),
    ("ListSubscriptions", list_subscriptions),
    ("ListSubscriptionsByTopic", list_subscriptions_by_topic),
];

/// Collection of subscriptions.
pub const SUBSCRIPTION: &str = "sns.subscription";

/// How long a subscription waits for its confirmation: two days.
const PENDING_MS: i64 = 2 * 24 * 60 * 60 * 1000;

/// Whether the subscription is there at all: confirmed, or pending and not yet forgotten.
pub fn live(request: &Request, subscription: &Value) -> bool {
    let since = subscription["pendingSinceMs"].as_i64();
    since.is_none_or(|since| request.now_ms < since.saturating_add(PENDING_MS))
}

/// Whether it waits for its confirmation.
pub fn pending(subscription: &Value) -> bool {
    subscription["pendingSinceMs"].is_i64()
}

/// The topic's confirmed and pending subscriptions, counted.
pub fn count(tx: &Tx<'_>, request: &Request, topic: &str) -> (usize, usize) {
    let prefix = format!("{topic}/");
    let all = tx.scan_prefix(SUBSCRIPTION, &prefix).filter(|(_, s)| live(request, s));
    let (pending, confirmed): (Vec<_>, Vec<_>) = all.partition(|(_, s)| pending(s));
    (confirmed.len(), pending.len())
}

/// Drops the subscriptions of a deleted topic.
pub fn drop_all(tx: &mut Tx<'_>, topic: &str) {
    let keys: Vec<String> = tx.scan_prefix(SUBSCRIPTION, &format!("{topic}/")).map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        tx.remove(SUBSCRIPTION, &key);
    }
}

/// Key and value of the subscription with that ARN.
pub fn find(tx: &Tx<'_>, request: &Request, arn: &str) -> Result<(String, Value), AwsError> {
    let elements = arn.split(':').count();
    if elements < 6 {
        let reason = format!("SubscriptionArn Reason: An ARN must have at least 6 elements, not {elements}");
        return Err(invalid(reason));
    }
    let mut all = tx.scan(SUBSCRIPTION).filter(|(_, s)| live(request, s));
    let found = all.find(|(_, s)| s["SubscriptionArn"] == arn).map(|(key, s)| (key.to_owned(), s.clone()));
    found.ok_or_else(|| AwsError::new("NotFound", "Subscription does not exist"))
}

/// Whether the endpoint must confirm, or the refusal of an endpoint that does not fit its protocol.
fn must_confirm(protocol: &str, endpoint: &str) -> Result<bool, AwsError> {
    let fits = match protocol {
        "http" => endpoint.starts_with("http://"),
        "https" => endpoint.starts_with("https://"),
        "email" | "email-json" => {
            return match endpoint.split_once('@') {
                Some((user, host)) if !user.is_empty() && !host.is_empty() => Ok(true),
                _ => Err(invalid("Email address")),
            };
        }
        "sms" => endpoint.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit() || b == b'-'),
        "sqs" | "lambda" | "firehose" if !endpoint.starts_with(&format!("arn:aws:{protocol}:")) => {
            let name = if protocol == "sqs" { "SQS" } else { protocol };
            return Err(invalid(format!("{name} endpoint ARN")));
        }
        "sqs" | "lambda" | "firehose" | "application" => true,
        _ => return Err(invalid(format!("Amazon SNS does not support this protocol string: {protocol}"))),
    };
    if !fits || endpoint.is_empty() {
        return Err(invalid("Endpoint must match the specified protocol"));
    }
    Ok(protocol.starts_with("http"))
}

fn subscribe(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (topic_arn, protocol) = (request.need("TopicArn")?, request.need("Protocol")?);
    let endpoint = request.str("Endpoint").unwrap_or_default();
    let (topic, _) = topic::find(tx, request, topic_arn)?;
    let confirm = must_confirm(protocol, endpoint)?;
    let given = request.get("Attributes").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in &given {
        subscription_attribute::check(name, value.as_str().unwrap_or_default())?;
    }
    let key = format!("{topic}/{protocol}/{endpoint}");
    let known = tx.get(SUBSCRIPTION, &key).filter(|s| live(request, s)).cloned();
    let subscription = match known {
        Some(known) => same(known, &given)?,
        None => create(
            tx,
            request,
            &key,
            json!({"TopicArn": topic_arn, "Protocol": protocol, "Endpoint": endpoint}),
            given,
            confirm,
        ),
    };
    let wants_arn = request.flag("ReturnSubscriptionArn").unwrap_or(false);
    let arn = if pending(&subscription) && !wants_arn {
        "pending confirmation".into()
    } else {
        subscription["SubscriptionArn"].clone()
    };
    Ok(json!({ "SubscriptionArn": arn }))
}

/// Subscribing again is no error; other attributes are.
fn same(known: Value, given: &Map<String, Value>) -> Result<Value, AwsError> {
    match given.iter().all(|(name, value)| known["attributes"][name] == *value) {
        true => Ok(known),
        false => Err(invalid("Attributes Reason: Subscription already exists with different attributes")),
    }
}

fn create(
    tx: &mut Tx<'_>,
    request: &Request,
    key: &str,
    mut subscription: Value,
    given: Map<String, Value>,
    confirm: bool,
) -> Value {
    let topic_arn = subscription["TopicArn"].as_str().unwrap_or_default();
    subscription["SubscriptionArn"] = format!("{topic_arn}:{}", tx.uuid()).into();
    subscription["Owner"] = request.account.clone().into();
    subscription["attributes"] = Value::Object(given);
    if confirm {
        subscription["pendingSinceMs"] = request.now_ms.into();
        confirmation::ask(tx, request, &mut subscription);
    }
    tx.put(SUBSCRIPTION, key, subscription.clone());
    subscription
}

/// A pending subscription cannot be removed; it goes with its token or its topic. That it is
/// refused is what clients report; the text of the refusal is ours.
fn unsubscribe(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (key, subscription) = find(tx, request, request.need("SubscriptionArn")?)?;
    if pending(&subscription) {
        return Err(invalid("SubscriptionArn Reason: The subscription is pending confirmation"));
    }
    tx.remove(SUBSCRIPTION, &key);
    Ok(json!({}))
}

fn shown(subscription: &Value) -> Value {
    let arn =
        if pending(subscription) { "PendingConfirmation".into() } else { subscription["SubscriptionArn"].clone() };
    json!({
        "SubscriptionArn": arn,
        "Owner": subscription["Owner"],
        "Protocol": subscription["Protocol"],
        "Endpoint": subscription["Endpoint"],
        "TopicArn": subscription["TopicArn"],
    })
}

fn list_subscriptions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    list(tx, request, "")
}

fn list_subscriptions_by_topic(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (topic, _) = topic::find(tx, request, request.need("TopicArn")?)?;
    list(tx, request, &format!("{topic}/"))
}

fn list(tx: &Tx<'_>, request: &Request, prefix: &str) -> Result<Value, AwsError> {
    let all = tx.scan_prefix(SUBSCRIPTION, prefix).filter(|(_, s)| live(request, s));
    let (subscriptions, token) = page(request, &topic::PAGING, all.map(|(key, s)| (key.to_owned(), shown(s))))?;
    Ok(json!({ "Subscriptions": subscriptions, "NextToken": token }))
}
