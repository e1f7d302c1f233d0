//! Retention and encryption of log groups. Source: API:PutRetentionPolicy, DeleteRetentionPolicy,
//! AssociateKmsKey, DisassociateKmsKey.

use serde_json::{Value, json};

use super::log_group::{GROUP, find};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("PutRetentionPolicy", put_retention_policy),
    ("DeleteRetentionPolicy", delete_retention_policy),
    ("AssociateKmsKey", associate_kms_key),
    ("DisassociateKmsKey", disassociate_kms_key),
];

/// Days events may be kept (API:PutRetentionPolicy).
const DAYS: &[i64] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Sets a member of the group, or removes it.
fn set(tx: &mut Tx<'_>, name: &str, member: &str, value: Option<Value>) -> Result<Value, AwsError> {
    let mut group = find(tx, name)?.clone();
    if let Some(members) = group.as_object_mut() {
        match value {
            Some(value) => members.insert(member.to_owned(), value),
            None => members.shift_remove(member),
        };
    }
    tx.put(GROUP, name, group);
    Ok(json!({}))
}

fn put_retention_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let days = request.int("retentionInDays").unwrap_or_default();
    if !DAYS.contains(&days) {
        let valid: Vec<String> = DAYS.iter().map(i64::to_string).collect();
        let message = format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
            valid.join(", ")
        );
        return Err(AwsError::new("InvalidParameterException", message));
    }
    set(tx, request.need("logGroupName")?, "retentionInDays", Some(days.into()))
}

fn delete_retention_policy(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    set(tx, request.need("logGroupName")?, "retentionInDays", None)
}

/// `resourceIdentifier` also means query results of the account, which the sandbox does not have;
/// with an ARN of a log group it is that group.
fn group_of(request: &Request) -> Result<&str, AwsError> {
    let identifier = request.str("resourceIdentifier").and_then(|arn| arn.split_once(":log-group:"));
    let named = request.str("logGroupName").or(identifier.map(|(_, name)| name.trim_end_matches(":*")));
    named.ok_or_else(|| AwsError::new("InvalidParameterException", "A log group must be specified."))
}

fn associate_kms_key(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let key = request.need("kmsKeyId")?;
    if !key.starts_with("arn:") {
        return Err(AwsError::new("InvalidParameterException", "The kmsKeyId must be the ARN of a KMS key."));
    }
    set(tx, group_of(request)?, "kmsKeyId", Some(key.into()))
}

fn disassociate_kms_key(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    set(tx, group_of(request)?, "kmsKeyId", None)
}
