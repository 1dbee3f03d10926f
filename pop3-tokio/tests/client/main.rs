//! Tokio's client: over streams in memory, with paused time, over sockets on the loopback
//! interface, and with the common client tests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod support;

mod back_pressure;
mod deadlines;
mod deadlines_in_tls;
mod dialing;
#[cfg(unix)]
mod driven;
mod dropped_operations;
mod dropped_quits;
mod dropped_sessions;
mod fairness;
#[cfg(target_os = "linux")]
mod faults;
mod keep_alive;
mod panics;
#[cfg(unix)]
mod parity;
mod previews;
mod reading;
mod scram;
mod sendable;
mod served_in_memory;
mod shutdown;
mod skipped_messages;
mod slow_consumers;
mod synchronisation;
mod tokens;
mod transports;
mod unsolicited_err;
