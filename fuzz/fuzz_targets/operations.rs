#![no_main]

libfuzzer_sys::fuzz_target!(|operations: pop3_testkit::fuzz::operations::Operations| {
    operations.run();
});
