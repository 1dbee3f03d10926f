//! Secrets: not in anything that can be logged, by every way to log in and whatever the server says
//! (T-43), and not in memory when they are done with (T-44).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

#[cfg(target_os = "linux")]
mod child;
mod late;
mod log;
mod logins;
#[cfg(target_os = "linux")]
mod memory;
mod over_tls;
#[cfg(target_os = "linux")]
mod scan;
mod server;
mod session;
mod shown;
