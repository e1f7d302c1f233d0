//! The kinds: one file each, and the one list of them.

pub mod function;
pub mod function_permission;
pub mod log_group;
pub mod managed_policy;
pub mod names;
pub mod role;
pub mod thing;
pub mod thing_group;
pub mod thing_type;

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
];
