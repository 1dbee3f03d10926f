//! `fetch` with servers that die, connections that break, and full disks: see
//! `pop3_testkit::faults`.

use pop3_testkit::faults::{full_disk, sigkill};
use pop3_testkit::program::FETCH;

pop3_testkit::every_fetch! { FETCH }

#[test]
fn fetch_on_full_disk_deletes_nothing_then_completes() {
    full_disk::unstored_messages_are_kept_and_next_run_completes(FETCH);
}

/// Returns how many runs are killed. `POP3_KILLS` changes that.
fn kills() -> u64 {
    let set = std::env::var("POP3_KILLS");
    set.ok().and_then(|set| set.parse().ok()).unwrap_or(40)
}

#[test]
fn fetch_killed_anywhere_with_dovecot_loses_nothing() {
    sigkill::kills_with_dovecot(FETCH, kills());
}

#[test]
fn fetch_killed_anywhere_with_forged_replies_loses_nothing() {
    sigkill::kills_with_forged_replies(FETCH, kills());
}
