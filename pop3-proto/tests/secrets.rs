//! Secrets: not in anything that can be logged, by every way to log in and whatever the server says
//! (T-43), and not in memory when they are done with (T-44).
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

#[cfg(target_os = "linux")]
#[path = "secrets/child.rs"]
mod child;
#[path = "secrets/late.rs"]
mod late;
#[path = "secrets/log.rs"]
mod log;
#[path = "secrets/logins.rs"]
mod logins;
#[cfg(target_os = "linux")]
#[path = "secrets/memory.rs"]
mod memory;
#[path = "secrets/needles.rs"]
mod needles;
#[cfg(all(feature = "rustls", feature = "server"))]
#[path = "secrets/over_tls.rs"]
mod over_tls;
#[cfg(target_os = "linux")]
#[path = "secrets/scan.rs"]
mod scan;
#[path = "secrets/server.rs"]
mod server;
#[path = "secrets/session.rs"]
mod session;
#[path = "secrets/shown.rs"]
mod shown;
