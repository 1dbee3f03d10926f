//! What the stories share (`support`), and the stories.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod support;

mod batches;
mod connecting;
mod deadlines;
mod embedded_server;
mod ends;
mod extremes;
mod logins;
mod messages;
mod panics;
mod streams;
mod tickets;
