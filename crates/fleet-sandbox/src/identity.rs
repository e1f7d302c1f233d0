//! Credentials that are refused on purpose, so that clients can be tested with them.

use crate::api::dialect::Dialect;
use crate::error::AwsError;

/// Refuses access keys that begin with `EXPIRED` or `INVALID`, as the service would refuse an
/// expired session or an unknown key. Every other key is accepted.
pub fn check(access_key: &str, dialect: &Dialect) -> Result<(), AwsError> {
    if access_key.starts_with("EXPIRED") {
        let (code, status) = dialect.expired;
        return Err(AwsError::new(code, "The security token included in the request is expired").status(status));
    }
    if access_key.starts_with("INVALID") {
        let (code, status) = dialect.unrecognized;
        return Err(AwsError::new(code, "The security token included in the request is invalid.").status(status));
    }
    Ok(())
}
