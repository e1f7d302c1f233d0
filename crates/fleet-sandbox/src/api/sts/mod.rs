//! AWS STS.

pub mod caller;

/// Operations of STS.
pub const TABLES: &[super::service::Table] = &[caller::OPERATIONS];
