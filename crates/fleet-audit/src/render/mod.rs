//! Reports for machines and people, as pure functions.

pub mod controls;
pub mod heading;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod sarif;
