//! The kinds: one file each, and the one list of them.

pub mod alarm;
mod alarm_condition;
mod alarm_metric;
pub mod certificate;
mod certificate_file;
mod certificate_find;
mod certificate_key;
mod certificate_mark;
pub mod dashboard;
mod dashboard_body;
mod dashboard_widget;
pub mod names;
pub mod policy;
mod seconds;
pub mod thing;
pub mod thing_group;
pub mod thing_type;
pub mod topic;
mod topic_access;
mod topic_subscription;

use crate::kind::{AnyKind, Erased};

/// Every kind, in the order of a plan: what is used comes before what uses it.
pub const KINDS: &[&dyn AnyKind] = &[
    &Erased::<thing_type::ThingType>::new(),
    &Erased::<thing::Thing>::new(),
    &Erased::<thing_group::ThingGroup>::new(),
    &Erased::<policy::Policy>::new(),
    &Erased::<certificate::Certificate>::new(),
    &Erased::<topic::Topic>::new(),
    &Erased::<alarm::Alarm>::new(),
    &Erased::<dashboard::Dashboard>::new(),
];
