//! Any sequence of calls of an application, a socket and a clock.
//!
//! The target itself is in `pop3_testkit::fuzz`, so that `cargo test` can replay inputs.
#![no_main]

libfuzzer_sys::fuzz_target!(|operations: pop3_testkit::fuzz::operations::Operations| {
    operations.run();
});
