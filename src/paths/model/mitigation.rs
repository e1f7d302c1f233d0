//! Mitigation actions of Device Defender.

use serde_json::Value;

use super::fleet::text;
use crate::address::Address;

pub struct Mitigation {
    pub address: Address,
    pub arn: String,
    /// The ARN of the role as which the action is carried out.
    pub role: String,
    /// AWS's word, such as `UPDATE_DEVICE_CERTIFICATE`.
    pub kind: String,
    /// The ARN of the topic that `PUBLISH_FINDING_TO_SNS` publishes to.
    pub topic: Option<String>,
}

impl Mitigation {
    pub fn new(address: &Address, arn: String, state: &Value) -> Mitigation {
        Mitigation {
            address: address.clone(),
            arn,
            role: text(state, "roleArn").unwrap_or_default(),
            kind: text(state, "actionType").unwrap_or_default(),
            topic: text(&state["actionParams"]["publishFindingToSnsParams"], "topicArn"),
        }
    }
}
