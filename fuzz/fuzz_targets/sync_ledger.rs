//! The text of a ledger, damaged in any way.
//!
//! The target itself is in `pop3_testkit::fuzz`, so that `cargo test` can replay inputs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pop3_testkit::fuzz::sync_ledger(data);
});
