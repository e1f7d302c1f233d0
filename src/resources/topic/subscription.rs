//! Subscriptions of a topic: what identifies one in AWS, and how to get from the live ones to the declared ones.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;
use crate::resources::function;
use crate::resources::names::check_choice;
use crate::scope::{Place, Problems, Reference};

const SCOPES: &[&str] = &["MessageAttributes", "MessageBody"];

/// One subscription: exactly one endpoint, and how messages are delivered to it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// An e-mail address. It gets a message whose link must be followed first.
    email: Option<String>,
    /// An e-mail address that gets the messages as JSON.
    email_json: Option<String>,
    /// A URL that starts with `https://`.
    https: Option<String>,
    /// A URL that starts with `http://`.
    http: Option<String>,
    /// The ARN of an SQS queue. Its policy must let the topic send.
    sqs: Option<String>,
    /// A function, by name or ARN. The permission for a function of this spec is made with it.
    function: Option<String>,
    /// A telephone number such as `+4915112345678`.
    sms: Option<String>,
    /// For SQS, HTTP and HTTPS: messages without SNS's envelope. Default false.
    raw_message_delivery: bool,
    /// Which messages are delivered, in AWS's form. Left out, all of them are.
    filter_policy: Option<Map<String, Value>>,
    /// What `filterPolicy` looks at. Default `MessageAttributes`.
    #[schemars(extend("enum" = SCOPES))]
    filter_policy_scope: Option<String>,
    /// The ARN of an SQS queue for messages that cannot be delivered. Expands to AWS's `RedrivePolicy`.
    dead_letter_queue: Option<String>,
    /// For HTTP and HTTPS: how deliveries are retried, in AWS's form.
    delivery_policy: Option<Map<String, Value>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    raw_message_delivery: bool,
    filter_policy: Option<Value>,
    filter_policy_scope: String,
    dead_letter_queue: Option<String>,
    delivery_policy: Option<Value>,
}

/// By `protocol:endpoint`.
pub type Subscriptions = BTreeMap<String, Subscription>;

impl Spec {
    /// AWS's protocols with what is written for them.
    fn endpoints(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("email", &self.email),
            ("email-json", &self.email_json),
            ("https", &self.https),
            ("http", &self.http),
            ("sqs", &self.sqs),
            ("lambda", &self.function),
            ("sms", &self.sms),
        ];
        all.into_iter().filter_map(|(protocol, endpoint)| Some((protocol, endpoint.as_deref()?)))
    }

    pub fn check(&self, pointer: &str, fifo: bool, problems: &mut Problems) {
        let endpoints: Vec<_> = self.endpoints().collect();
        let [(protocol, endpoint)] = endpoints[..] else {
            let message =
                "a subscription has exactly one of `email`, `emailJson`, `https`, `http`, `sqs`, `function`, `sms`";
            return problems.push(pointer, message);
        };
        let (fits, wanted) = match protocol {
            "email" | "email-json" => (endpoint.contains('@'), "an e-mail address"),
            "https" => (endpoint.starts_with("https://"), "a URL that starts with `https://`"),
            "http" => (endpoint.starts_with("http://"), "a URL that starts with `http://`"),
            "sqs" => (is_queue(endpoint), "the ARN of an SQS queue"),
            "sms" => (endpoint.starts_with('+'), "a telephone number that starts with `+`"),
            _ => (!endpoint.is_empty(), "the name of a function"),
        };
        if !fits {
            problems.push(pointer, format!("`{endpoint}` is not {wanted}"));
        }
        if fifo && protocol != "sqs" {
            problems.push(pointer, "a FIFO topic delivers to SQS queues only (SNS developer guide, FIFO topics)");
        }
        let http = matches!(protocol, "http" | "https");
        if self.raw_message_delivery && !http && protocol != "sqs" {
            let message = "only SQS, HTTP and HTTPS take raw messages (API:Subscribe)";
            problems.push(format!("{pointer}/rawMessageDelivery"), message);
        }
        if self.delivery_policy.is_some() && !http {
            problems.push(format!("{pointer}/deliveryPolicy"), "only HTTP and HTTPS have one (API:Subscribe)");
        }
        if self.dead_letter_queue.as_deref().is_some_and(|arn| !is_queue(arn)) {
            problems.push(format!("{pointer}/deadLetterQueue"), "this must be the ARN of an SQS queue");
        }
        check_choice(&format!("{pointer}/filterPolicyScope"), &self.filter_policy_scope, SCOPES, problems);
        if self.filter_policy_scope.is_some() && self.filter_policy.is_none() {
            problems.push(format!("{pointer}/filterPolicyScope"), "a scope means nothing without `filterPolicy`");
        }
    }

    pub fn reference(&self, pointer: &str) -> Option<Reference> {
        let reference = Reference::to("functions", self.function.as_ref()?, format!("{pointer}/function"))?;
        Some(reference.invoking_as("sns.amazonaws.com"))
    }
}

/// Refuses two entries for one endpoint: AWS has one subscription for both.
pub fn desired(entries: BTreeMap<String, Spec>, place: &Place) -> Result<Subscriptions, Problems> {
    let (mut all, mut problems) = (Subscriptions::new(), Problems::default());
    for (label, entry) in entries {
        let pointer = format!("/subscriptions/{}", crate::spec::node::pointer_token(&label));
        let Some((protocol, endpoint)) = entry.endpoints().next() else { continue };
        let endpoint = match protocol {
            "lambda" => Reference::arn(endpoint, |name| function::arn(place, name)),
            _ => endpoint.to_owned(),
        };
        let object = |fields: Option<Map<String, Value>>| fields.filter(|all| !all.is_empty()).map(Value::Object);
        let subscription = Subscription {
            raw_message_delivery: entry.raw_message_delivery,
            filter_policy_scope: entry.filter_policy_scope.clone().unwrap_or_else(|| SCOPES[0].into()),
            filter_policy: object(entry.filter_policy.clone()),
            dead_letter_queue: entry.dead_letter_queue.clone(),
            delivery_policy: object(entry.delivery_policy.clone()),
        };
        if all.insert(key(protocol, &endpoint), subscription).is_some() {
            problems.push(pointer, format!("`{endpoint}` is subscribed twice by {protocol}; AWS keeps one of them"));
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// The live subscriptions. A pending one is taken for what is declared, and left out where nothing is: nobody can
/// read, change or remove it.
pub async fn read(cx: &Context, topic_arn: &str, declared: Option<&Subscriptions>) -> Result<Subscriptions, AwsError> {
    let mut all = Subscriptions::new();
    for (key, arn) in list(cx, topic_arn).await? {
        let found = match arn {
            Some(arn) => attributes(cx, &arn).await?,
            None => declared.and_then(|declared| declared.get(&key).cloned()),
        };
        all.extend(found.map(|found| (key, found)));
    }
    Ok(all)
}

/// From the live subscriptions to the declared ones; nothing when they are not managed.
pub async fn converge(
    cx: &Context,
    topic_arn: &str,
    live: Option<&Subscriptions>,
    desired: Option<&Subscriptions>,
) -> Result<(), AwsError> {
    let none = Subscriptions::new();
    let (live, Some(desired)) = (live.unwrap_or(&none), desired) else { return Ok(()) };
    for (key, wanted) in desired.iter().filter(|(key, _)| !live.contains_key(*key)) {
        subscribe(cx, topic_arn, key, wanted).await?;
    }
    if live.iter().all(|(key, found)| desired.get(key) == Some(found)) {
        return Ok(());
    }
    for (key, arn) in list(cx, topic_arn).await? {
        let (Some(arn), Some(found)) = (arn, live.get(&key)) else { continue };
        match desired.get(&key) {
            Some(wanted) => change(cx, &arn, found, wanted).await?,
            None => {
                let unsubscribe = || cx.session.clients.sns.unsubscribe().subscription_arn(&arn).send();
                cx.call("sns:Unsubscribe", unsubscribe).await.optional()?;
            }
        }
    }
    Ok(())
}

impl Subscription {
    /// AWS's attributes, in the order in which they can be set. An empty text stands for "not set".
    fn attributes(&self) -> [(&'static str, String); 5] {
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
        let redrive = self.dead_letter_queue.as_ref().map(|arn| json!({ "deadLetterTargetArn": arn }));
        [
            ("RawMessageDelivery", self.raw_message_delivery.to_string()),
            ("FilterPolicyScope", self.filter_policy_scope.clone()),
            ("FilterPolicy", text(&self.filter_policy)),
            ("RedrivePolicy", text(&redrive)),
            ("DeliveryPolicy", text(&self.delivery_policy)),
        ]
    }

    fn plain() -> Subscription {
        Subscription {
            raw_message_delivery: false,
            filter_policy: None,
            filter_policy_scope: SCOPES[0].into(),
            dead_letter_queue: None,
            delivery_policy: None,
        }
    }
}

fn key(protocol: &str, endpoint: &str) -> String {
    format!("{protocol}:{endpoint}")
}

fn is_queue(arn: &str) -> bool {
    arn.starts_with("arn:") && arn.contains(":sqs:")
}

/// Keys and ARNs; a pending subscription has no ARN. Those shown for a while after their end are left out.
async fn list(cx: &Context, topic_arn: &str) -> Result<Vec<(String, Option<String>)>, AwsError> {
    let sns = &cx.session.clients.sns;
    let list = |token| sns.list_subscriptions_by_topic().topic_arn(topic_arn).set_next_token(token).send();
    let pages = pages::all(cx, "sns:ListSubscriptionsByTopic", list, |page| page.next_token()).await?;
    let mut all = Vec::new();
    for found in pages.iter().flat_map(|page| page.subscriptions()) {
        let arn = found.subscription_arn().unwrap_or_default();
        if arn != "Deleted" {
            let key = key(found.protocol().unwrap_or_default(), found.endpoint().unwrap_or_default());
            all.push((key, arn.starts_with("arn:").then(|| arn.to_owned())));
        }
    }
    Ok(all)
}

async fn attributes(cx: &Context, arn: &str) -> Result<Option<Subscription>, AwsError> {
    let get = || cx.session.clients.sns.get_subscription_attributes().subscription_arn(arn).send();
    let Some(found) = cx.call("sns:GetSubscriptionAttributes", get).await.optional()? else { return Ok(None) };
    let text = |key: &str| found.attributes().and_then(|all| all.get(key)).map(String::as_str).unwrap_or_default();
    let object = |key: &str| {
        let value: Option<Value> = serde_json::from_str(text(key)).ok();
        value.filter(|value| value.as_object().is_some_and(|fields| !fields.is_empty()))
    };
    let filter_policy = object("FilterPolicy");
    let scope = Some(text("FilterPolicyScope")).filter(|scope| filter_policy.is_some() && !scope.is_empty());
    let queue = object("RedrivePolicy").and_then(|policy| policy["deadLetterTargetArn"].as_str().map(str::to_owned));
    Ok(Some(Subscription {
        raw_message_delivery: text("RawMessageDelivery") == "true",
        filter_policy_scope: scope.unwrap_or(SCOPES[0]).to_owned(),
        filter_policy,
        dead_letter_queue: queue,
        delivery_policy: object("DeliveryPolicy"),
    }))
}

/// Subscribing again with the same attributes changes nothing (API:Subscribe).
async fn subscribe(cx: &Context, topic_arn: &str, key: &str, wanted: &Subscription) -> Result<(), AwsError> {
    let (protocol, endpoint) = key.split_once(':').unwrap_or((key, ""));
    let plain = Subscription::plain().attributes();
    let wanted = wanted.attributes();
    cx.call("sns:Subscribe", || {
        let request = cx.session.clients.sns.subscribe().topic_arn(topic_arn).protocol(protocol).endpoint(endpoint);
        let attributes = wanted.iter().filter(|attribute| !plain.contains(attribute));
        attributes.fold(request, |request, (key, value)| request.attributes(*key, value)).send()
    })
    .await?;
    Ok(())
}

async fn change(cx: &Context, arn: &str, found: &Subscription, wanted: &Subscription) -> Result<(), AwsError> {
    let mut before = found.attributes();
    if found.filter_policy_scope != wanted.filter_policy_scope && found.filter_policy.is_some() {
        // A policy that is right in one scope may be wrong in the other, so it goes before the scope changes.
        set(cx, arn, "FilterPolicy", "").await?;
        before = Subscription { filter_policy: None, ..found.clone() }.attributes();
    }
    for (key, value) in wanted.attributes() {
        if !before.contains(&(key, value.clone())) {
            set(cx, arn, key, &value).await?;
        }
    }
    Ok(())
}

async fn set(cx: &Context, arn: &str, key: &str, value: &str) -> Result<(), AwsError> {
    // A filter policy is removed by an empty object (SNS developer guide, "Removing a subscription filter policy"); the
    // others by leaving the value out.
    let value = match (key, value) {
        ("FilterPolicy", "") => Some("{}".to_owned()),
        (_, "") => None,
        _ => Some(value.to_owned()),
    };
    cx.call("sns:SetSubscriptionAttributes", || {
        let request = cx.session.clients.sns.set_subscription_attributes().subscription_arn(arn).attribute_name(key);
        request.set_attribute_value(value.clone()).send()
    })
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(entries: Value) -> Result<Subscriptions, Problems> {
        desired(serde_json::from_value(entries).unwrap(), &Place::new("123456789012", "eu-west-1"))
    }

    #[test]
    fn protocol_and_endpoint_are_the_identity() {
        let all = from(json!({
            "oncall": { "email": "oncall@example.com" },
            "fix": { "function": "remediation", "filterPolicy": { "kind": ["a"] }, "filterPolicyScope": "MessageBody" },
        }))
        .unwrap();
        let function = "lambda:arn:aws:lambda:eu-west-1:123456789012:function:remediation";
        assert_eq!(all.keys().collect::<Vec<_>>(), ["email:oncall@example.com", function]);
        assert_eq!(all["email:oncall@example.com"], Subscription::plain());
        assert_eq!(all[function].attributes()[1].1, "MessageBody");

        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        let twice = from(json!({ "a": { "function": "f" }, "b": { "function": arn } })).unwrap_err();
        assert_eq!(twice.0[0].pointer, "/subscriptions/b");
    }
}
