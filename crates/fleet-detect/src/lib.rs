//! AWS IoT Device Defender Detect, evaluated in-process.
mod alarm;
pub mod alarm_when;
pub mod behavior;
pub mod config;
pub mod dimension;
pub mod event;
pub mod metric;
mod population;
pub mod profile;
pub mod registry;
mod rules;
pub mod semantics;
pub mod validate;
pub mod value;
pub mod violation;
