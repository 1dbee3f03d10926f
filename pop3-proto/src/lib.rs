//! A sans-IO POP3 client.
//!
//! The central type of this crate is [`Connection`], a state machine. It has no sockets, no clock,
//! no randomness, no threads and no unsafe code, and it works without `std`. The application
//! submits requests and polls [`Event`]s. The code that drives the connection moves octets between
//! the connection and the socket, and reports the time. A `Connection` therefore works with any
//! async runtime and any event loop, and can be tested without a network.
//!
//! If you only want to fetch mail, use `pop3-blocking`, `pop3-tokio` or `pop3-async-std`. They
//! connect the client of this crate to sockets, and re-export what an application needs.
//!
//! ```text
//!             ┌───────────────── Connection ─────────────────┐
//!  socket ──▶ recv_buffer, received ─▶ ┌──────────┐          │
//!             │               (TLS)    │  queue,  │ ◀─ submit ──── your requests
//!  socket ◀── transmit, transmitted ◀─ │ framing, │          │
//!             │                        │exchanges,│ ── poll_event ─▶ replies, bodies
//!  clock ───▶ handle_timeout ────────▶ │  phase,  │          │
//!  clock ◀─── poll_timeout ◀────────── │  timers  │          │
//!             │                        └──────────┘          │
//!             └──────────────────────────────────────────────┘
//! ```
//!
//! # A complete client
//!
//! This example connects to the in-memory server of the feature `server`:
//!
//! ```
//! # #[cfg(not(feature = "server"))] fn main() {}
//! # #[cfg(feature = "server")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use pop3_proto::server::{Maildrop, Server, ServerConfig};
//! use pop3_proto::{
//!     Channel, Config, Connection, Event, Instant, Login, MessageNumber, Quit, Retr, Stat,
//! };
//!
//! let mail = Maildrop::from_iter([("uid-1", "Subject: hello\r\n\r\n.a line with a dot\r\n")]);
//! let mut server = Server::new(ServerConfig::new("alice", "secret"), mail);
//!
//! // The octets stay in memory. That channel is trusted, so no TLS is needed.
//! let now = Instant::ORIGIN;
//! let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, now);
//!
//! // SCRAM needs random octets for its nonces. A real program gets them from the operating system.
//! connection.seed([7; 32]);
//!
//! // Requests are queued. The login is completed first; the others are sent in as few batches
//! // as possible.
//! let login = connection.submit(Login::password("alice".try_into()?, "secret".try_into()?))?;
//! let stat = connection.submit(Stat)?;
//! connection.submit(Retr(MessageNumber::FIRST))?;
//! connection.submit(Quit)?;
//!
//! let mut message = Vec::new();
//! 'session: loop {
//!     while let Some(event) = connection.poll_event() {
//!         match event {
//!             Event::Reply { id, result } if id == login.id() => drop(result?),
//!             Event::Reply { id, result } if id == stat.id() => {
//!                 assert_eq!(stat.read(result?)?.messages, 1);
//!             }
//!             Event::Body { chunk, .. } => message.extend_from_slice(&chunk),
//!             Event::BodyEnd { result, .. } => drop(result?),
//!             Event::Closed(result) => {
//!                 result?;
//!                 break 'session;
//!             }
//!             _ => {}
//!         }
//!     }
//!     // A real program waits here, until the socket is ready or until the time of poll_timeout.
//!     if connection.poll_timeout().is_some_and(|due| due <= now) {
//!         connection.handle_timeout(now);
//!     }
//!     if connection.wants_write() {
//!         let batch = connection.transmit();
//!         server.receive(batch);
//!         let octets = batch.len();
//!         connection.transmitted(octets, now);
//!     }
//!     if let Some(room) = connection.recv_buffer() {
//!         let reply = server.transmit();
//!         let octets = reply.len().min(room.len());
//!         room[..octets].copy_from_slice(&reply[..octets]);
//!         server.transmitted(octets);
//!         connection.received(octets, now);
//!     }
//! }
//! assert_eq!(message, b"Subject: hello\r\n\r\n.a line with a dot\r\n");
//! # Ok(())
//! # }
//! ```
//!
//! # Driving a connection from an event loop
//!
//! A [`Connector`] creates a [`Connection`] for an [`Endpoint`], with TLS if the feature `rustls`
//! is enabled. [`Endpoint::method`] returns the login method that the endpoint's URL selects. Pass
//! random octets to [`Connection::seed`], then submit all requests together: they are queued. Then
//! repeat these steps:
//!
//! 1. Handle all events that [`poll_event`](Connection::poll_event) returns. **Do not wait while an
//!    event is pending**: until it is polled, nothing is sent or received, and only the deadline of
//!    [`Timeouts::total`](config::Timeouts::total) runs.
//! 2. While [`wants_write`](Connection::wants_write) returns true, write the octets that
//!    [`transmit`](Connection::transmit) returns to the socket, and report how many were written
//!    with [`transmitted`](Connection::transmitted).
//! 3. While [`wants_read`](Connection::wants_read) returns true, read from the socket into
//!    [`recv_buffer`](Connection::recv_buffer), and report how many octets were read with
//!    [`received`](Connection::received).
//! 4. Report the end of the stream with [`handle_eof`](Connection::handle_eof), and failures with
//!    [`handle_read_error`](Connection::handle_read_error) and
//!    [`handle_write_error`](Connection::handle_write_error).
//! 5. Call [`handle_timeout`](Connection::handle_timeout) when the time that
//!    [`poll_timeout`](Connection::poll_timeout) returned has been reached.
//!
//! After [`Event::Closed`], there may be octets left to write, because TLS sends close_notify.
//! Write what the socket accepts without blocking, then close it. The example `event_loop` does all
//! this for two mailboxes in one thread.
//!
//! # Logging in
//!
//! A [`Login`] starts TLS with STLS if the connection is not encrypted yet, asks for the server's
//! capabilities, and uses the safest login method that is available:
//!
//! * SCRAM (RFC 5802, RFC 7677) does not send the password. It proves to the server that the client
//!   knows the password, and to the client that the server knows it.
//! * PLAIN, or `USER` and `PASS`, send the password.
//!
//! A login makes one attempt. If the server refuses it, no weaker method is tried, unless a
//! [`LoginPolicy`](login::LoginPolicy) explicitly allows that. A [`LoginPlan`](login::LoginPlan)
//! says which method is used, and why each of the others is not:
//!
//! ```
//! use pop3_proto::{Channel, Config, Connection, Instant, Login, login::{LoginPolicy, Method}};
//!
//! let connection = Connection::new(Config::default(), Channel::TrustedByCaller, Instant::ORIGIN);
//! let login = Login::new("alice", "correct horse")?
//!     .with_policy(LoginPolicy::first_of([Method::Apop, Method::ScramSha256]));
//! assert_eq!(
//!     connection.plan_login(&login).to_string(),
//!     "APOP: the server does not offer APOP (no single msg-id in its greeting); \
//!      SCRAM-SHA-256: the capabilities of the server are not known yet"
//! );
//! # Ok::<(), pop3_proto::error::Misuse>(())
//! ```
//!
//! Bearer tokens ([`Login::bearer`], [`Login::bearer_on_request`]), client certificates
//! ([`Login::certificate`]) and custom mechanisms ([`Login::mechanism`], [`sasl::Mechanism`]) work
//! in the same way. A login that fails returns an [`AuthError`](error::AuthError), which has the
//! server's text and an [`Advice`](error::Advice). [`Retry`](error::Retry) says whether and when a
//! program may try again without asking the user. Unless the error is fatal, another login can be
//! attempted on the same connection.
//!
//! SCRAM needs random octets for its nonces: see [`Connection::seed`]. Its key derivation takes a
//! long time, so [`handle_timeout`](Connection::handle_timeout) computes only a few milliseconds of
//! it per call. Until it is finished, [`poll_timeout`](Connection::poll_timeout) returns a time in
//! the past. If a program never calls `handle_timeout`, deadlines never expire and SCRAM logins
//! never finish.
//!
//! # Without `std`
//!
//! Disable the default features. The crate then needs only `alloc` and a target that supports
//! `Arc`. [`Limits`](config::Limits) bound its memory. The caller does TLS: see
//! [`Connection::wants_tls`].
//!
//! # Guarantees
//!
//! * **Synchronized or closed.** A connection is *synchronized* while each reply can be matched to
//!   its command: replies come in the order of the commands. If the server sends a reply that no
//!   command is waiting for, or a reply about another message, the connection ends. Every
//!   outstanding request gets the same error, and no further command is sent. A `-ERR` or an
//!   invalid value in a reply fails only its own request ([`Error::is_fatal`]).
//! * **No secrets in cleartext**, unless [`Config::allow_insecure_login`] or
//!   [`LoginPolicy::twisted`](login::LoginPolicy::twisted) (APOP) allows it. Secrets are not shown
//!   by `Debug` and `Display`, and are wiped from memory after use. If a server echoes credentials,
//!   the connection replaces them with `<redacted>` in the texts that the application gets. A
//!   secret that cannot be distinguished from ordinary words is not redacted: see
//!   [`Secret`](Secret#redaction). While a login or an upgrade by STLS is in progress, no other
//!   command is sent. What the server sent before TLS, such as its capabilities, is discarded when
//!   TLS starts. Octets that an attacker injects after the reply to STLS cause an error and are
//!   never read as a reply.
//! * **No command is lost.** Every request gets exactly one result. Every command that an iterator
//!   yields to a pipeline or a retrieval is sent and gets exactly one result, or the fatal error is
//!   reported. A pipeline or a retrieval never ends early without an error.
//! * **A body is complete only if its terminator was received.** The end of the stream is never the
//!   end of a message. If the first line of a body ends in CR LF, only CR LF ends its other lines:
//!   a dot after a bare LF is data ([`LfDot`](config::LfDot)). If the terminator is received
//!   together with octets that belong to no reply, the body fails with
//!   [`ProtocolError::Surplus`](error::ProtocolError::Surplus). If a server does not stuff dots, or
//!   mixes up replies, a message can end early. The message fails only if its rest has already been
//!   received. Otherwise the message is reported as complete, and the connection fails afterwards.
//!   With pipelining, the rest can even look like the next reply. Therefore, do not delete a
//!   message before it is confirmed: see [`Confirm`].
//! * **Only [`Quit`] deletes messages**, and [`QuitOutcome`] says whether it did.
//! * **Bounded memory.** The receive buffer has a fixed size. Bodies of any length pass through it
//!   without a copy. Backpressure works: the connection does not read faster than the application
//!   takes the chunks of the body. [`Limits`](config::Limits) bound everything else.
//! * **Requests can be cancelled at any time.** [`Connection::abandon`] keeps the connection
//!   synchronized. The only cost is that replies already in flight are read and discarded.
//!
//! # Pipelining
//!
//! If the server advertises `PIPELINING` (RFC 2449), commands are sent without waiting for the
//! replies to earlier ones:
//!
//! ```text
//!   one at a time                    pipelined
//!   C: RETR 1                        C: RETR 1, RETR 2, RETR 3
//!   S: +OK … .                       S: +OK … .
//!   C: RETR 2                        S: +OK … .
//!   S: +OK … .                       S: +OK … .
//!   C: RETR 3
//!   S: +OK … .
//! ```
//!
//! At most 4 KiB of unanswered commands are in flight: every transport can buffer this amount. The
//! expected size of their replies is limited to 4 MiB, because replies to cancelled commands must
//! still be read.
//!
//! Some commands are sent only when no other command is in flight: `CAPA`, `STLS`, `UTF8`, `LANG`,
//! all commands of a login, `RSET`, `QUIT` and raw commands. While a `RETR` or `TOP` is in flight, only commands with
//! the same keyword are sent.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `std` (default) | conversion of `std::io::Error` to `TransportError`, and SASLprep. Without SASLprep, names and passwords for SCRAM and APOP must be ASCII |
//! | `scram` (default) | logins with SCRAM. Without it, password logins send the password |
//! | `oauth` (default) | logins with OAUTHBEARER and XOAUTH2, and the reasons that a server gives for refusing a token |
//! | `url` (default) | [`Endpoint`] from a URL |
//! | `rustls` | TLS inside [`Connection`] |
//! | `ring`, `aws-lc-rs` | the cryptography provider for TLS. If both are enabled, ring is used, unless `TlsOptions::provider` is set |
//! | `webpki-roots`, `platform-verifier` | the trusted root certificates |
//! | `client` | the module `client`: an asynchronous client over any transport, independent of the runtime |
//! | `blocking` | the module `blocking`: a blocking client over any transport |
//! | `tokio` | Tokio's read traits for the messages of the module `client` |
//! | `serde` | `Serialize` and `Deserialize` for [`Config`] and its parts, [`Endpoint`] (a URL), login methods, message numbers, unique-ids, the entries of listings, statistics, and the values of [`sync`]. Secrets and logins have neither, so that a password is not written to a file by mistake |
//! | `arbitrary` | `Arbitrary` for the same types, to fuzz your own program |
//! | `tracing` | `observe::Tracing`, which reports a session to the crate `tracing` |
//! | `record` | the module `record`: recordings of sessions as transcripts without secrets, and their replay without a network |
//! | `server` | a small POP3 server with an in-memory maildrop, and faults on request, for tests |
//!
//! # Deviations from the RFCs
//!
//! These deviations are always accepted, because they are not ambiguous:
//!
//! * status lines of more than 512 octets ([`Limits::line`](config::Limits::line))
//! * status indicators in lower or mixed case
//! * text after the values of a reply
//! * response codes that the server does not advertise
//! * an extra challenge after a password (see [`sasl::SaslError::ExtraChallenge`])
//!
//! [`Leniency::Lenient`](config::Leniency::Lenient), the default, also accepts the following, and
//! reports each as a [`Quirk`]:
//!
//! * a bare LF as the end of a status line, and as the end of the lines in a reply whose first line
//!   ends in a bare LF
//! * blank lines before a reply
//! * missing sizes and numbers
//! * invalid unique-ids of up to 512 octets
//! * text in a challenge that must be empty
//! * a user name or password in UTF-8 for a server that does not advertise `UTF8 USER`
//!
//! A bare CR is always data.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod apop;
#[cfg(feature = "arbitrary")]
mod arbitrary;
mod base64;
mod batch;
#[cfg(feature = "blocking")]
pub mod blocking;
mod capability;
mod channel;
#[cfg(feature = "client")]
pub mod client;
pub mod command;
mod command_line;
mod command_table;
pub mod config;
mod confirm;
mod connection;
mod connector;
mod context;
// Shadows the crate `core` in this file alone.
mod core;
mod endpoint;
#[cfg(any(feature = "client", feature = "blocking"))]
#[cfg_attr(
    not(feature = "internals"),
    allow(unreachable_pub, reason = "the feature `internals` makes it public")
)]
mod engine;
pub mod error;
mod event;
mod exchange;
pub mod guide;
mod hex;
#[cfg(feature = "record")]
mod inputs;
mod language;
pub mod listing;
pub mod login;
mod login_plan;
mod mac;
mod method;
mod misuse;
pub mod observe;
#[cfg(feature = "record")]
mod operation;
mod phase;
mod preview;
mod quirk;
mod received;
#[cfg(feature = "record")]
pub mod record;
mod redact;
mod refusal;
pub mod reply;
pub mod sasl;
mod saslprep;
mod secret;
#[cfg(feature = "serde")]
mod serialize;
#[cfg(feature = "server")]
pub mod server;
mod status;
mod swallowed;
pub mod sync;
mod text;
mod ticket;
mod time;
pub mod tls;
mod types;
mod verb;

pub use batch::Batch;
pub use capability::Capabilities;
pub use channel::Channel;
pub use command::{Dele, List, Quit, Retr, Stat, Top, Uidl};
pub use config::Config;
pub use confirm::Confirm;
pub use connection::Connection;
pub use connector::Connector;
pub use endpoint::Endpoint;
pub use error::Error;
pub use event::Event;
pub use login::Login;
pub use phase::Phase;
pub use quirk::Quirk;
pub use reply::QuitOutcome;
#[cfg(feature = "rustls")]
#[doc(no_inline)]
pub use rustls;
pub use secret::Secret;
pub use ticket::{RequestId, Ticket};
pub use time::Instant;
pub use types::{MessageNumber, UniqueId, Username};

/// Internals of the clients, for the tests of this workspace. Not part of the public API: they may
/// change in any version.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    pub use crate::batch::Pending;
    pub use crate::batch::sealed::Sealed as BatchInternals;
    pub use crate::engine::{Engine, Previewer, Submitter};
    #[cfg(feature = "record")]
    pub use crate::record::internals::*;
    pub use crate::sync::model;
}
