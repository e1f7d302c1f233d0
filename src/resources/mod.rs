//! The kinds: one file each (with its parts beside it), and the one list of them.

pub mod alarm;
mod alarm_condition;
mod alarm_metric;
mod audit_checks;
pub mod audit_configuration;
mod behavior;
pub mod certificate;
mod certificate_file;
mod certificate_find;
mod certificate_key;
mod certificate_mark;
pub mod dashboard;
mod dashboard_body;
mod dashboard_widget;
pub mod function;
mod function_permission;
pub mod log_group;
pub mod managed_policy;
mod names;
pub mod policy;
pub mod role;
mod rule_action;
mod rule_action_table;
pub mod scheduled_audit;
mod seconds;
pub mod security_profile;
pub mod thing;
pub mod thing_group;
pub mod thing_type;
pub mod topic;
mod topic_access;
pub mod topic_rule;
mod topic_subscription;

use crate::kind::{AnyKind, Erased};

/// Every kind, in the order of a plan: roughly, what is used comes before what uses it.
pub const KINDS: &[&dyn AnyKind] = &[
    &Erased::<managed_policy::ManagedPolicy>::new(),
    &Erased::<role::Role>::new(),
    &Erased::<log_group::LogGroup>::new(),
    &Erased::<topic::Topic>::new(),
    &Erased::<function::Function>::new(),
    &Erased::<thing_type::ThingType>::new(),
    &Erased::<thing::Thing>::new(),
    &Erased::<thing_group::ThingGroup>::new(),
    &Erased::<policy::Policy>::new(),
    &Erased::<certificate::Certificate>::new(),
    &Erased::<security_profile::SecurityProfile>::new(),
    &Erased::<audit_configuration::AuditConfiguration>::new(),
    &Erased::<scheduled_audit::ScheduledAudit>::new(),
    &Erased::<topic_rule::TopicRule>::new(),
    &Erased::<alarm::Alarm>::new(),
    &Erased::<dashboard::Dashboard>::new(),
];
