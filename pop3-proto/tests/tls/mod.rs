//! What the stories share (`authority`, `peer`, `link`), and the stories.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

mod authority;
mod link;
mod peer;

mod back_pressure;
mod binding;
mod certificates;
mod ends;
mod handshake;
mod names;
mod stls;
mod whole_sessions;
