//! fleetctl: fleet security as code.

pub mod address;
pub mod aws;
pub mod diagnostic;
pub mod exit;
pub mod kind;
pub mod ownership;
pub mod policy_document;
pub mod resources;
pub mod scope;
pub mod spec;
