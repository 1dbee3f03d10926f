//! A POP3 client for Tokio.
//!
//! ```no_run
//! use pop3_tokio::{Login, Stat, Uidl};
//!
//! # async fn fetch() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = pop3_tokio::connect(&"pop3s://mail.example.org".parse()?).await?;
//! client.login(Login::new("joe", "secret")?).await?;
//! let (stat, uids) = client.batch((Stat, Uidl)).await?;
//! let mut messages = client.retrieve(uids.numbers());
//! while let Some(message) = messages.next().await {
//!     tokio::io::copy_buf(&mut message?, &mut tokio::io::sink()).await?;
//! }
//! if stat.messages > 0 {
//!     client.confirm().await?; // before any of them is recorded as fetched or deleted
//! }
//! client.quit().await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`connect`] connects with the default settings and verifies the server's certificate.
//! [`connect_with`] accepts other settings in a [`Connector`]. [`connect_over`] uses a stream that
//! is connected already. They all return a [`Client`], which has a method for each operation of
//! POP3. Its futures can be dropped at any time: see [`proto::client`].
//!
//! This crate connects the client of [`proto::client`] to Tokio's streams and clock. It re-exports
//! the types that an application needs. The state machine and all other types are in [`proto`].
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
//! | `server` | the module `server`: a POP3 server in memory that misbehaves on request, for tests with a paused clock |
//!
//! Adding `aws-lc-rs` alone still uses `ring`, unless `Connector::tls` has a provider. To replace
//! `ring`, turn the default features off and enable the others again:
//! `default-features = false, features = ["aws-lc-rs", "webpki-roots", "scram", "oauth", "url"]`.

mod connect;
#[cfg(feature = "server")]
pub mod server;
mod transport;

pub use connect::{connect, connect_over, connect_with, start};
pub use transport::Tokio;

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

/// A POP3 client on a Tokio stream, by default a TCP socket.
///
/// ```no_run
/// use pop3_tokio::{Client, Error, MessageNumber};
///
/// async fn first_message(client: &mut Client) -> Result<Vec<u8>, Error> {
///     let message = client.retr(MessageNumber::FIRST).await?;
///     message.to_vec(10 << 20).await
/// }
/// ```
pub type Client<S = tokio::net::TcpStream> = pop3_proto::client::Client<Tokio<S>>;

/// A message that a [`Client`] is receiving.
pub type Message<'c, S = tokio::net::TcpStream> = pop3_proto::client::Message<'c, Tokio<S>>;

/// The messages of [`Client::retrieve`](pop3_proto::client::Client::retrieve).
pub type Retrieve<'c, S, I> = pop3_proto::client::Retrieve<'c, Tokio<S>, I>;

/// The replies of [`Client::pipeline`](pop3_proto::client::Client::pipeline).
pub type Pipeline<'c, S, I> = pop3_proto::client::Pipeline<'c, Tokio<S>, I>;

/// The headers of [`Client::preview`](pop3_proto::client::Client::preview).
pub type Previews<'c, S, I> = pop3_proto::client::Previews<'c, Tokio<S>, I>;

// The README's examples are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
