//! What AWS IoT writes to its logs.

use serde_json::Value;

use super::fleet::text;
use crate::address::Address;

pub struct Logging {
    pub address: Address,
    /// The ARN of the role with which AWS IoT writes.
    pub role: String,
    /// Whether anything is written at all.
    pub on: bool,
    /// Whether some of it goes to AWS IoT's own log group, and not to those that `eventConfigurations` name.
    pub to_own_group: bool,
}

impl Logging {
    pub fn new(address: &Address, state: &Value) -> Logging {
        let some = |key: &str| state[key].as_object().is_some_and(|members| !members.is_empty());
        let leveled = text(state, "defaultLogLevel").is_some_and(|level| level != "DISABLED");
        let on = state["disableAllLogs"] != true;
        let general = leveled || some("levels");
        Logging {
            address: address.clone(),
            role: text(state, "roleArn").unwrap_or_default(),
            on: on && (general || some("eventConfigurations")),
            to_own_group: on && general,
        }
    }
}
