//! What the test crates share.
//!
//! `op`, `login` and `transcript` read what a story says as plain data, so that any
//! client can be driven by the same files, which `transcripts` finds. `render` writes results the way stories write them.
//! `conversation` drives the state machine by hand; `play` makes it act a transcript out.
//! `surplus` says what the cutting of octets may change.
#![allow(dead_code, reason = "each test crate uses a part of this")]
#![allow(unused_imports, reason = "as above")]

mod conversation;
mod login;
mod op;
mod play;
mod render;
mod surplus;
mod transcript;
mod transcripts;

pub(crate) use conversation::{
    Conversation, left, logged_in, logged_in_with, pipelining, sleep, submit, trusted,
};
pub(crate) use op::{Op, unescape};
pub(crate) use play::{Feeding, LineEnds, octets_of_server, play};
pub(crate) use render::event as words_for;
pub(crate) use surplus::{is_late_surplus, without_quote};
pub(crate) use transcript::{Setting, Step, Transcript, only};
pub(crate) use transcripts::transcripts;
