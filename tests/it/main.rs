//! The one integration binary: the engine against the sandbox, always through the socket.

mod conformance;
mod interruption;
mod mistakes;
mod recipe;
mod tidy;
mod two_specs;
mod world;
