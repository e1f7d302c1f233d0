//! Managed policies of the account. Source: API:CreatePolicy, GetPolicy, DeletePolicy, ListPolicies.
//!
//! Collection `iam.policy`, key: the ARN.

use serde_json::{Value, json};

use super::listing::listing;
use super::{attachment, boundary, managed, policy_version, tag};
use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreatePolicy", create_policy),
    ("GetPolicy", get_policy),
    ("DeletePolicy", delete_policy),
    ("ListPolicies", list_policies),
];

/// Collection of policies.
pub const POLICY: &str = "iam.policy";

/// Customer managed policies per account (IAM quotas).
const MOST_POLICIES: usize = 1500;

/// The path in a policy's ARN: `/` or `/a/b/`.
pub fn path_of(arn: &str) -> &str {
    let resource = arn.split_once(":policy").map_or("/", |(_, resource)| resource);
    resource.rfind('/').map_or("/", |end| &resource[..=end])
}

/// A policy, of the account or one of AWS's known ones.
pub fn find(tx: &Tx<'_>, arn: &str) -> Result<Value, AwsError> {
    let missing = || AwsError::new("NoSuchEntity", format!("Policy {arn} was not found."));
    let known = || managed::policies().find(|(known, _)| known == arn).map(|(_, policy)| policy);
    tx.get(POLICY, arn).cloned().or_else(known).ok_or_else(missing)
}

/// A policy of the account; AWS's own cannot be changed.
pub fn find_own(tx: &Tx<'_>, arn: &str) -> Result<Value, AwsError> {
    if arn.starts_with(managed::PREFIX) {
        let message = format!("Cannot perform the operation on the AWS managed policy {arn}.");
        return Err(AwsError::new("AccessDenied", message).status(403));
    }
    find(tx, arn)
}

/// Whether a policy can be attached: it exists, or AWS manages it.
pub fn attachable(tx: &Tx<'_>, arn: &str) -> Result<(), AwsError> {
    if tx.has(POLICY, arn) || arn.starts_with(managed::PREFIX) {
        return Ok(());
    }
    Err(AwsError::new("NoSuchEntity", format!("Policy {arn} does not exist or is not attachable.")))
}

fn shown(tx: &Tx<'_>, policy: &Value, whole: bool) -> Value {
    let arn = policy["Arn"].as_str().unwrap_or_default();
    let mut out = policy.clone();
    out["AttachmentCount"] = attachment::roles_with(tx, arn).len().into();
    out["PermissionsBoundaryUsageCount"] = boundary::roles_with(tx, arn).len().into();
    out["IsAttachable"] = true.into();
    if whole {
        out["Tags"] = tags::list(tx, arn).into();
    }
    if let Some(members) = out.as_object_mut() {
        members.shift_remove("versions");
        if !whole {
            // Lists leave the description out (API:ListPolicies).
            members.shift_remove("Description");
        }
    }
    out
}

fn create_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, document) = (request.need("PolicyName")?, request.need("PolicyDocument")?);
    let path = request.str("Path").unwrap_or("/");
    let same = |policy: &Value| policy["PolicyName"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(name));
    if tx.scan(POLICY).any(|(_, policy)| same(policy)) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(AwsError::new("EntityAlreadyExists", message));
    }
    if tx.scan(POLICY).count() >= MOST_POLICIES {
        let message = format!("Cannot exceed quota for PoliciesPerAccount: {MOST_POLICIES}");
        return Err(AwsError::new("LimitExceeded", message));
    }
    let arn = format!("arn:aws:iam::{}:policy{path}{name}", request.account);
    let now = request.now_ms / 1000 * 1000;
    let mut policy = json!({
        "PolicyName": name, "PolicyId": format!("ANPA{}", &tx.unique()[..17].to_uppercase()), "Arn": arn, "Path": path,
        "DefaultVersionId": "v1", "CreateDate": now, "UpdateDate": now, "versions": 0,
    });
    if let Some(description) = request.str("Description") {
        policy["Description"] = description.into();
    }
    tx.put(POLICY, &arn, policy);
    policy_version::add(tx, request, &arn, document, true)?;
    let tags = tags::read(request.get("Tags"), &tag::CODES)?;
    tags::create(tx, request, &arn, tags, &tag::CODES)?;
    Ok(json!({ "Policy": shown(tx, &find(tx, &arn)?, true) }))
}

fn get_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let policy = find(tx, request.need("PolicyArn")?)?;
    Ok(json!({ "Policy": shown(tx, &policy, true) }))
}

fn delete_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = request.need("PolicyArn")?;
    find_own(tx, arn)?;
    if !attachment::roles_with(tx, arn).is_empty() || !boundary::roles_with(tx, arn).is_empty() {
        return Err(AwsError::new("DeleteConflict", "Cannot delete a policy attached to entities."));
    }
    policy_version::remove_last(tx, arn)?;
    tx.remove(POLICY, arn);
    tags::delete(tx, request, arn);
    Ok(json!({}))
}

fn list_policies(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let scope = request.str("Scope").unwrap_or("All");
    let prefix = request.str("PathPrefix").unwrap_or("/");
    let attached = request.flag("OnlyAttached").unwrap_or(false);
    let own = tx.scan(POLICY).map(|(arn, policy)| (arn.to_owned(), policy.clone())).filter(|_| scope != "AWS");
    let all = own.chain(managed::policies().filter(|_| scope != "Local"));
    let mut wanted: Vec<(String, Value)> = all
        .filter(|(_, policy)| policy["Path"].as_str().is_some_and(|path| path.starts_with(prefix)))
        .map(|(arn, policy)| (arn, shown(tx, &policy, false)))
        .filter(|(_, policy)| !attached || policy["AttachmentCount"] != 0)
        .collect();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    listing(request, "Policies", wanted)
}
