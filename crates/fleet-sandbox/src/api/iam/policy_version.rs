//! Versions of managed policies. Source: API:CreatePolicyVersion, GetPolicyVersion,
//! ListPolicyVersions, DeletePolicyVersion, SetDefaultPolicyVersion.
//!
//! Collection `iam.policyVersion`, key: `POLICY-ARN#NNNNNN`. Numbers are never used again.

use serde_json::{Value, json};

use super::document::{check_identity, encoded, size};
use super::listing::listing;
use super::{managed, policy};
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

const VERSION: &str = "iam.policyVersion";

/// Versions of a managed policy (IAM quotas).
const MOST_VERSIONS: usize = 5;
/// Characters of a managed policy without white space (IAM quotas).
const MOST_CHARACTERS: usize = 6144;

fn key(arn: &str, version: &str) -> Option<String> {
    let number: u64 = version.strip_prefix('v')?.parse().ok()?;
    Some(format!("{arn}#{number:06}"))
}

/// Adds a version; the caller has checked that the policy is there.
pub fn add(tx: &mut Tx<'_>, request: &Request, arn: &str, document: &str, default: bool) -> Result<Value, AwsError> {
    check_identity(document)?;
    if size(document) > MOST_CHARACTERS {
        let message = format!("Cannot exceed quota for PolicySize: {MOST_CHARACTERS}");
        return Err(AwsError::new("LimitExceeded", message));
    }
    let mut policy = policy::find(tx, arn)?;
    let number = policy["versions"].as_u64().unwrap_or(0) + 1;
    let id = format!("v{number}");
    let now = request.now_ms / 1000 * 1000;
    tx.put(VERSION, &format!("{arn}#{number:06}"), json!({"VersionId": id, "CreateDate": now, "Document": document}));
    policy["versions"] = number.into();
    if default {
        policy["DefaultVersionId"] = id.clone().into();
        policy["UpdateDate"] = now.into();
    }
    tx.put(policy::POLICY, arn, policy);
    Ok(json!({"VersionId": id, "IsDefaultVersion": default, "CreateDate": now}))
}

/// Removes the only version left; a policy with more cannot be deleted.
pub fn remove_last(tx: &mut Tx<'_>, arn: &str) -> Result<(), AwsError> {
    let keys: Vec<String> = tx.scan_prefix(VERSION, &format!("{arn}#")).map(|(key, _)| key.to_owned()).collect();
    if keys.len() > 1 {
        let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.";
        return Err(AwsError::new("DeleteConflict", message));
    }
    for key in keys {
        tx.remove(VERSION, &key);
    }
    Ok(())
}

fn missing(arn: &str, version: &str) -> AwsError {
    AwsError::new("NoSuchEntity", format!("Policy {arn} version {version} does not exist or is not attachable."))
}

fn create_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (arn, document) = (request.need("PolicyArn")?, request.need("PolicyDocument")?);
    policy::find_own(tx, arn)?;
    if tx.scan_prefix(VERSION, &format!("{arn}#")).count() >= MOST_VERSIONS {
        let message = format!(
            "A managed policy can have up to {MOST_VERSIONS} versions. Before you create a new version, you must delete an existing version."
        );
        return Err(AwsError::new("LimitExceeded", message));
    }
    let version = add(tx, request, arn, document, request.flag("SetAsDefault").unwrap_or(false))?;
    Ok(json!({ "PolicyVersion": version }))
}

fn get_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (arn, wanted) = (request.need("PolicyArn")?, request.need("VersionId")?);
    let policy = policy::find(tx, arn)?;
    if let Some((id, created, document)) = managed::version(arn).filter(|(id, ..)| *id == wanted) {
        let version =
            json!({"Document": encoded(&document), "VersionId": id, "IsDefaultVersion": true, "CreateDate": created});
        return Ok(json!({ "PolicyVersion": version }));
    }
    let version = key(arn, wanted).and_then(|key| tx.get(VERSION, &key)).ok_or_else(|| missing(arn, wanted))?;
    let mut out = version.clone();
    out["Document"] = encoded(version["Document"].as_str().unwrap_or_default()).into();
    out["IsDefaultVersion"] = (policy["DefaultVersionId"] == wanted).into();
    Ok(json!({ "PolicyVersion": out }))
}

fn list_policy_versions(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = request.need("PolicyArn")?;
    let policy = policy::find(tx, arn)?;
    let shown = |id: &Value, created: &Value| json!({"VersionId": id, "CreateDate": created, "IsDefaultVersion": *id == policy["DefaultVersionId"]});
    if let Some((id, created, _)) = managed::version(arn) {
        return listing(request, "Versions", [(id.to_owned(), shown(&id.into(), &created.into()))]);
    }
    let prefix = format!("{arn}#");
    let versions =
        tx.scan_prefix(VERSION, &prefix).map(|(key, v)| (key.to_owned(), shown(&v["VersionId"], &v["CreateDate"])));
    listing(request, "Versions", versions)
}

fn delete_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (arn, wanted) = (request.need("PolicyArn")?, request.need("VersionId")?);
    let policy = policy::find_own(tx, arn)?;
    let key = key(arn, wanted).filter(|key| tx.has(VERSION, key)).ok_or_else(|| missing(arn, wanted))?;
    if policy["DefaultVersionId"] == wanted {
        return Err(AwsError::new("DeleteConflict", "Cannot delete the default version of a policy."));
    }
    tx.remove(VERSION, &key);
    Ok(json!({}))
}

fn set_default_policy_version(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (arn, wanted) = (request.need("PolicyArn")?, request.need("VersionId")?);
    let mut policy = policy::find_own(tx, arn)?;
    key(arn, wanted).filter(|key| tx.has(VERSION, key)).ok_or_else(|| missing(arn, wanted))?;
    policy["DefaultVersionId"] = wanted.into();
    policy["UpdateDate"] = (request.now_ms / 1000 * 1000).into();
    tx.put(policy::POLICY, arn, policy);
    Ok(json!({}))
}
