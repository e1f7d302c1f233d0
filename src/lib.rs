//! fleetctl: fleet security as code.

pub mod address;
pub mod apply;
pub mod aws;
pub mod cli;
pub mod diagnostic;
pub mod diff;
pub mod exit;
pub mod graph;
pub mod kind;
pub mod live;
pub mod ownership;
pub mod paths;
pub mod plan;
pub mod policy_document;
pub mod render;
pub mod resources;
pub mod scope;
pub mod spec;
