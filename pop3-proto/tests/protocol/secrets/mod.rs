//! Secrets do not appear in anything that can be logged, with any login method and any reply of the
//! server (T-43), and they are wiped from memory after use (T-44).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

#[cfg(target_os = "linux")]
mod child;
mod later_echoes;
mod log;
mod logged;
mod logins;
#[cfg(target_os = "linux")]
mod memory;
mod observed;
mod over_tls;
#[cfg(target_os = "linux")]
mod scan;
mod server;
mod session;
