//! SNS topics and their subscriptions.

use serde_json::Value;

use super::fleet::text;
use crate::address::Address;

pub struct Topic {
    pub address: Address,
    pub arn: String,
    /// The access policy, where it is another than the one that SNS gives every topic.
    pub policy: Option<Value>,
    pub kms_key: Option<String>,
    /// `None` where the spec does not manage them.
    pub subscriptions: Option<Vec<Subscription>>,
}

pub struct Subscription {
    /// AWS's word: `email`, `lambda`, …
    pub protocol: String,
    pub endpoint: String,
    pub filter: Option<Value>,
    /// Whether the filter looks at the body, not at attributes.
    pub filters_body: bool,
}

impl Topic {
    pub fn new(address: &Address, arn: String, state: &Value) -> Topic {
        let subscriptions = state.get("subscriptions").and_then(Value::as_object);
        let subscription = |(key, state): (&String, &Value)| {
            let (protocol, endpoint) = key.split_once(':')?;
            let filter = state.get("filterPolicy").filter(|filter| !filter.is_null()).cloned();
            let filters_body = text(state, "filterPolicyScope").as_deref() == Some("MessageBody");
            Some(Subscription { protocol: protocol.to_owned(), endpoint: endpoint.to_owned(), filter, filters_body })
        };
        Topic {
            address: address.clone(),
            arn,
            policy: state.get("policy").filter(|policy| !policy.is_null()).cloned(),
            kms_key: text(state, "kmsKey"),
            subscriptions: subscriptions.map(|all| all.iter().filter_map(subscription).collect()),
        }
    }
}

impl Subscription {
    /// Whether messages arrive before a person's eyes, as far as the protocol tells.
    pub fn is_mail(&self) -> bool {
        matches!(self.protocol.as_str(), "email" | "email-json")
    }
}
