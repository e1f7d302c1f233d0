//! Who calls: GetCallerIdentity. Source: API:GetCallerIdentity.

use serde_json::{Value, json};

use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[("GetCallerIdentity", get_caller_identity)];

fn get_caller_identity(_tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let Request { account, access_key, .. } = request;
    // The account's root user: a sandbox has no users of its own, and root's id is the account.
    let user = if access_key == account { account.as_str() } else { access_key.as_str() };
    Ok(json!({"UserId": user, "Account": account, "Arn": request.caller_arn()}))
}
