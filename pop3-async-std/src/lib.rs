//! A POP3 client for async-std, for smol, and for any stream that implements the I/O traits of
//! `futures`.
//!
//! ```no_run
//! use futures::io::{copy_buf, sink};
//! use pop3_async_std::{Login, Stat, Uidl};
//!
//! # async fn fetch() -> Result<(), Box<dyn std::error::Error>> {
//! let mut client = pop3_async_std::connect(&"pop3s://mail.example.org".parse()?).await?;
//! client.login(Login::new("joe", "secret")?).await?;
//! let (stat, uids) = client.batch((Stat, Uidl)).await?;
//! let mut messages = client.retrieve(uids.numbers());
//! while let Some(message) = messages.next().await {
//!     copy_buf(&mut message?, &mut sink()).await?;
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
//! is connected already, in any runtime. They all return a [`Client`], which has a method for each
//! operation of POP3. Its futures can be dropped at any time: see [`proto::client`].
//!
//! This crate connects the client of [`proto::client`] to these streams and to a timer. It
//! re-exports the types that an application needs. The state machine and all other types are in
//! [`proto`].
//!
//! async-std is discontinued (RUSTSEC-2025-0052). With the feature `smol`, the module `with_smol`
//! has the same functions for the sockets of its successor.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `async-std` (default) | [`connect`] and [`connect_with`] over the sockets of async-std |
//! | `smol` | the module `with_smol`: the same functions over the sockets of smol |
//! | `scram`, `oauth` (default) | logins by SCRAM, and by bearer tokens; without `scram`, the safest method sends the password |
//! | `url` (default) | servers from URLs |
//! | `serde`, `arbitrary` | the traits of these crates for the types of `pop3-proto` |
//! | `rustls` (default) | TLS |
//! | `ring` (default), `aws-lc-rs` | the cryptography for TLS |
//! | `webpki-roots` (default), `platform-verifier` | the trusted root certificates |
//! | `tracing` | `observe::Tracing`, which reports each session to the crate `tracing` |
//! | `record` | the module `record`: recordings of sessions as transcripts, and their replay |
//!
//! Adding `aws-lc-rs` alone still uses `ring`, unless `Connector::tls` has a provider. To replace
//! `ring`, turn the default features off and enable the others again:
//! `default-features = false, features = ["async-std", "aws-lc-rs", "webpki-roots", "scram", "oauth", "url"]`.

mod connect;
mod transport;

#[cfg(feature = "async-std")]
pub use connect::with_async_std::{connect, connect_with};
pub use connect::{connect_over, start};
pub use transport::Futures;

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

/// Functions that connect over the sockets of smol.
#[cfg(feature = "smol")]
pub mod with_smol {
    pub use crate::connect::with_smol::{connect, connect_with};

    /// A POP3 client on a socket of smol.
    pub type Client<S = ::smol::net::TcpStream> = crate::Client<S>;
}

/// A POP3 client on a stream that implements the I/O traits of `futures`.
///
/// ```no_run
/// use pop3_async_std::{Client, Error, MessageNumber};
///
/// async fn first_message(client: &mut Client) -> Result<Vec<u8>, Error> {
///     let message = client.retr(MessageNumber::FIRST).await?;
///     message.to_vec(10 << 20).await
/// }
/// ```
#[cfg(feature = "async-std")]
pub type Client<S = async_std::net::TcpStream> = pop3_proto::client::Client<Futures<S>>;

/// A POP3 client on a stream that implements the I/O traits of `futures`.
#[cfg(not(feature = "async-std"))]
pub type Client<S> = pop3_proto::client::Client<Futures<S>>;

/// A message that a [`Client`] is receiving.
pub type Message<'c, S> = pop3_proto::client::Message<'c, Futures<S>>;

/// The messages of [`Client::retrieve`](pop3_proto::client::Client::retrieve).
pub type Retrieve<'c, S, I> = pop3_proto::client::Retrieve<'c, Futures<S>, I>;

/// The replies of [`Client::pipeline`](pop3_proto::client::Client::pipeline).
pub type Pipeline<'c, S, I> = pop3_proto::client::Pipeline<'c, Futures<S>, I>;

/// The headers of [`Client::preview`](pop3_proto::client::Client::preview).
pub type Previews<'c, S, I> = pop3_proto::client::Previews<'c, Futures<S>, I>;
