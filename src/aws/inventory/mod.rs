//! What an audit needs to know of a live account, read in the form in which it judges it.
//!
//! Every call goes through `Context::call`, so each API is asked at its published rate.

pub mod account;
pub mod certificates;
mod roles;
pub mod service_use;
mod unread;

pub use account::read;
pub use unread::{Inventory, Unread, Watch};
