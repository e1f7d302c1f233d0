//! The sandbox through its socket: protocols, faults, state and time.
//!
//! Each operation's own behaviour is driven by `tests/boto3`, with a client that others wrote.

mod caller;
mod faults;
mod protocols;
mod state;
mod time;
