//! What a simulation says in the end: counts for people and machines, the comparison of two profiles, and the page.

pub mod compare;
pub mod html;
pub mod page;
pub mod series;
pub mod totals;
