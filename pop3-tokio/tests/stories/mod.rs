//! What the stories share (`support`), and the stories.
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
mod dropped_operations;
mod dropped_quits;
mod dropped_sessions;
mod fairness;
mod farewells;
mod panics;
mod partings;
mod reading;
mod scram;
mod sendable;
mod skipped_messages;
mod slow_consumers;
mod tokens;
mod transports;
