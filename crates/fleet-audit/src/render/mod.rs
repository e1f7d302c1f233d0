//! Reports for machines and people, as pure functions.

pub mod junit;
pub mod markdown;
pub mod sarif;
