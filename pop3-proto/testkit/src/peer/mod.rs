//! Servers for one client each.
//!
//! `scripted` follows a script over a socket. With the feature `tokio` there are streams in memory:
//! `in_memory` runs the sans-IO server on one, `scripted_in_memory` follows a script, and
//! `hesitant` is a stream that waits after each read or write.

#[cfg(feature = "tokio")]
pub mod hesitant;
#[cfg(feature = "tokio")]
pub mod in_memory;
pub mod scripted;
#[cfg(feature = "tokio")]
pub mod scripted_in_memory;
