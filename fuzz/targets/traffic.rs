//! Traffic whose format and compression are to be seen.

#![no_main]

#[path = "../../crates/fleet-detect/tests/hostile/bodies.rs"]
#[allow(dead_code)]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    bodies::traffic(None, bytes);
});
