//! Roles. Source: API:CreateRole, GetRole, UpdateRole, UpdateAssumeRolePolicy, DeleteRole, ListRoles,
//! ListInstanceProfilesForRole.
//!
//! Collection `iam.role`, key: the name. Names are unique whatever their case (API:CreateRole).

use serde_json::{Value, json};

use super::document::{check_trust, encoded, size};
use super::listing::listing;
use super::{boundary, tag};
use crate::api::service::Table;
use crate::api::tags;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateRole", create_role),
    ("GetRole", get_role),
    ("UpdateRole", update_role),
    ("UpdateRoleDescription", update_role_description),
    ("UpdateAssumeRolePolicy", update_assume_role_policy),
    ("DeleteRole", delete_role),
    ("ListRoles", list_roles),
    ("ListInstanceProfilesForRole", list_instance_profiles_for_role),
];

/// Collection of roles.
pub const ROLE: &str = "iam.role";

/// Roles per account (IAM quotas).
const MOST_ROLES: usize = 1000;
/// Characters of a trust policy without white space (IAM quotas).
const MOST_TRUST: usize = 2048;
/// Seconds a session may last unless `MaxSessionDuration` says otherwise.
const SESSION_SECONDS: i64 = 3600;

/// The role, or the refusal that there is none.
pub fn find<'t>(tx: &'t Tx<'_>, name: &str) -> Result<&'t Value, AwsError> {
    let missing = || AwsError::new("NoSuchEntity", format!("The role with name {name} cannot be found."));
    tx.get(ROLE, name).ok_or_else(missing)
}

/// The role as an answer shows it. Lists leave out tags, boundary and last use (API:ListRoles).
fn shown(tx: &Tx<'_>, role: &Value, whole: bool) -> Value {
    let mut out = role.clone();
    let document = encoded(role["AssumeRolePolicyDocument"].as_str().unwrap_or_default());
    out["AssumeRolePolicyDocument"] = document.into();
    if let Some(members) = out.as_object_mut() {
        members.shift_remove("trustChangedMs");
        if whole {
            let tags = tags::list(tx, role["Arn"].as_str().unwrap_or_default());
            if !tags.is_empty() {
                members.insert("Tags".to_owned(), tags.into());
            }
        } else {
            members.shift_remove("PermissionsBoundary");
        }
    }
    out
}

fn create_role(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, document) = (request.need("RoleName")?, request.need("AssumeRolePolicyDocument")?);
    if tx.scan(ROLE).any(|(key, _)| key.eq_ignore_ascii_case(name)) {
        return Err(AwsError::new("EntityAlreadyExists", format!("Role with name {name} already exists.")));
    }
    if tx.scan(ROLE).count() >= MOST_ROLES {
        return Err(AwsError::new("LimitExceeded", format!("Cannot exceed quota for RolesPerAccount: {MOST_ROLES}")));
    }
    check_trust_size(tx, request, document)?;
    let path = request.str("Path").unwrap_or("/");
    let arn = format!("arn:aws:iam::{}:role{path}{name}", request.account);
    let mut role = json!({
        "Path": path,
        "RoleName": name,
        "RoleId": format!("AROA{}", &tx.unique()[..17].to_uppercase()),
        "Arn": arn,
        "CreateDate": request.now_ms / 1000 * 1000,
        "AssumeRolePolicyDocument": document,
        "MaxSessionDuration": request.int("MaxSessionDuration").unwrap_or(SESSION_SECONDS),
        "trustChangedMs": request.now_ms,
    });
    if let Some(description) = request.str("Description") {
        role["Description"] = description.into();
    }
    if let Some(boundary) = request.str("PermissionsBoundary") {
        role["PermissionsBoundary"] = boundary::attached(tx, boundary)?;
    }
    tx.put(ROLE, name, role.clone());
    let tags = tags::read(request.get("Tags"), &tag::CODES)?;
    tags::create(tx, request, &arn, tags, &tag::CODES)?;
    Ok(json!({ "Role": shown(tx, &role, true) }))
}

fn check_trust_size(tx: &Tx<'_>, request: &Request, document: &str) -> Result<(), AwsError> {
    check_trust(tx, &request.account, document)?;
    match size(document) > MOST_TRUST {
        true => Err(AwsError::new("LimitExceeded", format!("Cannot exceed quota for ACLSizePerRole: {MOST_TRUST}"))),
        false => Ok(()),
    }
}

fn get_role(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let role = find(tx, request.need("RoleName")?)?;
    let mut shown = shown(tx, role, true);
    shown["RoleLastUsed"] = json!({});
    Ok(json!({ "Role": shown }))
}

fn update_role(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("RoleName")?;
    let mut role = find(tx, name)?.clone();
    // Absent members are reset to their defaults: UpdateRole is no patch for the session, and it
    // leaves the description alone only if none is given.
    role["MaxSessionDuration"] = request.int("MaxSessionDuration").unwrap_or(SESSION_SECONDS).into();
    if let Some(description) = request.str("Description") {
        role["Description"] = description.into();
    }
    tx.put(ROLE, name, role);
    Ok(json!({}))
}

fn update_role_description(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("RoleName")?;
    let mut role = find(tx, name)?.clone();
    role["Description"] = request.need("Description")?.into();
    tx.put(ROLE, name, role.clone());
    Ok(json!({ "Role": shown(tx, &role, true) }))
}

fn update_assume_role_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, document) = (request.need("RoleName")?, request.need("PolicyDocument")?);
    let mut role = find(tx, name)?.clone();
    check_trust_size(tx, request, document)?;
    role["AssumeRolePolicyDocument"] = document.into();
    role["trustChangedMs"] = request.now_ms.into();
    tx.put(ROLE, name, role);
    Ok(json!({}))
}

fn delete_role(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("RoleName")?;
    let arn = find(tx, name)?["Arn"].as_str().unwrap_or_default().to_owned();
    let children = format!("{name}/");
    if tx.scan_prefix("iam.attachment", &children).next().is_some() {
        return Err(AwsError::new("DeleteConflict", "Cannot delete entity, must detach all policies first."));
    }
    if tx.scan_prefix("iam.rolePolicy", &children).next().is_some() {
        return Err(AwsError::new("DeleteConflict", "Cannot delete entity, must delete policies first."));
    }
    tx.remove(ROLE, name);
    tags::delete(tx, request, &arn);
    Ok(json!({}))
}

fn list_roles(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let prefix = request.str("PathPrefix").unwrap_or("/");
    let wanted = tx.scan(ROLE).filter(|(_, role)| role["Path"].as_str().is_some_and(|path| path.starts_with(prefix)));
    listing(request, "Roles", wanted.map(|(name, role)| (name.to_owned(), shown(tx, role, false))))
}

/// There is no call here that makes instance profiles, so a role is in none.
fn list_instance_profiles_for_role(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("RoleName")?)?;
    listing(request, "InstanceProfiles", [])
}
