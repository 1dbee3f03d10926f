//! The client of async-std and `fetch_async_std` where servers die and connections break: see
//! `pop3-blocking/tests/faults/mod.rs`. What smol's has of its own is its timers and its name look-up:
//! `parity`.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "../../pop3-blocking/tests/dovecot/mod.rs"]
mod dovecot;
#[path = "../../pop3-blocking/tests/faults/mod.rs"]
mod faults;
#[path = "../../pop3-blocking/tests/parity/mod.rs"]
mod parity;
#[path = "../../pop3-blocking/tests/program/mod.rs"]
mod program;
mod runtimes;
#[path = "../../pop3-blocking/tests/session/mod.rs"]
mod session;
#[path = "../../pop3-blocking/tests/parity/waiting.rs"]
mod waiting;

use runtimes::OnAsyncStd;

faults::every_fault! { OnAsyncStd }

// What is not in the session itself is `fetch`'s, and tested with that.
faults::fetched::every_fetch! { program::FETCH_ASYNC_STD;
    fetch_async_std_with_a_server_killed_within_a_message: killed_within_a_message
    fetch_async_std_with_a_server_killed_at_quit: killed_at_quit
    fetch_async_std_where_the_connection_stalls: stalled_on_the_way
    fetch_async_std_where_octets_are_put_into_the_session: tampered_with
}
