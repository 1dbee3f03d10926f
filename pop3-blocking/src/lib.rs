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

mod connect;
#[cfg(feature = "server")]
pub mod server;
mod stream;

pub use connect::{connect, connect_over, connect_with, start};
pub use pop3_proto as proto;
#[doc(inline)]
pub use pop3_proto::*;
pub use stream::{NoTimeout, Std, Stream};

/// A POP3 client on a stream, by default on a socket.
pub type Client<S = std::net::TcpStream> = pop3_proto::blocking::Client<Std<S>>;

/// A message that a [`Client`] receives.
pub type Message<'c, S = std::net::TcpStream> = pop3_proto::blocking::Message<'c, Std<S>>;

/// The messages of [`Client::retrieve`](pop3_proto::blocking::Client::retrieve).
pub type Retrieve<'c, S, I> = pop3_proto::blocking::Retrieve<'c, Std<S>, I>;

/// The replies of [`Client::pipeline`](pop3_proto::blocking::Client::pipeline).
pub type Pipeline<'c, S, I> = pop3_proto::blocking::Pipeline<'c, Std<S>, I>;
