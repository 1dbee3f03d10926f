//! A blocking POP3 client over `std::io`, without an async runtime and without threads.
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
//! [`connect`] connects with the default settings and verifies the server's certificate.
//! [`connect_with`] accepts other settings in a [`Connector`]. [`connect_over`] uses a [`Stream`]
//! that is connected already. They all return a [`Client`], which has a method for each operation
//! of POP3.
//!
//! This crate connects the client of [`proto::blocking`] to sockets. It re-exports the types that
//! an application needs. The state machine and all other types are in [`proto`].
//!
//! # Deadlines
//!
//! The deadlines are those of [`Timeouts`](config::Timeouts). They are enforced with the timeouts
//! of the socket: see [`proto::blocking`].
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `scram`, `oauth` (default) | logins by SCRAM, and by bearer tokens; without `scram`, the safest method sends the password |
//! | `url` (default) | servers from URLs |
//! | `serde`, `arbitrary` | the traits of these crates for the types of `pop3-proto` |
//! | `rustls` (default) | TLS |
//! | `ring` (default), `aws-lc-rs` | the cryptography for TLS |
//! | `webpki-roots` (default), `platform-verifier` | the trusted root certificates |
//! | `tracing` | `observe::Tracing`, which reports each session to the crate `tracing` |
//! | `record` | the module `record`: recordings of sessions as transcripts, and their replay |
//! | `server` | a POP3 server on 127.0.0.1, in its own threads, for tests and demos; it misbehaves on request |
//!
//! Adding `aws-lc-rs` alone still uses `ring`, unless `Connector::tls` has a provider. To replace
//! `ring`, turn the default features off and enable the others again:
//! `default-features = false, features = ["aws-lc-rs", "webpki-roots", "scram", "oauth", "url"]`.

mod connect;
#[cfg(feature = "server")]
pub mod server;
mod stream;

pub use connect::{connect, connect_over, connect_with, start};
pub use stream::{NoTimeout, Std, Stream};

pub use pop3_proto as proto;
#[cfg(feature = "record")]
#[doc(no_inline)]
pub use pop3_proto::record;
#[cfg(feature = "rustls")]
#[doc(no_inline)]
pub use pop3_proto::rustls;

#[doc(no_inline)]
pub use pop3_proto::{
    Batch, Capabilities, Config, Confirm, Connector, Dele, Endpoint, Error, List, Login,
    MessageNumber, Phase, Quirk, Quit, QuitOutcome, Retr, Secret, Stat, Ticket, Top, Uidl,
    UniqueId, Username, command, config, error, listing, login, observe, reply, sasl, sync, tls,
};

/// A POP3 client on a [`Stream`], by default a TCP socket.
///
/// ```no_run
/// use pop3_blocking::{Client, Error, MessageNumber};
///
/// fn first_message(client: &mut Client) -> Result<Vec<u8>, Error> {
///     let message = client.retr(MessageNumber::FIRST)?;
///     message.to_vec(10 << 20)
/// }
/// ```
pub type Client<S = std::net::TcpStream> = pop3_proto::blocking::Client<Std<S>>;

/// A message that a [`Client`] is receiving.
pub type Message<'c, S = std::net::TcpStream> = pop3_proto::blocking::Message<'c, Std<S>>;

/// The messages of [`Client::retrieve`](pop3_proto::blocking::Client::retrieve).
pub type Retrieve<'c, S, I> = pop3_proto::blocking::Retrieve<'c, Std<S>, I>;

/// The replies of [`Client::pipeline`](pop3_proto::blocking::Client::pipeline).
pub type Pipeline<'c, S, I> = pop3_proto::blocking::Pipeline<'c, Std<S>, I>;

/// The headers of [`Client::preview`](pop3_proto::blocking::Client::preview).
pub type Previews<'c, S, I> = pop3_proto::blocking::Previews<'c, Std<S>, I>;
