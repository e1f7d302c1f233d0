//! Thing groups.

use serde_json::Value;

use super::fleet::text;
use crate::address::Address;

pub struct ThingGroup {
    pub address: Address,
    pub arn: String,
    /// The name of the group above.
    pub parent: Option<String>,
    /// How many things are in it; `None` where the spec does not manage its members.
    pub things: Option<usize>,
}

impl ThingGroup {
    pub fn new(address: &Address, arn: String, state: &Value) -> ThingGroup {
        let things = state.get("things").and_then(Value::as_array).map(Vec::len);
        ThingGroup { address: address.clone(), arn, parent: text(state, "parent"), things }
    }
}
