//! What Device Defender itself found and does: audit tasks, findings, mitigation actions, violations.

pub mod audit_finding;
pub mod audit_task;
pub mod mitigation;
pub mod violation;
