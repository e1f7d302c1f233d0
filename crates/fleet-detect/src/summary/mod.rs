//! What a simulation says in the end: alarms with their causes, totals, the comparison of two profiles, and the page.

pub mod alarms;
pub mod compare;
pub mod html;
pub mod incidents;
pub mod normal;
pub mod page;
pub mod series;
pub mod totals;
