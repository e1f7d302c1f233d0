//! The fleet as the rules see it: states with names for what they mean.

pub mod alarm;
pub mod audit;
pub mod dashboard;
pub mod device;
pub mod fleet;
pub mod function;
pub mod logging;
pub mod metric;
pub mod mitigation;
pub mod profile;
pub mod role;
pub mod sql;
pub mod thing_group;
pub mod topic;
pub mod topic_rule;
