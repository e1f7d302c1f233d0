//! Reasoning over AWS IoT and IAM policy documents.

pub mod access;
pub mod bypass;
pub mod condition;
pub mod context;
pub mod data_plane;
pub mod document;
pub mod iot_admin;
pub mod language;
pub mod pattern;
pub mod place;
pub mod role;
pub mod template;
