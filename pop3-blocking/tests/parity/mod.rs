//! One description of what a client does, for all clients: transcripts and sessions with Dovecot.
//!
//! `client` is what they have in common; `blocking` and `waiting` say how each is called. The rest
//! is written once: `script` makes a transcript into what the server does and what the application
//! does, `server` acts out the one, `application` the other, and `corpus` plays all of them.
//! `helpers` and `forged` are stories with the embedded server, `real_time` needs a clock, and `sessions` are stories with a real server.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test binary uses its own part of this module"
)]

pub(crate) mod client;
pub(crate) mod names;

mod application;
mod ask;
pub(crate) mod confirmed;
pub(crate) mod corpus;
pub(crate) mod forged;
pub(crate) mod helpers;
pub(crate) mod idle;
pub(crate) mod panics;
pub(crate) mod real_time;
mod rule;
mod script;
mod server;
mod tls;
