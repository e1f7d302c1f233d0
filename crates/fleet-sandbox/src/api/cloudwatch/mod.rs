//! Amazon CloudWatch: alarms, dashboards, metric data.

pub mod alarm;
pub mod alarm_configuration;
pub mod alarm_state;
pub mod dashboard;
pub mod dashboard_body;
pub mod metric_data;
pub mod metric_statistics;
pub mod tag;

/// Operations of CloudWatch, one table per kind.
pub const TABLES: &[super::service::Table] = &[
    alarm::OPERATIONS,
    alarm_state::OPERATIONS,
    dashboard::OPERATIONS,
    metric_data::OPERATIONS,
    metric_statistics::OPERATIONS,
    tag::OPERATIONS,
];
