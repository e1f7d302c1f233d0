//! The whole state in one canonical form, for tests that compare two accounts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::store::{Objects, Table};

/// Members whose values differ between two runs that did the same: ids and times.
const VOLATILE: &[&str] = &[
    "AlarmConfigurationUpdatedTimestamp",
    "CreateDate",
    "LastModified",
    "PolicyId",
    "RevisionId",
    "RoleId",
    "StateTransitionedTimestamp",
    "StateUpdatedTimestamp",
    "SubscriptionArn",
    "UpdateDate",
    "actionId",
    "clientRequestToken",
    "createdAt",
    "creationDate",
    "creationTime",
    "customerVersion",
    "deprecationDate",
    "generationId",
    "lastModifiedDate",
    "pendingSinceMs",
    "pendingUntilMs",
    "sinceMs",
    "thingGroupId",
    "thingId",
    "thingTypeId",
    "token",
    "trustChangedMs",
    "updatingUntilMs",
    "version",
];

/// Collections that hold what has passed through, not what is set up.
const TRAFFIC: &[&str] = &[
    "cloudwatch.datapoint",
    "cloudwatch.metric",
    "iot.audit-finding",
    "iot.audit-mitigation-task",
    "iot.audit-task",
    "iot.detect-mitigation-task",
    "iot.violation",
    "iot.violation-event",
    "logs.event",
    "logs.stream",
    "sns.outbox",
];

/// `{"objects": {ACCOUNT: {REGION: {COLLECTION: {KEY: VALUE}}}}, "volatile": the same tree with the
/// ids and times that were taken out of the first}`. Keys are sorted; empty collections are left out.
pub fn snapshot(tables: BTreeMap<Table, Objects>) -> Value {
    let (mut steady, mut volatile) = (Value::Object(Map::new()), Value::Object(Map::new()));
    for ((account, region, collection), objects) in tables {
        // The sandbox's own bookkeeping belongs to no account.
        if account.is_empty() {
            continue;
        }
        for (key, value) in objects {
            let traffic = TRAFFIC.contains(&collection.as_str());
            let (kept, taken) = if traffic { (Value::Null, value) } else { split(present(&collection, value)) };
            if !kept.is_null() {
                steady[&account][&region][&collection][&key] = kept;
            }
            if !taken.is_null() {
                volatile[&account][&region][&collection][&key] = taken;
            }
        }
    }
    Value::Object(Map::from_iter([("objects".to_owned(), steady), ("volatile".to_owned(), volatile)]))
}

/// Of the tags' history only the last entry is the state; nothing if the object is gone.
fn present(collection: &str, value: Value) -> Value {
    match value {
        Value::Array(mut history) if collection == "tags" => {
            history.pop().filter(|entry| entry["gone"] == false).unwrap_or_default()
        }
        other => other,
    }
}

fn split(value: Value) -> (Value, Value) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(String, Value)> = members.into_iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            let (mut kept, mut taken) = (Map::new(), Map::new());
            for (name, value) in sorted {
                if VOLATILE.contains(&name.as_str()) {
                    taken.insert(name, value);
                    continue;
                }
                let (steady, volatile) = split(value);
                if !volatile.is_null() {
                    taken.insert(name.clone(), volatile);
                }
                kept.insert(name, steady);
            }
            let taken = if taken.is_empty() { Value::Null } else { Value::Object(taken) };
            (Value::Object(kept), taken)
        }
        Value::Array(items) => {
            let (kept, taken): (Vec<Value>, Vec<Value>) = items.into_iter().map(split).unzip();
            let taken = if taken.iter().all(Value::is_null) { Value::Null } else { Value::Array(taken) };
            (Value::Array(kept), taken)
        }
        other => (other, Value::Null),
    }
}
