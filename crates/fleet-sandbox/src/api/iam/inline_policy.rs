//! Inline policies of roles. Source: API:PutRolePolicy, GetRolePolicy, DeleteRolePolicy, ListRolePolicies.
//!
//! Collection `iam.rolePolicy`, key: `ROLE/POLICY`, value: the document as text.

use serde_json::{Value, json};

use super::document::{check_identity, encoded, size};
use super::listing::listing;
use super::role;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("PutRolePolicy", put_role_policy),
    ("GetRolePolicy", get_role_policy),
    ("DeleteRolePolicy", delete_role_policy),
    ("ListRolePolicies", list_role_policies),
];

const INLINE: &str = "iam.rolePolicy";

/// Characters of all inline policies of a role together, without white space (IAM quotas).
const MOST_CHARACTERS: usize = 10_240;

fn key(request: &Request) -> Result<String, AwsError> {
    Ok(format!("{}/{}", request.need("RoleName")?, request.need("PolicyName")?))
}

fn missing(request: &Request) -> AwsError {
    let name = request.str("PolicyName").unwrap_or_default();
    AwsError::new("NoSuchEntity", format!("The role policy with name {name} cannot be found."))
}

fn put_role_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (name, document) = (request.need("RoleName")?, request.need("PolicyDocument")?);
    role::find(tx, name)?;
    check_identity(document)?;
    let (key, children) = (key(request)?, format!("{name}/"));
    let others = tx.scan_prefix(INLINE, &children).filter(|(other, _)| **other != key);
    let taken: usize = others.filter_map(|(_, document)| document.as_str()).map(size).sum();
    if taken + size(document) > MOST_CHARACTERS {
        let message = format!("Maximum policy size of {MOST_CHARACTERS} bytes exceeded for role {name}");
        return Err(AwsError::new("LimitExceeded", message));
    }
    tx.put(INLINE, &key, document.into());
    Ok(json!({}))
}

fn get_role_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    role::find(tx, request.need("RoleName")?)?;
    let document = tx.get(INLINE, &key(request)?).and_then(Value::as_str).ok_or_else(|| missing(request))?;
    Ok(json!({
        "RoleName": request.need("RoleName")?,
        "PolicyName": request.need("PolicyName")?,
        "PolicyDocument": encoded(document),
    }))
}

fn delete_role_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    role::find(tx, request.need("RoleName")?)?;
    tx.remove(INLINE, &key(request)?).ok_or_else(|| missing(request))?;
    Ok(json!({}))
}

fn list_role_policies(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("RoleName")?;
    role::find(tx, name)?;
    let children = format!("{name}/");
    let names = tx.scan_prefix(INLINE, &children).map(|(key, _)| key[children.len()..].to_owned());
    listing(request, "PolicyNames", names.map(|name| (name.clone(), name.into())))
}
