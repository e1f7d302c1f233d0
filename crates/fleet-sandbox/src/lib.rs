//! A local AWS on one loopback port, speaking the real wire protocols.
//!
//! Requests are decoded and validated by compact models of the services ([`model`]), handled as
//! pure functions over one transactional store ([`store`]), and answered in the protocol they came
//! in. Absent on purpose: any type shared with the provisioning engine, any AWS SDK, and any check
//! of signatures (they are parsed for account and region only).
//!
//! How to add an operation is described in [`api`].

mod api;
mod clock;
mod control;
mod dispatch;
mod error;
mod faults;
mod identity;
mod journal;
mod model;
mod paging;
mod protocol;
mod recorder;
mod request;
mod router;
mod sandbox;
mod server;
mod sigv4;
mod snapshot;
mod store;
mod validate;

pub use clock::Clock;
pub use faults::{Action, Faults, Rule};
pub use journal::reset_dir;
pub use recorder::Exchange;
pub use sandbox::{Config, Realism, Sandbox, StartError};
