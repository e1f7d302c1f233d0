//! The refusals that AWS IoT operations share, in the service's own codes.
//!
//! Where AWS's text is public it is used word for word, since clients match on it; the source
//! stands beside it. The other texts are ours.

use serde_json::Value;

use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// The request is well-formed but not allowed.
pub fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::new("InvalidRequestException", message)
}

/// The named object does not exist.
pub fn not_found(kind: &str, name: &str) -> AwsError {
    AwsError::new("ResourceNotFoundException", format!("{kind} {name} not found."))
}

/// An object of that name exists; with the members AWS adds (API:ResourceAlreadyExistsException).
pub fn exists(kind: &str, name: &str, arn: &str) -> AwsError {
    exists_because(format!("{kind} {name} already exists in account with different attributes"), name, arn)
}

/// As [`exists`], with another text.
pub fn exists_because(message: impl Into<String>, id: &str, arn: &str) -> AwsError {
    AwsError::new("ResourceAlreadyExistsException", message).field("resourceId", id).field("resourceArn", arn)
}

/// A quota is used up.
pub fn limit(message: impl Into<String>) -> AwsError {
    AwsError::new("LimitExceededException", message)
}

/// Refuses a name that is taken, and more objects of a kind than an account may have.
pub fn check_new(
    tx: &Tx<'_>,
    collection: &str,
    kind: &str,
    name: &str,
    arn: &str,
    most: usize,
) -> Result<(), AwsError> {
    if tx.has(collection, name) {
        return Err(exists_because(format!("{kind} {name} already exists."), name, arn));
    }
    if tx.scan(collection).count() >= most {
        return Err(limit(format!("{kind} {name} would be one too many: an account has at most {most}.")));
    }
    Ok(())
}

/// Compares `expectedVersion`, if the caller gave one, with the object's `version`.
pub fn check_version(request: &Request, object: &Value, kind: &str, name: &str) -> Result<(), AwsError> {
    let present = object["version"].as_i64().unwrap_or_default();
    match request.int("expectedVersion") {
        Some(expected) if expected != present => Err(AwsError::new(
            "VersionConflictException",
            format!(
                "The version for {kind} {name} does not match the expected version: it is {present}, not {expected}."
            ),
        )),
        _ => Ok(()),
    }
}

/// The version after a change of the object.
pub fn next_version(object: &Value) -> i64 {
    object["version"].as_i64().unwrap_or_default() + 1
}
