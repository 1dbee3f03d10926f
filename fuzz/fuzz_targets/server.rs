//! The server with any client.
//!
//! The target itself is in `pop3_testkit::fuzz`, so that `cargo test` can replay inputs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    pop3_testkit::fuzz::server(data);
});
