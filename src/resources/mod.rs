//! The kinds: one file each, and the one list of them.

pub mod log_group;
pub mod managed_policy;
pub mod role;
pub mod arns;
pub mod audit_checks;
pub mod audit_configuration;
pub mod behavior;
pub mod names;
pub mod scheduled_audit;
pub mod security_profile;
pub mod thing;
pub mod thing_group;
pub mod thing_type;

use crate::kind::{AnyKind, Erased};

/// Every kind, in the order of a plan: what is used comes before what uses it.
pub const KINDS: &[&dyn AnyKind] = &[
    &Erased::<managed_policy::ManagedPolicy>::new(),
    &Erased::<role::Role>::new(),
    &Erased::<log_group::LogGroup>::new(),
    &Erased::<thing_type::ThingType>::new(),
    &Erased::<thing::Thing>::new(),
    &Erased::<thing_group::ThingGroup>::new(),
    &Erased::<security_profile::SecurityProfile>::new(),
    &Erased::<audit_configuration::AuditConfiguration>::new(),
    &Erased::<scheduled_audit::ScheduledAudit>::new(),
];
