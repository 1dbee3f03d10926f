//! What needs a process of its own: these tests count the memory, files and threads of all of it, or
//! need nearly all files that it may open. Each runs alone.
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

/// Each test holds it.
static ALONE: Mutex<()> = Mutex::const_new(());
