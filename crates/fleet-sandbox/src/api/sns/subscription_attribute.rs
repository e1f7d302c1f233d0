//! Attributes of subscriptions. Source: API:GetSubscriptionAttributes, SetSubscriptionAttributes.

use serde_json::{Value, json};

use super::attribute::{boolean, invalid, json_object};
use super::subscription;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("GetSubscriptionAttributes", get_subscription_attributes),
    ("SetSubscriptionAttributes", set_subscription_attributes),
];

/// Refuses an attribute that cannot be set, or not to this value. An empty value takes it back.
pub fn check(name: &str, value: &str) -> Result<(), AwsError> {
    match name {
        "DeliveryPolicy" | "FilterPolicy" | "RedrivePolicy" if value.is_empty() => Ok(()),
        "DeliveryPolicy" | "FilterPolicy" | "RedrivePolicy" => json_object(name, value).map(drop),
        "RawMessageDelivery" => boolean(name, value),
        "FilterPolicyScope" if value == "MessageAttributes" || value == "MessageBody" => Ok(()),
        "FilterPolicyScope" => Err(invalid("FilterPolicyScope: Invalid value")),
        "SubscriptionRoleArn" | "ReplayPolicy" => Ok(()),
        _ => Err(invalid("AttributeName")),
    }
}

fn get_subscription_attributes(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (_, subscription) = subscription::find(tx, request, request.need("SubscriptionArn")?)?;
    let mut attributes = json!({
        "SubscriptionArn": subscription["SubscriptionArn"],
        "TopicArn": subscription["TopicArn"],
        "Owner": subscription["Owner"],
        "Protocol": subscription["Protocol"],
        "Endpoint": subscription["Endpoint"],
        "SubscriptionPrincipal": request.caller_arn(),
        "RawMessageDelivery": "false",
        "PendingConfirmation": subscription::pending(&subscription).to_string(),
    });
    // What needs no confirmation was confirmed by the call that made it, which was signed.
    let authenticated = subscription["authenticated"].as_bool().unwrap_or(!subscription::pending(&subscription));
    attributes["ConfirmationWasAuthenticated"] = authenticated.to_string().into();
    if let (Some(all), Some(set)) = (attributes.as_object_mut(), subscription["attributes"].as_object()) {
        all.extend(set.clone());
        if set.contains_key("FilterPolicy") && !set.contains_key("FilterPolicyScope") {
            all.insert("FilterPolicyScope".to_owned(), "MessageAttributes".into());
        }
    }
    Ok(json!({ "Attributes": attributes }))
}

fn set_subscription_attributes(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (key, mut subscription) = subscription::find(tx, request, request.need("SubscriptionArn")?)?;
    let (name, value) = (request.need("AttributeName")?, request.str("AttributeValue").unwrap_or_default());
    check(name, value)?;
    if let Some(set) = subscription["attributes"].as_object_mut() {
        if value.is_empty() {
            set.shift_remove(name);
        } else {
            set.insert(name.to_owned(), value.into());
        }
    }
    tx.put(subscription::SUBSCRIPTION, &key, subscription);
    Ok(json!({}))
}
