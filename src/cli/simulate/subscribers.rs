//! Who listens to an alert target: the subscriptions of the spec's topics.

use std::collections::BTreeMap;

use fleet_detect::summary::totals::Paged;
use serde_json::Value;

use crate::scope::Place;

/// Subscribers by the topic's ARN, for people: `email oncall@example.com`. A topic that is not here is not known.
pub type Subscribers = BTreeMap<String, Vec<String>>;

/// The subscribers of topics, by name and desired state.
pub fn of<'s>(topics: impl Iterator<Item = (&'s str, &'s Value)>, place: &Place) -> Subscribers {
    let known = topics.filter_map(|(name, state)| {
        // Subscriptions that the spec does not manage may be there all the same.
        let subscriptions = state["subscriptions"].as_object()?;
        let described = subscriptions.iter().map(|(key, subscription)| describe(key, subscription)).collect();
        Some((place.arn("sns", name), described))
    });
    known.collect()
}

fn describe(key: &str, subscription: &Value) -> String {
    let (protocol, endpoint) = key.split_once(':').unwrap_or(("", key));
    let name = endpoint.rsplit(':').next().unwrap_or(endpoint);
    let text = match protocol {
        "lambda" => format!("function {name}"),
        "sqs" => format!("queue {name}"),
        protocol => format!("{protocol} {endpoint}"),
    };
    match subscription["filterPolicy"].is_null() {
        true => text,
        false => text + " (what its filter policy lets through)",
    }
}

/// Fills in who listens, most alarms first.
pub fn fill(paged: &mut [Paged], subscribers: &Subscribers) {
    for paged in paged.iter_mut() {
        paged.subscribers = paged.alert_target.as_ref().and_then(|target| subscribers.get(target).cloned());
    }
    paged.sort_by_key(|paged| std::cmp::Reverse(paged.alarms));
}
