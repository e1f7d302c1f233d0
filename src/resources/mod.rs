//! The kinds, and the one list of them. A kind is the file of its name, and its parts are in the folder of that name.

pub mod alarm;
mod audit_checks;
pub mod audit_configuration;
pub mod audit_suppression;
pub mod ca_certificate;
pub mod certificate;
pub mod custom_metric;
pub mod dashboard;
pub mod dimension;
pub mod function;
pub mod log_group;
mod log_level;
pub mod logging;
pub mod managed_policy;
pub mod mitigation_action;
mod names;
pub mod policy;
pub mod role;
pub mod role_alias;
pub mod scheduled_audit;
mod seconds;
pub mod security_profile;
pub mod thing;
pub mod thing_group;
pub mod thing_type;
pub mod topic;
pub mod topic_rule;

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
    &Erased::<ca_certificate::CaCertificate>::new(),
    &Erased::<certificate::Certificate>::new(),
    &Erased::<custom_metric::CustomMetric>::new(),
    &Erased::<dimension::Dimension>::new(),
    &Erased::<security_profile::SecurityProfile>::new(),
    &Erased::<audit_configuration::AuditConfiguration>::new(),
    &Erased::<scheduled_audit::ScheduledAudit>::new(),
    &Erased::<audit_suppression::AuditSuppression>::new(),
    &Erased::<logging::Logging>::new(),
    &Erased::<mitigation_action::MitigationAction>::new(),
    &Erased::<role_alias::RoleAlias>::new(),
    &Erased::<topic_rule::TopicRule>::new(),
    &Erased::<alarm::Alarm>::new(),
    &Erased::<dashboard::Dashboard>::new(),
];
