//! The one integration binary: the engine against the sandbox, always through the socket.

mod conformance;
mod documented;
mod golden;
mod interruption;
mod mistakes;
mod program;
mod recipe;
mod simulate;
mod tidy;
mod traffic;
mod two_specs;
mod world;
