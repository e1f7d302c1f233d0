//! Role aliases: names under which devices get credentials of an IAM role.
//!
//! Sources: API:CreateRoleAlias, API:UpdateRoleAlias; IoT developer guide, "Authorizing direct calls"
//! (900 to 43200 seconds, 3600 by default, at most the role's longest session); General Reference
//! (100 an account, an older figure).

use serde_json::{Value, json};

use super::policy::MARKERS;
use super::refusal::{check_new, invalid, not_found};
use super::tagging;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{page, page_backwards};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateRoleAlias", create_role_alias),
    ("DescribeRoleAlias", describe_role_alias),
    ("UpdateRoleAlias", update_role_alias),
    ("DeleteRoleAlias", delete_role_alias),
    ("ListRoleAliases", list_role_aliases),
];

/// Collection of role aliases by name, in the form DescribeRoleAlias answers.
pub const ROLE_ALIASES: &str = "iot.role-alias";
const MOST: usize = 100;
const DEFAULT_SECONDS: i64 = 3600;

fn create_role_alias(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("roleAlias")?;
    let arn = request.arn("iot", &format!("rolealias/{name}"));
    check_new(tx, ROLE_ALIASES, "Role alias", name, &arn, MOST)?;
    let alias = json!({
        "roleAlias": name,
        "roleAliasArn": arn,
        "roleArn": request.get("roleArn"),
        "owner": request.account,
        "credentialDurationSeconds": request.int("credentialDurationSeconds").unwrap_or(DEFAULT_SECONDS),
        "creationDate": request.now_ms,
        "lastModifiedDate": request.now_ms,
    });
    check_session(tx, &alias)?;
    tagging::create(tx, request, &arn)?;
    tx.put(ROLE_ALIASES, name, alias);
    Ok(json!({ "roleAlias": name, "roleAliasArn": arn }))
}

fn describe_role_alias(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    Ok(json!({ "roleAliasDescription": find(tx, request.need("roleAlias")?)? }))
}

fn update_role_alias(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("roleAlias")?;
    let mut alias = find(tx, name)?;
    for setting in ["roleArn", "credentialDurationSeconds"] {
        if let Some(value) = request.get(setting) {
            alias[setting] = value.clone();
        }
    }
    check_session(tx, &alias)?;
    alias["lastModifiedDate"] = request.now_ms.into();
    let answer = json!({ "roleAlias": name, "roleAliasArn": alias["roleAliasArn"] });
    tx.put(ROLE_ALIASES, name, alias);
    Ok(answer)
}

fn delete_role_alias(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("roleAlias")?;
    let alias = find(tx, name)?;
    tagging::forget(tx, request, alias["roleAliasArn"].as_str().unwrap_or_default());
    tx.remove(ROLE_ALIASES, name);
    Ok(json!({}))
}

/// Alphabetical; backwards if the caller says `isAscendingOrder=false`.
fn list_role_aliases(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let mut names: Vec<(String, &str)> = tx.scan(ROLE_ALIASES).map(|(name, _)| (name.to_owned(), name)).collect();
    let (names, next) = if request.flag("ascendingOrder") == Some(false) {
        names.reverse();
        page_backwards(request, &MARKERS, names)?
    } else {
        page(request, &MARKERS, names)?
    };
    Ok(json!({ "roleAliases": names, "nextMarker": next }))
}

fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(ROLE_ALIASES, name).cloned().ok_or_else(|| not_found("Role alias", name))
}

/// Credentials cannot last longer than the role's longest session, where the role is known here.
fn check_session(tx: &mut Tx<'_>, alias: &Value) -> Result<(), AwsError> {
    let (role, seconds) = (
        alias["roleArn"].as_str().unwrap_or_default(),
        alias["credentialDurationSeconds"].as_i64().unwrap_or_default(),
    );
    let name = role.rsplit('/').next().unwrap_or_default();
    let longest = tx
        .global()
        .get("iam.role", name)
        .filter(|known| known["Arn"] == role)
        .and_then(|known| known["MaxSessionDuration"].as_i64());
    match longest {
        Some(longest) if seconds > longest => Err(invalid(format!(
            "credentialDurationSeconds is {seconds}, longer than the role's maximum session of {longest} seconds."
        ))),
        _ => Ok(()),
    }
}
