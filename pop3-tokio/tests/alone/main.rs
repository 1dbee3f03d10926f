//! Tests that need a separate process, because they measure its memory, files and threads, or open
//! nearly as many files as it may. Only one of them runs at a time.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod crowd;
mod memory;
mod memory_of_blocking;
mod soak;

use tokio::sync::Mutex;

/// Held by each test while it runs.
static ALONE: Mutex<()> = Mutex::const_new(());
