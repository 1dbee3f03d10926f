//! The SASL mechanisms with any challenges.
//!
//! The target itself is in `pop3_testkit::fuzz`, so that `cargo test` can replay inputs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pop3_testkit::fuzz::sasl(data);
});
