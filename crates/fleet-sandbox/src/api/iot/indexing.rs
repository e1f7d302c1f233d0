//! Fleet indexing configuration: two blocks, each replaced as a whole.
//!
//! Sources: API:UpdateIndexingConfiguration, API:ThingIndexingConfiguration; IoT developer guide,
//! "Managing fleet indexing" (what needs thing indexing or named shadows; five custom fields).
//! Managed fields cannot be set and are not shown. No index is built.

use serde_json::{Value, json};

use super::refusal::invalid;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("GetIndexingConfiguration", get_indexing_configuration),
    ("UpdateIndexingConfiguration", update_indexing_configuration),
];

const INDEXING: &str = "iot.indexing";
const ACCOUNT: &str = "account";
const THINGS: &str = "thingIndexingConfiguration";
const GROUPS: &str = "thingGroupIndexingConfiguration";
const MAX_CUSTOM_FIELDS: usize = 5;

fn get_indexing_configuration(tx: &mut Tx<'_>, _request: &Request) -> Result<Value, AwsError> {
    Ok(present(tx))
}

fn update_indexing_configuration(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let mut configuration = present(tx);
    for block in [THINGS, GROUPS] {
        if let Some(given) = request.get(block) {
            check(given)?;
            configuration[block] = given.clone();
            if let Some(members) = configuration[block].as_object_mut() {
                members.remove("managedFields");
            }
        }
    }
    tx.put(INDEXING, ACCOUNT, configuration);
    Ok(json!({}))
}

fn present(tx: &Tx<'_>) -> Value {
    let off = json!({ THINGS: { "thingIndexingMode": "OFF" }, GROUPS: { "thingGroupIndexingMode": "OFF" } });
    tx.get(INDEXING, ACCOUNT).cloned().unwrap_or(off)
}

fn check(block: &Value) -> Result<(), AwsError> {
    let off = block["thingIndexingMode"] == "OFF";
    for (mode, on) in [
        ("thingConnectivityIndexingMode", "STATUS"),
        ("deviceDefenderIndexingMode", "VIOLATIONS"),
        ("namedShadowIndexingMode", "ON"),
    ] {
        if off && block[mode] == on {
            return Err(invalid(format!("{mode} cannot be {on} while thingIndexingMode is OFF.")));
        }
    }
    let named = block["filter"]["namedShadowNames"].as_array().is_some_and(|names| !names.is_empty());
    if named != (block["namedShadowIndexingMode"] == "ON") {
        return Err(invalid("namedShadowIndexingMode ON and filter.namedShadowNames need each other."));
    }
    let fields = block["customFields"].as_array().map_or(0, Vec::len);
    if fields > MAX_CUSTOM_FIELDS {
        return Err(invalid(format!("At most {MAX_CUSTOM_FIELDS} custom fields are allowed, not {fields}.")));
    }
    Ok(())
}
