//! Alert paths: does every signal of the spec reach somebody, and if not, where does it stop.
//!
//! Pure and synchronous. [`model`] turns states into things that rules can ask about; [`rules`] hold one rule a file,
//! listed in [`registry`]; [`trace`] follows the signals and [`drawing`] draws them; [`waiver`] and [`report`] turn
//! findings into messages. Nothing here reads files or names the SDK.

pub mod analysis;
pub mod drawing;
pub mod duty;
pub mod finding;
pub mod healthy;
mod managed_policies;
pub mod model;
pub mod permission;
pub mod registry;
pub mod report;
pub mod rules;
#[cfg(test)]
mod testing;
pub mod topic_filter;
pub mod trace;
pub mod waiver;

pub use registry::{codes, explain, pages};
