//! The kinds: one file each, and the one list of them.

pub mod alarm;
pub mod alarm_condition;
pub mod alarm_metric;
pub mod arns;
pub mod audit_checks;
pub mod audit_configuration;
pub mod behavior;
pub mod dashboard;
pub mod dashboard_body;
pub mod dashboard_widget;
pub mod function;
pub mod function_permission;
pub mod log_group;
pub mod managed_policy;
pub mod names;
pub mod role;
pub mod scheduled_audit;
pub mod seconds;
pub mod security_profile;
pub mod thing;
pub mod thing_group;
pub mod thing_type;
pub mod topic;
pub mod topic_access;
pub mod topic_subscription;

use crate::kind::{AnyKind, Erased};

/// Every kind, in the order of a plan: what is used comes before what uses it.
pub const KINDS: &[&dyn AnyKind] = &[
    &Erased::<managed_policy::ManagedPolicy>::new(),
    &Erased::<role::Role>::new(),
    &Erased::<log_group::LogGroup>::new(),
    &Erased::<function::Function>::new(),
    &Erased::<thing_type::ThingType>::new(),
    &Erased::<thing::Thing>::new(),
    &Erased::<thing_group::ThingGroup>::new(),
    &Erased::<security_profile::SecurityProfile>::new(),
    &Erased::<audit_configuration::AuditConfiguration>::new(),
    &Erased::<scheduled_audit::ScheduledAudit>::new(),
    &Erased::<topic::Topic>::new(),
    &Erased::<alarm::Alarm>::new(),
    &Erased::<dashboard::Dashboard>::new(),
];
