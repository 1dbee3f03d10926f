//! A `Connection` with TLS and a TLS server in memory, without sockets. The tests advance the clock
//! and share `pop3_testkit::tls`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

mod back_pressure;
mod binding;
mod certificates;
mod end_point;
mod handshake;
mod names;
mod observed;
mod options;
mod pinned;
mod pinned_keys;
mod sessions;
mod sharing;
mod shutdown;
mod stls;
pub(crate) mod texts;
