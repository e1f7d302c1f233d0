//! What stands above a report.

use crate::timestamp::Timestamp;

/// What was audited, and when.
#[derive(Debug, Clone, Copy)]
pub struct Heading<'a> {
    /// A file, or an account and region.
    pub title: &'a str,
    pub now: Timestamp,
    pub tool_version: &'a str,
}
