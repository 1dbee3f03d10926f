//! Tokio's client and `fetch_tokio` where servers die and connections break: see
//! `pop3-blocking/tests/faults/mod.rs`.
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

use runtimes::OnTokio;

faults::every_fault! { OnTokio }

// What is not in the session itself is `fetch`'s, and tested with that.
faults::fetched::every_fetch! { program::FETCH_TOKIO;
    fetch_tokio_with_a_server_killed_within_a_listing: killed_within_a_listing
    fetch_tokio_with_a_server_killed_within_a_message: killed_within_a_message
    fetch_tokio_with_a_server_killed_within_a_flight_of_deles: killed_within_a_flight_of_deles
    fetch_tokio_with_a_server_killed_at_quit: killed_at_quit
    fetch_tokio_where_the_connection_stalls: stalled_on_the_way
    fetch_tokio_in_tls_where_the_connection_ends_or_stalls: interrupted_in_tls
}
