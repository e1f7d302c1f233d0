//! The one comparison of desired and live states.
//!
//! Both come in canonical form, so whatever differs is a change. Maps are compared key by key, lists of maps of the same
//! length item by item, and other lists as a whole. A top-level field that the desired state does not have is not
//! managed and not compared.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::node::pointer_token;

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// JSON pointer into the state.
    pub path: String,
    /// Absent where the live object does not have the field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub live: Option<Value>,
    /// Absent where the field is to go.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub desired: Option<Value>,
}

/// All changes from `live` to `desired`, in order of path.
pub fn diff(live: &Value, desired: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    match (live, desired) {
        (Value::Object(live), Value::Object(desired)) => {
            for (key, wanted) in desired {
                compare(format!("/{}", pointer_token(key)), live.get(key), Some(wanted), &mut changes);
            }
        }
        _ => compare(String::new(), Some(live), Some(desired), &mut changes),
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes
}

fn compare(path: String, live: Option<&Value>, desired: Option<&Value>, changes: &mut Vec<Change>) {
    match (live, desired) {
        (Some(Value::Object(live)), Some(Value::Object(desired))) => {
            for (key, value) in live {
                compare(format!("{path}/{}", pointer_token(key)), Some(value), desired.get(key), changes);
            }
            for (key, value) in desired.iter().filter(|(key, _)| !live.contains_key(*key)) {
                compare(format!("{path}/{}", pointer_token(key)), None, Some(value), changes);
            }
        }
        (Some(Value::Array(live)), Some(Value::Array(desired)))
            if live.len() == desired.len() && all_maps(live, desired) =>
        {
            for (index, (live, desired)) in live.iter().zip(desired).enumerate() {
                compare(format!("{path}/{index}"), Some(live), Some(desired), changes);
            }
        }
        (live, desired) if same(live, desired) => {}
        (live, desired) => changes.push(Change { path, live: live.cloned(), desired: desired.cloned() }),
    }
}

fn all_maps(live: &[Value], desired: &[Value]) -> bool {
    live.iter().chain(desired).all(Value::is_object)
}

/// `null` and absent are the same; so are 5 and 5.0.
fn same(live: Option<&Value>, desired: Option<&Value>) -> bool {
    match (live.filter(|value| !value.is_null()), desired.filter(|value| !value.is_null())) {
        (Some(Value::Number(live)), Some(Value::Number(desired))) => {
            live == desired || live.as_f64() == desired.as_f64()
        }
        (live, desired) => live == desired,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(live: Value, desired: Value) -> Vec<String> {
        diff(&live, &desired).into_iter().map(|change| change.path).collect()
    }

    #[test]
    fn a_state_does_not_differ_from_itself_whatever_the_order_of_keys() {
        let state = json!({ "a": { "x": 1, "y/z": [1, { "k": null }] }, "b": 5 });
        let other = json!({ "b": 5.0, "a": { "y/z": [1, { "k": null }], "x": 1 } });
        assert_eq!(paths(state.clone(), state), [""; 0]);
        assert_eq!(paths(json!({ "b": 5 }), json!({ "b": 5.0 })), [""; 0]);
        assert!(paths(other.clone(), other).is_empty());
    }

    #[test]
    fn the_path_is_that_of_the_smallest_thing_that_changed() {
        let live = json!({ "doc": { "Statement": [{ "Action": ["a"], "Effect": "Allow" }] }, "tags": { "t": "1", "u": "2" }, "list": [1, 2] });
        let desired = json!({ "doc": { "Statement": [{ "Action": ["a", "b"], "Effect": "Allow" }] }, "tags": { "t": "1" }, "list": [2] });
        assert_eq!(paths(live, desired), ["/doc/Statement/0/Action", "/list", "/tags/u"]);
    }

    #[test]
    fn what_is_not_declared_at_the_top_is_not_compared_but_null_means_none() {
        assert!(paths(json!({ "things": ["a"], "d": "" }), json!({ "d": "" })).is_empty());
        assert_eq!(paths(json!({ "type": "a" }), json!({ "type": null })), ["/type"]);
        assert!(paths(json!({}), json!({ "type": null })).is_empty());
    }
}
