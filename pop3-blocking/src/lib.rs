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
//! client.quit()?;
//! # Ok(())
//! # }
//! ```
//!
//! [`connect`] dials and verifies by the default rules; [`connect_with`] takes a [`Connector`] for
//! others; [`Client::start`] runs over any [`Stream`].
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

mod client;
mod connect;
mod message;
mod pump;
#[cfg(feature = "server")]
pub mod server;
mod stream;

pub use client::{Client, Pipeline, Retrieve};
pub use connect::{connect, connect_with};
pub use message::Message;
pub use pop3_proto as proto;
pub use pop3_proto::{
    Advice, Apop, Argument, AuthError, Batch, Candidate, Capa, CapaPolicy, Capabilities, Channel,
    ChannelBinding, Closed, Command, Config, Connection, Connector, Credentials, Dele, DropListing,
    Endpoint, Entries, Error, Expire, GetCapabilities, Greeting, InitialResponse, IntoStreamed,
    Leniency, LimitError, Limited, Limits, Lines, List, ListOne, Listing, Login, LoginDelay,
    LoginPlan, LoginPolicy, MessageNumber, Method, Misuse, Noop, Numbers, Opened, OwnMechanism,
    Pass, Phase, Pipelining, ProtocolError, Quirk, Quit, QuitOutcome, Raw, RawLong, RawShort,
    RawStream, Refusal, Rejected, Rejection, RequestId, ResponseCode, Retr, Rset, ScanEntry,
    Secret, SecurityError, ServerText, Session, StartTls, Stat, Status, StlsPolicy, Streamed,
    StreamedListing, Ticket, Timeout, Timeouts, TlsError, TlsErrorKind, TlsInfo, TokenProvider,
    Top, TransportError, TransportErrorKind, UidEntry, UidListing, Uidl, UidlOne, UniqueId, User,
    Username, Verb, Verdict, Whole, sasl,
};
#[cfg(feature = "rustls")]
pub use pop3_proto::{ClientTls, Roots, client_config, default_provider, rustls};
pub use stream::{NoTimeout, Stream};

// The README's example is compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
