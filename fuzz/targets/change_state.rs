//! A whole state with bytes changed.

#![no_main]

#[path = "../../crates/fleet-detect/tests/hostile/bodies.rs"]
#[allow(dead_code)]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    bodies::change_state(bytes);
});
