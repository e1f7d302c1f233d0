//! Versions of IoT policies: numbered upwards, never renumbered, five at a time.
//!
//! Sources: API:CreatePolicyVersion, API:DeletePolicyVersion, API:SetDefaultPolicyVersion; the text of
//! the sixth version's refusal: hashicorp/terraform-provider-aws issue 30314.

use serde_json::{Value, json};

use super::policy::{self, POLICIES};
use super::policy_document;
use super::refusal::not_found;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreatePolicyVersion", create_policy_version),
    ("GetPolicyVersion", get_policy_version),
    ("ListPolicyVersions", list_policy_versions),
    ("DeletePolicyVersion", delete_policy_version),
    ("SetDefaultPolicyVersion", set_default_policy_version),
];

/// Versions as `policy/number`; policy names hold no slash.
const VERSIONS: &str = "iot.policy-version";
const MOST: usize = 5;

/// Versions of a policy, oldest first, with their numbers.
pub fn versions<'t>(tx: &'t Tx<'_>, name: &str) -> impl Iterator<Item = (u64, &'t Value)> {
    let prefix = format!("{name}/");
    let numbered = |(key, version): (&str, &'t Value)| Some((key.strip_prefix(&prefix)?.parse().ok()?, version));
    let mut found: Vec<(u64, &Value)> = tx.scan_prefix(VERSIONS, &prefix).filter_map(numbered).collect();
    found.sort_by_key(|(number, _)| *number);
    found.into_iter()
}

/// One version, or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, name: &str, id: &str) -> Result<Value, AwsError> {
    tx.get(VERSIONS, &format!("{name}/{id}"))
        .cloned()
        .ok_or_else(|| not_found("Policy version", &format!("{name}:{id}")))
}

/// Keeps a new version.
pub fn store(tx: &mut Tx<'_>, request: &Request, name: &str, number: u64, document: &str) {
    let version = json!({ "policyDocument": document, "creationDate": request.now_ms });
    tx.put(VERSIONS, &format!("{name}/{number}"), version);
    // Numbers of deleted versions are not used again.
    if let Some(mut policy) = tx.get(POLICIES, name).cloned() {
        policy["lastVersionId"] = number.into();
        tx.put(POLICIES, name, policy);
    }
}

/// Makes a further version and puts it in force. The document is not looked at: AWS's own template is no document that
/// a caller could give.
pub fn replace_default(tx: &mut Tx<'_>, request: &Request, name: &str, document: &str) -> Result<(), AwsError> {
    let number = next_number(tx, name)?;
    store(tx, request, name, number, document);
    put_in_force(tx, request, name, &number.to_string());
    Ok(())
}

/// The number of a further version, if there may be one.
fn next_number(tx: &Tx<'_>, name: &str) -> Result<u64, AwsError> {
    let policy = tx.get(POLICIES, name).ok_or_else(|| not_found("Policy", name))?;
    if versions(tx, name).count() >= MOST {
        let message = format!("The policy {name} already has the maximum number of versions ({MOST})");
        return Err(AwsError::new("VersionsLimitExceededException", message));
    }
    Ok(policy["lastVersionId"].as_u64().unwrap_or_default() + 1)
}

/// Deletes all versions of a policy.
pub fn forget(tx: &mut Tx<'_>, name: &str) {
    let numbers: Vec<u64> = versions(tx, name).map(|(number, _)| number).collect();
    for number in numbers {
        tx.remove(VERSIONS, &format!("{name}/{number}"));
    }
}

fn create_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, document) = (request.need("policyName")?, request.need("policyDocument")?);
    let policy = tx.get(POLICIES, name).cloned().ok_or_else(|| not_found("Policy", name))?;
    policy_document::check(document)?;
    let number = next_number(tx, name)?;
    store(tx, request, name, number, document);
    let in_force = request.flag("setAsDefault") == Some(true);
    if in_force {
        put_in_force(tx, request, name, &number.to_string());
    }
    Ok(json!({
        "policyArn": policy["policyArn"],
        "policyDocument": document,
        "policyVersionId": number.to_string(),
        "isDefaultVersion": in_force,
    }))
}

fn get_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, id) = (request.need("policyName")?, request.need("policyVersionId")?);
    let policy = policy::find(tx, name)?;
    let version = find(tx, name, id)?;
    Ok(json!({
        "policyArn": policy["policyArn"],
        "policyName": name,
        "policyDocument": version["policyDocument"],
        "policyVersionId": id,
        "isDefaultVersion": policy["defaultVersionId"] == id,
        "creationDate": version["creationDate"],
        "lastModifiedDate": version["creationDate"],
        "generationId": policy["generationId"],
    }))
}

fn list_policy_versions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("policyName")?;
    let policy = policy::find(tx, name)?;
    let shown = versions(tx, name).map(|(number, version)| {
        let id = number.to_string();
        json!({ "versionId": id, "isDefaultVersion": policy["defaultVersionId"] == id, "createDate": version["creationDate"] })
    });
    Ok(json!({ "policyVersions": shown.collect::<Vec<Value>>() }))
}

fn delete_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, id) = (request.need("policyName")?, request.need("policyVersionId")?);
    let policy = policy::find(tx, name)?;
    find(tx, name, id)?;
    if policy["defaultVersionId"] == id {
        return Err(AwsError::new("DeleteConflictException", "Cannot delete the default version of a policy"));
    }
    tx.remove(VERSIONS, &format!("{name}/{id}"));
    Ok(json!({}))
}

fn set_default_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, id) = (request.need("policyName")?, request.need("policyVersionId")?);
    policy::find(tx, name)?;
    find(tx, name, id)?;
    put_in_force(tx, request, name, id);
    Ok(json!({}))
}

fn put_in_force(tx: &mut Tx<'_>, request: &Request, name: &str, id: &str) {
    if let Some(mut policy) = tx.get(POLICIES, name).cloned() {
        policy["defaultVersionId"] = id.into();
        policy["lastModifiedDate"] = request.now_ms.into();
        tx.put(POLICIES, name, policy);
    }
}
