//! The blocking client: over sockets on the loopback interface, over misbehaving streams, with
//! Dovecot, and with the common client tests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod support;

mod batches;
mod connecting;
mod deadlines;
#[cfg(unix)]
mod dovecot;
mod embedded_server;
mod extremes;
#[cfg(target_os = "linux")]
mod faults;
mod faults_on_request;
mod faulty_synchronisation;
#[cfg(unix)]
mod foreign_clients;
mod logins;
mod messages;
mod panics;
#[cfg(unix)]
mod parity;
mod recordings;
mod session_end;
mod streams;
mod synchronisation;
mod tickets;
