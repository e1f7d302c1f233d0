//! AWS IoT: the control plane, Device Defender included. One file per kind; `refusal`, `tagging`,
//! `detachment`, `relation`, `behavior`, `rule_sql`, `policy_document`, `x509`, `audit_snapshot` and
//! `mitigation` hold rules that kinds share or that are long.

mod audit_configuration;
mod audit_finding;
mod audit_mitigation_task;
mod audit_snapshot;
mod audit_suppression;
mod audit_task;
mod behavior;
mod ca_certificate;
mod certificate;
mod custom_metric;
mod detachment;
mod dimension;
mod endpoint;
mod indexing;
mod logging;
mod logging_v1;
mod mitigation;
mod mitigation_action;
mod policy;
mod policy_attachment;
mod policy_document;
mod policy_version;
mod refusal;
mod relation;
mod role_alias;
mod rule_sql;
mod scheduled_audit;
mod security_profile;
mod security_profile_target;
mod tagging;
mod thing;
mod thing_group;
mod thing_group_membership;
mod thing_principal;
mod thing_type;
mod topic_rule;
pub mod traffic;
mod violation;
mod x509;

/// Operations of AWS IoT, one table per kind.
pub const TABLES: &[super::service::Table] = &[
    audit_configuration::OPERATIONS,
    audit_finding::OPERATIONS,
    audit_mitigation_task::OPERATIONS,
    audit_suppression::OPERATIONS,
    audit_task::OPERATIONS,
    ca_certificate::OPERATIONS,
    certificate::OPERATIONS,
    custom_metric::OPERATIONS,
    dimension::OPERATIONS,
    endpoint::OPERATIONS,
    indexing::OPERATIONS,
    logging::OPERATIONS,
    logging_v1::OPERATIONS,
    mitigation_action::OPERATIONS,
    policy::OPERATIONS,
    policy_attachment::OPERATIONS,
    policy_version::OPERATIONS,
    role_alias::OPERATIONS,
    scheduled_audit::OPERATIONS,
    security_profile::OPERATIONS,
    security_profile_target::OPERATIONS,
    tagging::OPERATIONS,
    thing::OPERATIONS,
    thing_group::OPERATIONS,
    thing_group_membership::OPERATIONS,
    thing_principal::OPERATIONS,
    thing_type::OPERATIONS,
    topic_rule::OPERATIONS,
    violation::OPERATIONS,
];
