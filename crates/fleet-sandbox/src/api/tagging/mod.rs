//! Resource groups tagging API.

pub mod bulk_tag;
pub mod resource;
pub mod tag_key;

/// Operations of the tagging API, one table per kind.
pub const TABLES: &[super::service::Table] = &[bulk_tag::OPERATIONS, resource::OPERATIONS, tag_key::OPERATIONS];
