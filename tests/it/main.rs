//! The one integration binary: the engine against the sandbox, always through the socket.

mod audit;
mod conformance;
mod defender_tasks;
mod detect;
mod documented;
mod golden;
mod interruption;
mod mistakes;
mod paths;
mod program;
mod recipe;
mod simulate;
mod test_command;
mod tidy;
mod traffic;
mod tune;
mod two_specs;
mod world;
