//! The reader of one format, which is the name of the target.

#![no_main]

#[path = "../../crates/fleet-detect/tests/hostile/bodies.rs"]
#[allow(dead_code)]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let format = env!("CARGO_BIN_NAME").parse().expect("targets are named as formats");
    bodies::traffic(Some(format), bytes);
});
