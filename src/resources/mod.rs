//! The kinds: one file each, and the one list of them.

pub mod arns;
pub mod audit_checks;
pub mod audit_configuration;
pub mod behavior;
pub mod names;
pub mod rule_action;
pub mod rule_action_table;
pub mod scheduled_audit;
pub mod security_profile;
pub mod thing;
pub mod thing_group;
pub mod thing_type;
pub mod topic_rule;

use crate::kind::{AnyKind, Erased};

/// Every kind, in the order of a plan: what is used comes before what uses it.
pub const KINDS: &[&dyn AnyKind] = &[
    &Erased::<thing_type::ThingType>::new(),
    &Erased::<thing::Thing>::new(),
    &Erased::<thing_group::ThingGroup>::new(),
    &Erased::<security_profile::SecurityProfile>::new(),
    &Erased::<audit_configuration::AuditConfiguration>::new(),
    &Erased::<scheduled_audit::ScheduledAudit>::new(),
    &Erased::<topic_rule::TopicRule>::new(),
];
