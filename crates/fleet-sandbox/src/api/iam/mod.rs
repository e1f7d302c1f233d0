//! AWS IAM: roles and managed policies.

pub mod attachment;
pub mod boundary;
pub mod document;
pub mod inline_policy;
pub mod listing;
pub mod managed;
pub mod policy;
pub mod policy_version;
pub mod role;
pub mod tag;
pub mod trust;

/// Operations of IAM, one table per kind.
pub const TABLES: &[super::service::Table] = &[
    attachment::OPERATIONS,
    boundary::OPERATIONS,
    inline_policy::OPERATIONS,
    policy::OPERATIONS,
    policy_version::OPERATIONS,
    role::OPERATIONS,
    tag::OPERATIONS,
];
