//! Reasoning over AWS IoT and IAM policy documents.

pub mod access;
pub mod condition;
pub mod context;
pub mod document;
pub mod language;
pub mod pattern;
pub mod template;
