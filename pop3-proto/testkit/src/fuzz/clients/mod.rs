//! The two clients over a transport that follows the input: it accepts and returns a few octets at
//! a time, makes the client wait, interrupts it, or breaks. The server is well-behaved, so every
//! result is known in advance.
//!
//! An input is a [`Plan`](plan::Plan): the setup of the session, the operations of the application,
//! and the behaviour of the transport. Both targets read the same format.
//!
//! Invariants for any input:
//!
//! * The server receives exactly the commands that were submitted, in order. Only commands that
//!   were abandoned before any octet of them was written may be missing.
//! * Every command that an iterator yields gets exactly one result. A helper that is used to its
//!   end has taken all commands from its iterator, or has reported a fatal error.
//! * Every result is the one that the server gave to that command. A fatal error needs a broken
//!   transport or an earlier `QUIT`.
//! * No operation waits for octets that will never be sent.
//! * `QuitOutcome::Committed` means that the server received `QUIT` and every `DELE` that it
//!   answered with `+OK` since the last `RSET`.

pub mod account;
pub mod asynchronous;
pub mod blocking;
pub mod commands;
pub mod link;
pub mod plan;
pub mod reading;
pub mod server;
pub mod session;

pub use asynchronous::async_client;
pub use blocking::blocking_client;
