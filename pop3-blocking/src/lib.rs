//! A POP3 client over `std::io`: a plain loop around [`pop3_proto`], without a runtime and without
//! threads.
//!
//! ```no_run
//! use pop3_blocking::{Login, Stat, Uidl};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = pop3_blocking::connect(&"pop3s://mail.example.org".parse()?)?;
//! client.login(Login::new("joe", "secret")?)?;
//! let (stat, uids) = client.batch((Stat, Uidl))?;
//! let mut messages = client.retrieve(uids.numbers());
//! while let Some(message) = messages.next() {
//!     std::io::copy(&mut message?, &mut std::io::stdout())?;
//! }
//! if stat.messages > 0 {
//!     client.confirm()?; // before any of them is recorded as fetched or deleted
//! }
//! client.quit()?;
//! # Ok(())
//! # }
//! ```
//!
//! [`connect`] dials and verifies by the default rules; [`connect_with`] takes a [`Connector`] for
//! others; [`start`] runs over any [`Stream`].
//!
//! # Deadlines
//!
//! They are [`Timeouts`] of the core, kept through the socket's own time-outs. A wait may be late by
//! one wake-up, not by more. [`Config::keep_alive`] has no effect here: nothing runs between calls.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `rustls` (default) | TLS |
//! | `ring` (default), `aws-lc-rs` | the cryptography for it |
//! | `webpki-roots` (default), `platform-verifier` | whom it trusts |
//! | `server` | a server on 127.0.0.1 in a thread, for tests and demos |

#[allow(
    hidden_glob_reexports,
    reason = "the module `client` is of the asynchronous clients, and only there if they are, too"
)]
mod client;
mod connect;
mod message;
mod pump;
#[cfg(feature = "server")]
pub mod server;
mod stream;

pub use client::{Client, Pipeline, Retrieve};
pub use connect::{connect, connect_with, start};
pub use message::Message;
pub use pop3_proto as proto;
#[doc(inline)]
pub use pop3_proto::*;
pub use stream::{NoTimeout, Stream};
