//! Made traffic: a fleet described in YAML, its ordinary life, and episodes in which something goes wrong.
//!
//! The same seed gives the same events on every machine: random numbers come from hashing the seed with the device,
//! the stream and a counter, all collections are ordered, and arithmetic is integer throughout.

pub mod amount;
mod device;
pub mod generate;
pub mod model;
mod random;
pub mod schema;
