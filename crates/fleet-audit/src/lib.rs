//! The AWS IoT Device Defender audit checks and IoT policy reasoning.
//!
//! Pure and synchronous: no clock, no network, no files.

pub mod policy;
