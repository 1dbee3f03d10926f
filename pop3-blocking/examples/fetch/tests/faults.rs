//! `fetch` where servers die, connections break, and disks are full: see `pop3_testkit::faults`.

use pop3_testkit::faults::full_disk;
use pop3_testkit::program::FETCH;

pop3_testkit::every_fetch! { FETCH }

#[test]
fn on_a_full_disk_fetch_deletes_nothing_and_completes_when_there_is_room() {
    full_disk::what_is_not_stored_is_not_deleted_and_the_next_run_completes(FETCH);
}
