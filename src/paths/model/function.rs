//! Lambda functions.

use serde_json::Value;

use super::fleet::{text, texts};
use crate::address::Address;
use crate::spec::entry::Entry;

pub struct Function {
    pub address: Address,
    pub arn: String,
    /// An ARN.
    pub role: String,
    pub permissions: Vec<Permission>,
    pub emits: Vec<Emission>,
    /// Actions that the code calls.
    pub needs: Vec<String>,
}

pub struct Permission {
    pub principal: String,
    pub action: String,
    pub source_arn: Option<String>,
    pub source_account: Option<String>,
}

/// Metrics of one namespace with the same dimensions, as the code publishes them.
pub struct Emission {
    pub namespace: String,
    pub metrics: Vec<String>,
    pub dimensions: Vec<String>,
    pub unit: Option<String>,
}

impl Function {
    /// `entry` tells what AWS is not told.
    pub fn new(address: &Address, arn: String, state: &Value, entry: Option<&Entry>) -> Function {
        let declared = |key: &str| entry.and_then(|entry| entry.node.get(key)).map(|node| node.to_json());
        let list = |key: &str| declared(key).and_then(|value| value.as_array().cloned()).unwrap_or_default();
        let permission = |state: &Value| {
            Some(Permission {
                principal: text(state, "principal")?,
                action: text(state, "action")?,
                source_arn: text(state, "sourceArn"),
                source_account: text(state, "sourceAccount"),
            })
        };
        let emission = |value: &Value| {
            Some(Emission {
                namespace: text(value, "namespace")?,
                metrics: texts(value, "metrics"),
                dimensions: texts(value, "dimensions"),
                unit: text(value, "unit"),
            })
        };
        Function {
            address: address.clone(),
            arn,
            role: text(state, "role").unwrap_or_default(),
            permissions: state["permissions"]
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(_, p)| permission(p))
                .collect(),
            emits: list("emits").iter().filter_map(emission).collect(),
            needs: list("needs").iter().filter_map(|action| action.as_str().map(str::to_owned)).collect(),
        }
    }
}
