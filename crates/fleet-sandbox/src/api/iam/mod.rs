//! AWS IAM: roles and managed policies.

pub mod trust;

/// Operations of IAM.
pub const TABLES: &[super::service::Table] = &[];
