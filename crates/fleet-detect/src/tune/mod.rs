//! Thresholds from traffic: what a budget of false alarms allows, counted exactly as the evaluator counts.
//!
//! ```text
//! Config ─plan→ Config with variants ─Evaluator→ datapoints ─Recorder→ series ─tune→ Tuning
//! ```
//!
//! A false alarm is an alarm, from its raising to its clearing, that is raised outside every labelled incident; it is
//! not a datapoint. The alarms of a candidate are counted by running the alarm rule of [`crate::evaluator`] over the
//! recorded datapoints, so evaluating the same traffic with the proposed criteria gives just the predicted number.
//! A fixed threshold changes no datapoint; percentiles and ML confidences do, and are evaluated side by side.
//!
//! The choice is made on the first part of the time and reported on the last part, which it has not seen.

mod bound;
mod candidate;
mod choose;
mod elements;
mod grid;
mod headroom;
mod labels;
mod notes;
mod outcome;

pub mod page;
pub mod patch;
mod plan;
mod record;
mod report;
mod search;
mod suspects;

pub use bound::poisson_upper;
pub use choose::{Settings, tune};
pub use labels::Incident;
pub use notes::{minutes, short};
pub use plan::Plan;
pub use record::{MAX_DATAPOINTS, Recorder};
pub use report::*;
