//! The AWS IoT Device Defender audit checks and IoT policy reasoning.
//!
//! Pure and synchronous: no clock, no network, no files.

pub mod audit;
pub mod certificate;
pub mod check;
pub mod checks;
pub mod comparison;
pub mod connections;
pub mod finding;
pub mod identity_pool;
pub mod mitigation;
pub mod policy;
pub mod registry;
pub mod service_use;
pub mod settings;
pub mod snapshot;
pub mod suppression;
pub mod timestamp;
