//! A POP3 client as a state machine: no sockets, no clock, no randomness, no threads, no unsafe
//! code, and no `std` unless a feature asks for it.
//!
//! [`Connection`] takes octets and gives [`Event`]s, takes requests and gives octets to send. It
//! never does I/O and never reads a clock; who drives it does. That makes it fit any runtime and any
//! event loop, and makes all of POP3 testable without a network.
//!
//! If you want to fetch mail and do not bring an event loop of your own, use `pop3-blocking`,
//! `pop3-tokio` or `pop3-async-std`: they add sockets and nothing of POP3.
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
//! # A client in one page
//!
//! This one talks to the server side that the feature `server` brings, through memory:
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
//! // What carries the octets is memory, and trusted: no TLS is asked for.
//! let now = Instant::ORIGIN;
//! let mut connection = Connection::new(Config::default(), Channel::TrustedByCaller, now);
//!
//! // Randomness from the operating system, for the nonces of SCRAM.
//! connection.seed([7; 32]);
//!
//! // Requests queue up; nothing overtakes the login, and the rest share a flight.
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
//!     // A real one waits here: until the socket is ready for what is wanted, or for poll_timeout.
//!     if connection.poll_timeout().is_some_and(|due| due <= now) {
//!         connection.handle_timeout(now);
//!     }
//!     if connection.wants_write() {
//!         let flight = connection.transmit();
//!         server.receive(flight);
//!         let octets = flight.len();
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
//! # An event loop of your own
//!
//! Drive a [`Connection`]. A [`Connector`] makes one for an [`Endpoint`], with TLS if the feature `rustls` is
//! enabled, and [`Endpoint::method`] is what its URL says about the login.
//! [`seed`](Connection::seed) it with randomness, and submit all requests together: they queue up. In each
//! round take the events; then send what [`transmit`](Connection::transmit) gives while
//! [`wants_write`](Connection::wants_write), read into [`recv_buffer`](Connection::recv_buffer) while
//! [`wants_read`](Connection::wants_read), and call [`handle_timeout`](Connection::handle_timeout) when
//! [`poll_timeout`](Connection::poll_timeout) comes. Report an end of file
//! ([`handle_eof`](Connection::handle_eof)) and failures
//! ([`handle_read_error`](Connection::handle_read_error),
//! [`handle_write_error`](Connection::handle_write_error)). After [`Event::Closed`], send
//! what the socket accepts without waiting, since TLS sends close_notify, then close the socket.
//! **Before you wait, take all events**: while one waits nothing moves, and no deadline runs. The example
//! `event_loop` does all this for two mailboxes in one thread.
//!
//! # Logging in
//!
//! A [`Login`] starts TLS where there is none, reads what the server offers inside, and takes the
//! safest way: SCRAM (RFC 5802, RFC 7677), which proves to the server that the password is known and
//! to this side that the server knows it; else PLAIN or `USER` and `PASS`, which tell the password.
//! It tries once: what the server refuses is not tried in a weaker way, unless a [`LoginPolicy`](login::LoginPolicy) says
//! so by name. Which way is taken, why, and why none of the others, is a [`LoginPlan`](login::LoginPlan):
//!
//! ```
//! use pop3_proto::{Channel, Config, Connection, Instant, Login, login::{LoginPolicy, Method}};
//!
//! let connection = Connection::new(Config::default(), Channel::TrustedByCaller, Instant::ORIGIN);
//! let login = Login::new("alice", "correct horse")?
//!     .with_policy(LoginPolicy::first_of([Method::Apop, Method::ScramSha256]));
//! assert_eq!(
//!     connection.plan_login(&login).to_string(),
//!     "APOP: APOP needs one msg-id in the greeting, and this greeting has none or several; \
//!      SCRAM-SHA-256: what the server lists is not known yet"
//! );
//! # Ok::<(), pop3_proto::error::Misuse>(())
//! ```
//!
//! Bearer tokens ([`Login::bearer`], [`Login::bearer_on_request`]), certificates ([`Login::certificate`])
//! and mechanisms of your own ([`Login::mechanism`], [`sasl::Mechanism`]) log in the same way. A login
//! that fails is an [`AuthError`](error::AuthError), with the server's words and an [`Advice`](error::Advice); [`Retry`](error::Retry) says whether and
//! when a program may try again by itself. Unless it is fatal, the connection can be used for another.
//!
//! SCRAM needs randomness for its nonces: [`Connection::seed`]. Its long computation is done by
//! [`handle_timeout`](Connection::handle_timeout), a few milliseconds at a time, while
//! [`poll_timeout`](Connection::poll_timeout) is in the past: a loop that leaves the clock out has no
//! deadlines and no SCRAM.
//!
//! # Without `std`
//!
//! Turn the default features off. It takes `alloc`, and atomic reference counts. [`Limits`](config::Limits) set how
//! much memory; TLS is then the caller's, by [`Connection::wants_tls`].
//!
//! # What it promises
//!
//! * **In step or dead.** Replies match requests in order. A server that answers what was not asked,
//!   or about another message, ends the connection with one error that everything outstanding gets;
//!   nothing is sent after it. A `-ERR` or a value that makes no sense fails its request alone
//!   ([`Error::is_fatal`]).
//! * **No secret in cleartext** unless [`Config::allow_insecure_login`] or [`LoginPolicy::twisted`](login::LoginPolicy::twisted)
//!   (APOP) allows it, none in `Debug` and `Display`, and none in memory after use. Where a server
//!   echoes credentials, the texts that you get have `<redacted>` in their place. A secret that
//!   cannot be told from ordinary words is not redacted: see [`Secret`](Secret#redaction). A login, and
//!   an upgrade by STLS, is one entry of the queue that nothing overtakes. What was learnt in clear
//!   is forgotten when TLS starts, and octets that somebody put behind the reply to STLS are an
//!   error, not a reply.
//! * **No command is lost.** Every request ends exactly once. Every command that an iterator yields to a
//!   pipeline or a retrieval is sent and gets exactly one result, or the fatal error is reported: a
//!   helper never ends early in silence.
//! * **A body is complete only if its terminator was seen.** The end of the stream is never the end of
//!   a message. Once the first line of a body ended in CR LF, only CR LF ends a line of it: what a sender
//!   wrote after a bare LF is data ([`LfDot`](config::LfDot)). If octets that no command explains are received together
//!   with the terminator, the body is an error ([`ProtocolError::Surplus`](error::ProtocolError::Surplus)).
//!   A server that does not stuff a dot, or that mixes replies, ends a message early. The message fails
//!   only if the rest was received already; otherwise the connection fails, after the message was
//!   reported as complete. With pipelining, the rest can even look like the next reply. So delete
//!   nothing before it is confirmed: see [`Confirm`].
//! * **Only [`Quit`] deletes**, and [`QuitOutcome`] says whether it did.
//! * **Bounded memory.** One receive buffer of fixed size; bodies of any length pass through it
//!   without a copy, at the speed at which you take them. [`Limits`](config::Limits) bound the rest.
//! * **Give up at any time.** [`Connection::abandon`] costs bandwidth, never step.
//!
//! # Pipelining
//!
//! Where the server lists `PIPELINING` (RFC 2449), commands leave without waiting for replies:
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
//! The window is 4 KiB of unanswered commands, which no transport fails to buffer, and 4 MiB of
//! expected replies, so that giving up does not cost hundreds of megabytes. Some commands share a
//! flight with no other: all that concern a login, `STLS`, `RSET`, `QUIT` and raw ones; and behind a
//! `RETR` only `RETR` is sent.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `std` (default) | `TransportError` from `std::io::Error`; SASLprep: without it, names and passwords for SCRAM and APOP are ASCII |
//! | `scram` (default) | logins by SCRAM: without it, passwords are sent |
//! | `oauth` (default) | logins by OAUTHBEARER and XOAUTH2, and what a server says of a token |
//! | `url` (default) | [`Endpoint`] from a URL |
//! | `rustls` | TLS inside [`Connection`] |
//! | `ring`, `aws-lc-rs` | the cryptography for it, chosen at run time |
//! | `webpki-roots`, `platform-verifier` | the trusted root certificates |
//! | `client` | the module `client`: the asynchronous client, over any transport and without a runtime |
//! | `blocking` | the module `blocking`: the blocking client, over any transport |
//! | `tokio` | the traits of Tokio on what `client` reads |
//! | `server` | a small server side over an in-memory maildrop |
//!
//! # Deviations from the RFCs
//!
//! Always borne, since nothing can be misread: status lines of more than 512 octets
//! ([`Limits::line`](config::Limits::line)), status indicators in any case, text behind values, response codes that were
//! not advertised, and an extra challenge after a password (see
//! [`sasl::SaslError::ExtraChallenge`]). Under [`Leniency::Lenient`](config::Leniency::Lenient) also: bare LF as the end of a status
//! line, and of the lines of a reply whose first line ends so, blank lines before a reply, missing sizes
//! and numbers, odd unique-ids of up to 512 octets, text where a challenge says
//! nothing, and a user name or password in UTF-8 for a server that does not list `UTF8 USER`; each is
//! told as a [`Quirk`].
//! A bare CR is data, always.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod apop;
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
mod hex;
pub mod listing;
pub mod login;
mod login_plan;
mod mac;
mod method;
mod misuse;
mod phase;
mod quirk;
mod received;
mod redact;
mod refusal;
pub mod reply;
pub mod sasl;
mod saslprep;
mod secret;
#[cfg(feature = "server")]
pub mod server;
mod status;
mod swallowed;
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

/// What the clients are made of, for the tests of this workspace. Not part of the public API: it may
/// change in any version.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    pub use crate::batch::Pending;
    pub use crate::batch::sealed::Sealed as BatchInternals;
    pub use crate::engine::{Engine, Submitter};
}
