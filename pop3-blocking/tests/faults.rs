//! The blocking client and `fetch` where servers die, connections break, and disks are full: see
//! `faults/mod.rs`.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "parity/blocking.rs"]
mod blocking;
mod dovecot;
#[path = "faults/mod.rs"]
mod faults;
#[path = "parity/mod.rs"]
mod parity;
mod program;
mod session;

use blocking::Blocking;

faults::every_fault! { Blocking }

faults::fetched::every_fetch! { program::FETCH }

#[test]
fn on_a_full_disk_fetch_deletes_nothing_and_completes_when_there_is_room() {
    faults::full_disk::what_is_not_stored_is_not_deleted_and_the_next_run_completes(program::FETCH);
}
