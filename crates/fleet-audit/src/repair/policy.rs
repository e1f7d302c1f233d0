//! AWS IoT policies: a statement of the document is written anew, and the check is run
//! again on the result. Only what passes is proposed.

use super::{SpecChange, deny, narrow};
use crate::audit;
use crate::finding::Finding;
use crate::settings::Settings;
use crate::snapshot::{IotPolicy, Snapshot};
use crate::timestamp::Timestamp;
use serde_json::Value;

/// A change of the statement that the finding points at.
pub fn propose(finding: &Finding, address: &str, snapshot: &Snapshot) -> Option<SpecChange> {
    let mut policies = snapshot.policies.iter().flatten();
    let policy = policies.find(|policy| policy.address.as_deref() == Some(address))?;
    let document = document(&policy.policy_document)?;
    let pointer = finding.pointer.as_deref()?;
    let index: usize = pointer.strip_prefix("/Statement/")?.parse().ok()?;
    let statement = document.pointer(pointer).or_else(|| document.get("Statement").filter(|one| one.is_object()))?;
    let (statements, note) = match finding.check_name.as_str() {
        "IOT_POLICY_OVERLY_PERMISSIVE_CHECK" => narrow::statements(statement)?,
        _ => (vec![deny::statement(statement)?], "The Deny now also covers what is delivered."),
    };
    let repaired = replaced(&document, index, &statements)?;
    if !is_gone(finding, index, statements.len(), policy, repaired) {
        return None;
    }
    let value = portable(Value::Array(statements), snapshot);
    SpecChange::new(address, &format!("/document{pointer}"), value, note)
}

fn document(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        object => Some(object.clone()),
    }
}

fn replaced(document: &Value, index: usize, statements: &[Value]) -> Option<Value> {
    let mut list = match document.get("Statement")? {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    if index >= list.len() {
        return None;
    }
    list.splice(index..=index, statements.iter().cloned());
    let mut document = document.clone();
    document["Statement"] = Value::Array(list);
    Some(document)
}

/// Whether the statements that took the place of the old one are free of the finding.
/// Other statements may still have it; those get findings of their own when this is gone.
fn is_gone(finding: &Finding, index: usize, count: usize, policy: &IotPolicy, document: Value) -> bool {
    let Ok(settings) = Settings::default().only([finding.check_name.as_str()]) else { return false };
    let policy = IotPolicy { policy_document: document, ..policy.clone() };
    let snapshot = Snapshot { policies: Some(vec![policy]), ..Snapshot::default() };
    let report = audit::run(&snapshot, &settings, Timestamp(0));
    let ours: Vec<String> = (index..index + count).map(|index| format!("/Statement/{index}")).collect();
    report.undecided.is_empty()
        && report.findings.iter().chain(&report.advice).all(|left| {
            let here = left.pointer.as_ref().is_some_and(|pointer| ours.contains(pointer));
            !here
        })
}

/// The account's own ARNs in the form in which a spec holds in every account.
fn portable(value: Value, snapshot: &Snapshot) -> Value {
    let (Some(account), Some(region)) = (&snapshot.account_id, &snapshot.region) else { return value };
    match value {
        Value::String(text) => {
            let spread = ["aws", "aws-cn", "aws-us-gov"].iter().find_map(|partition| {
                let rest = text.strip_prefix(&format!("arn:{partition}:iot:{region}:{account}:"))?;
                Some(format!("arn:${{partition}}:iot:${{region}}:${{account}}:{rest}"))
            });
            Value::String(spread.unwrap_or(text))
        }
        Value::Array(items) => items.into_iter().map(|item| portable(item, snapshot)).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, portable(value, snapshot))).collect(),
        other => other,
    }
}
