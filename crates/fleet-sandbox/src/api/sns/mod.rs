//! Amazon SNS: topics, subscriptions and an outbox instead of deliveries.

pub mod attribute;
pub mod confirmation;
pub mod publish;
pub mod subscription;
pub mod subscription_attribute;
pub mod tag;
pub mod topic;
pub mod topic_attribute;

/// Operations of SNS, one table per kind.
pub const TABLES: &[super::service::Table] = &[
    confirmation::OPERATIONS,
    publish::OPERATIONS,
    subscription::OPERATIONS,
    subscription_attribute::OPERATIONS,
    tag::OPERATIONS,
    topic::OPERATIONS,
    topic_attribute::OPERATIONS,
];
