//! The state of an evaluator, with and without its header.

#![no_main]

#[path = "../../crates/fleet-detect/tests/hostile/bodies.rs"]
#[allow(dead_code)]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    bodies::restore(bytes);
});
