//! A `Connection` with TLS under it against a TLS server in memory: no sockets, and a clock that only
//! the stories move. They share `pop3_testkit::tls`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod pinned;

mod back_pressure;
mod binding;
mod certificates;
mod ends;
mod handshake;
mod names;
mod stls;
mod whole_sessions;
