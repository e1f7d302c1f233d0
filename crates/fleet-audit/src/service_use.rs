//! When a role last used which service (IAM API:GetServiceLastAccessedDetails).

use crate::snapshot::{ServiceUse, Snapshot};
use crate::timestamp::Timestamp;

/// What counts as recent, in days: AWS's pages say a year.
pub const RECENT_DAYS: i64 = 365;

/// Why a question about use cannot be decided.
pub const MISSING: &str = "the snapshot does not have its role's serviceLastAccessed data";

/// The services that IAM lists for the role.
pub fn of_role<'a>(snapshot: &'a Snapshot, role_arn: &str) -> Option<&'a [ServiceUse]> {
    let uses = snapshot.service_last_accessed.as_ref()?;
    let role = uses.iter().find(|role| role.arn == role_arn)?;
    Some(&role.services_last_accessed)
}

/// Whether the service was used at most 365 days ago.
pub fn is_recent(service: &ServiceUse, now: Timestamp) -> bool {
    service.last_authenticated.is_some_and(|last| last >= now.plus_days(-RECENT_DAYS))
}
