//! Confirmations: the token sent to an endpoint and its return. Source: API:ConfirmSubscription.

use serde_json::{Value, json};

use super::attribute::invalid;
use super::{publish, subscription, topic};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("ConfirmSubscription", confirm_subscription)];

/// Gives the subscription a token and puts the request to confirm into the outbox.
pub fn ask(tx: &mut Tx<'_>, request: &Request, subscription: &mut Value) {
    let token = tx.unique();
    let entry = json!({
        "kind": "confirmation", "protocol": subscription["Protocol"], "endpoint": subscription["Endpoint"],
        "topicArn": subscription["TopicArn"], "token": token, "atMs": request.now_ms,
    });
    subscription["token"] = token.into();
    publish::post(tx, entry);
}

fn confirm_subscription(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (topic, _) = topic::find(tx, request, request.need("TopicArn")?)?;
    let (token, prefix) = (request.need("Token")?, format!("{topic}/"));
    let mut waiting =
        tx.scan_prefix(subscription::SUBSCRIPTION, &prefix).filter(|(_, s)| subscription::live(request, s));
    let found = waiting.find(|(_, s)| s["token"] == token).map(|(key, s)| (key.to_owned(), s.clone()));
    drop(waiting);
    let (key, mut subscription) = found.ok_or_else(|| invalid("Token"))?;
    if let Some(members) = subscription.as_object_mut() {
        members.shift_remove("pendingSinceMs");
        let authenticated = request.str("AuthenticateOnUnsubscribe").is_some_and(|text| text == "true");
        members.insert("authenticated".to_owned(), authenticated.into());
    }
    let arn = subscription["SubscriptionArn"].clone();
    tx.put(subscription::SUBSCRIPTION, &key, subscription);
    Ok(json!({ "SubscriptionArn": arn }))
}
