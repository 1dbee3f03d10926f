//! Runs each client over a transport that follows the input. It moves a few octets at a time, makes
//! the client wait, interrupts it, or breaks. The server conforms to the RFCs, so the expected
//! results are known.
//!
//! An input is a [`Plan`](plan::Plan): the setup of the session, the operations of the application,
//! and the behaviour of the transport. Both targets read the same format.
//!
//! Invariants for any input:
//!
//! * The server receives exactly the commands that were submitted, in order. Only commands that
//!   were abandoned before any octet of them was written may be missing.
//! * Every command that an iterator yields gets exactly one result. A helper that has returned its
//!   last result has taken all commands from its iterator, or has reported a fatal error.
//! * Every result is the server's reply to that command. A fatal error occurs only after a fault of
//!   the transport or after `QUIT`.
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
