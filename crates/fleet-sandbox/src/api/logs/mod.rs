//! Amazon CloudWatch Logs.

pub mod log_event;
pub mod log_event_filter;
pub mod log_group;
pub mod log_group_setting;
pub mod log_stream;
pub mod metric_filter;
pub mod tag;

/// Operations of CloudWatch Logs, one table per kind.
pub const TABLES: &[super::service::Table] = &[
    log_event::OPERATIONS,
    log_event_filter::OPERATIONS,
    log_group::OPERATIONS,
    log_group_setting::OPERATIONS,
    log_stream::OPERATIONS,
    metric_filter::OPERATIONS,
    tag::OPERATIONS,
];
