//! A Deny that does what it seems to: policy wildcards for MQTT's, and Receive along with
//! Subscribe.

use serde_json::{Value, json};

/// The Deny written anew; `None` if it is of a form that is not understood.
pub fn statement(statement: &Value) -> Option<Value> {
    let actions = texts(statement.get("Action")?)?;
    let resources = texts(statement.get("Resource")?)?;
    let mut resources: Vec<String> = resources.iter().map(|resource| with_policy_wildcards(resource)).collect();
    let subscribes = actions.iter().any(|action| action.eq_ignore_ascii_case("iot:subscribe") || action == "iot:*");
    let mut all_actions = actions;
    if subscribes {
        push(&mut all_actions, "iot:Receive".to_owned());
        for filter in resources.clone() {
            if let Some((place, filter)) = filter.split_once(":topicfilter/") {
                push(&mut resources, format!("{place}:topic/{filter}"));
            }
        }
    }
    let mut repaired = statement.clone();
    repaired["Action"] = json!(all_actions);
    repaired["Resource"] = json!(resources);
    Some(repaired)
}

fn with_policy_wildcards(resource: &str) -> String {
    for kind in [":topicfilter/", ":topic/"] {
        if let Some((place, topic)) = resource.split_once(kind) {
            return format!("{place}{kind}{}", topic.replace(['+', '#'], "*"));
        }
    }
    resource.to_owned()
}

fn push(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

/// One text or a list of texts.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(list) => list.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}
