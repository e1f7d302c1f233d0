//! Whose is a live object? The mark is on the object itself; there is no state file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;

/// Tag that names the owning fleet.
pub const FLEET_TAG: &str = "fleetctl:fleet";
/// Tag that names the address within that fleet's spec.
pub const ADDRESS_TAG: &str = "fleetctl:address";
/// Tag that forbids deletion; it lives on the object, so it holds even after the block is gone from the spec.
pub const PROTECT_TAG: &str = "fleetctl:protect";
/// Things take no tags; this attribute stands in for [`FLEET_TAG`] and `ListThings` can filter on it.
pub const FLEET_ATTRIBUTE: &str = "fleetctl.fleet";
/// Keys with this prefix belong to fleetctl and may not be declared by users.
pub const TAG_PREFIX: &str = "fleetctl:";

/// Tags as AWS keeps them: key to value.
pub type Tags = BTreeMap<String, String>;

/// The mark that fleetctl writes in the create call itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub fleet: String,
    pub address: Address,
    pub protect: bool,
}

impl Mark {
    /// The user's tags together with the mark.
    pub fn with(&self, tags: &Tags) -> Tags {
        let mut all = tags.clone();
        all.insert(FLEET_TAG.into(), self.fleet.clone());
        all.insert(ADDRESS_TAG.into(), self.address.to_string());
        if self.protect {
            all.insert(PROTECT_TAG.into(), "true".into());
        }
        all
    }
}

/// What the tags of a live object say about its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub fleet: String,
    /// Absent where the mark has no room for it, as on a thing.
    pub address: Option<String>,
}

/// Parts live tags into the owner, the protection and the user's own tags. Tags that AWS services write (`aws:`) are
/// nobody's to manage.
pub fn read_tags(tags: &Tags) -> (Option<Owner>, bool, Tags) {
    let owner =
        tags.get(FLEET_TAG).map(|fleet| Owner { fleet: fleet.clone(), address: tags.get(ADDRESS_TAG).cloned() });
    let protect = tags.get(PROTECT_TAG).is_some_and(|value| value == "true");
    let user = tags
        .iter()
        .filter(|(key, _)| !key.starts_with(TAG_PREFIX) && !key.starts_with("aws:"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    (owner, protect, user)
}

/// What to call to get from the `live` tags to the `wanted` ones. `aws:` tags stay.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    pub set: Tags,
    pub remove: Vec<String>,
}

impl TagChange {
    pub fn between(live: &Tags, wanted: &Tags) -> TagChange {
        TagChange {
            set: wanted
                .iter()
                .filter(|(key, value)| live.get(*key) != Some(value))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
            remove: live.keys().filter(|key| !wanted.contains_key(*key) && !key.starts_with("aws:")).cloned().collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}
