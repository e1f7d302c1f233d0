//! Plans and outcomes as text for people and as data for programs.

pub mod human;
pub mod json;
pub mod markdown;
pub mod paint;
pub mod value;
