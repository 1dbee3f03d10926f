//! Runs the common client tests with async-std and smol.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod driven;

#[cfg(target_os = "linux")]
mod faults;
mod on_async_std;
mod on_smol;
