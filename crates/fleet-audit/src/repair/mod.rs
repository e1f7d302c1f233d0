//! The change of a spec that removes a finding. A change that concerns a policy document
//! is tried here before it is proposed.

mod certificate;
mod change;
mod deny;
mod narrow;
mod policy;

pub use change::{SpecChange, propose_all};
