//! Topic rules and their actions.

use serde_json::Value;

use super::fleet::text;
use super::sql::Statement;
use crate::address::Address;

pub struct TopicRule {
    pub address: Address,
    pub arn: String,
    pub disabled: bool,
    /// `None` where it is not understood.
    pub statement: Option<Statement>,
    /// With the error action.
    pub actions: Vec<Action>,
}

pub struct Action {
    /// AWS's key, such as `cloudwatchMetric`.
    pub kind: String,
    pub body: Value,
    /// Where it stands in the entry.
    pub pointer: String,
}

impl TopicRule {
    pub fn new(address: &Address, arn: String, state: &Value) -> TopicRule {
        let action = |pointer: String, value: &Value| {
            let (kind, body) = value.as_object()?.iter().next()?;
            Some(Action { kind: kind.clone(), body: body.clone(), pointer: format!("{pointer}/{kind}") })
        };
        let listed = state["actions"].as_array().into_iter().flatten().enumerate();
        let listed = listed.filter_map(|(index, value)| action(format!("/actions/{index}"), value));
        TopicRule {
            address: address.clone(),
            arn,
            disabled: state["ruleDisabled"] == true,
            statement: Statement::parse(&text(state, "sql").unwrap_or_default()),
            actions: listed.chain(action("/errorAction".into(), &state["errorAction"])).collect(),
        }
    }
}

impl Action {
    pub fn text(&self, key: &str) -> Option<String> {
        text(&self.body, key)
    }

    /// The role that AWS IoT takes for it.
    pub fn role(&self) -> Option<String> {
        self.text("roleArn")
    }
}
