//! What the tests of this workspace share, written once.
//!
//! | module | what |
//! |---|---|
//! | [`transcript`], [`op`], [`login`] | read a transcript as plain data, for any client |
//! | [`transcripts`] | finds and reads the files of `pop3-proto/tests/transcripts` |
//! | [`render`] | writes events, replies and errors as transcripts write them |
//! | [`conversation`] | drives a [`Connection`](pop3_proto::Connection) by hand |
//! | [`play`] | has a conversation act out a transcript |
//! | [`surplus`] | the one difference that the cutting of octets may make |
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "a head comment for each module, and names that say the rest"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test, a panic is the report"
)]

pub mod conversation;
pub mod login;
pub mod op;
pub mod play;
pub mod render;
pub mod surplus;
pub mod transcript;
pub mod transcripts;
