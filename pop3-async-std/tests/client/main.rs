//! The clients of async-std and of smol are as all clients are.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod driven;

#[cfg(target_os = "linux")]
mod faults;
mod on_async_std;
mod on_smol;
