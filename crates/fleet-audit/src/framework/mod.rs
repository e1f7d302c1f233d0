//! Published frameworks of controls, and what an audit has to say about each control. It
//! is evidence for whoever assesses, not a certification.

mod by_control;
mod catalogue;

pub use by_control::{ByControl, ControlReport, Standing, by_control};
pub use catalogue::{Control, Framework, all, find};
