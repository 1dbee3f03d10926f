//! `fetch` with servers that die, connections that break, and full disks: see
//! `pop3_testkit::faults`.

use pop3_testkit::faults::full_disk;
use pop3_testkit::program::FETCH;

pop3_testkit::every_fetch! { FETCH }

#[test]
fn fetch_on_full_disk_deletes_nothing_then_completes() {
    full_disk::unstored_messages_are_kept_and_next_run_completes(FETCH);
}
