//! Permissions boundaries of roles. Source: API:PutRolePermissionsBoundary, DeleteRolePermissionsBoundary.

use serde_json::{Value, json};

use super::{policy, role};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("PutRolePermissionsBoundary", put_role_permissions_boundary),
    ("DeleteRolePermissionsBoundary", delete_role_permissions_boundary),
];

/// The member `PermissionsBoundary` of a role bounded by this policy.
pub fn attached(tx: &Tx<'_>, arn: &str) -> Result<Value, AwsError> {
    policy::attachable(tx, arn)?;
    Ok(json!({"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}))
}

/// Names of the roles bounded by the policy.
pub fn roles_with(tx: &Tx<'_>, arn: &str) -> Vec<String> {
    let bounded = tx.scan(role::ROLE).filter(|(_, role)| role["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn);
    bounded.map(|(name, _)| name.to_owned()).collect()
}

fn put_role_permissions_boundary(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("RoleName")?;
    let mut role = role::find(tx, name)?.clone();
    role["PermissionsBoundary"] = attached(tx, request.need("PermissionsBoundary")?)?;
    tx.put(role::ROLE, name, role);
    Ok(json!({}))
}

fn delete_role_permissions_boundary(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("RoleName")?;
    let mut role = role::find(tx, name)?.clone();
    let removed = role.as_object_mut().and_then(|members| members.shift_remove("PermissionsBoundary"));
    if removed.is_none() {
        return Err(AwsError::new(
            "NoSuchEntity",
            format!("Role {name} does not have a permissions boundary attached."),
        ));
    }
    tx.put(role::ROLE, name, role);
    Ok(json!({}))
}
