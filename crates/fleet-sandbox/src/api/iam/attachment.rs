//! Managed policies attached to roles. Source: API:AttachRolePolicy, DetachRolePolicy,
//! ListAttachedRolePolicies, ListEntitiesForPolicy.
//!
//! Collection `iam.attachment`, key: `ROLE/POLICY-ARN`.

use serde_json::{Value, json};

use super::listing::listing;
use super::{policy, role};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("AttachRolePolicy", attach_role_policy),
    ("DetachRolePolicy", detach_role_policy),
    ("ListAttachedRolePolicies", list_attached_role_policies),
    ("ListEntitiesForPolicy", list_entities_for_policy),
];

const ATTACHMENT: &str = "iam.attachment";

/// Managed policies per role (IAM quotas, adjustable).
const MOST_ATTACHED: usize = 10;

/// Names of the roles the policy is attached to.
pub fn roles_with(tx: &Tx<'_>, arn: &str) -> Vec<String> {
    let attached = tx.scan(ATTACHMENT).filter_map(|(key, _)| key.split_once('/'));
    attached.filter(|(_, policy)| *policy == arn).map(|(role, _)| role.to_owned()).collect()
}

fn attach_role_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, arn) = (request.need("RoleName")?, request.need("PolicyArn")?);
    role::find(tx, name)?;
    policy::attachable(tx, arn)?;
    let (key, children) = (format!("{name}/{arn}"), format!("{name}/"));
    // Attaching again is no error (API:AttachRolePolicy is idempotent).
    if !tx.has(ATTACHMENT, &key) && tx.scan_prefix(ATTACHMENT, &children).count() >= MOST_ATTACHED {
        let message = format!("Cannot exceed quota for PoliciesPerRole: {MOST_ATTACHED}");
        return Err(AwsError::new("LimitExceeded", message));
    }
    tx.put(ATTACHMENT, &key, json!({"PolicyName": arn.rsplit('/').next(), "PolicyArn": arn}));
    Ok(json!({}))
}

fn detach_role_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, arn) = (request.need("RoleName")?, request.need("PolicyArn")?);
    role::find(tx, name)?;
    let missing = || AwsError::new("NoSuchEntity", format!("Policy {arn} was not found."));
    tx.remove(ATTACHMENT, &format!("{name}/{arn}")).ok_or_else(missing)?;
    Ok(json!({}))
}

fn list_attached_role_policies(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("RoleName")?;
    role::find(tx, name)?;
    let (children, prefix) = (format!("{name}/"), request.str("PathPrefix").unwrap_or("/"));
    let attached = tx.scan_prefix(ATTACHMENT, &children).filter(|(key, _)| policy::path_of(key).starts_with(prefix));
    let attached: Vec<_> = attached.map(|(key, value)| (key.to_owned(), value.clone())).collect();
    listing(request, "AttachedPolicies", attached)
}

fn list_entities_for_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = request.need("PolicyArn")?;
    policy::attachable(tx, arn)?;
    let wanted = request.str("EntityFilter").is_none_or(|filter| filter == "Role");
    let bounds = request.str("PolicyUsageFilter").is_some_and(|filter| filter == "PermissionsBoundary");
    let names = match (wanted, bounds) {
        (false, _) => Vec::new(),
        (true, false) => roles_with(tx, arn),
        (true, true) => super::boundary::roles_with(tx, arn),
    };
    let roles = names.into_iter().map(|name| {
        let id = tx.get(role::ROLE, &name).map(|role| role["RoleId"].clone());
        (name.clone(), json!({"RoleName": name, "RoleId": id}))
    });
    let mut out = listing(request, "PolicyRoles", roles.collect::<Vec<_>>())?;
    out["PolicyGroups"] = json!([]);
    out["PolicyUsers"] = json!([]);
    Ok(out)
}
