//! A POP3 client for async-std, for smol, and for any stream of futures: [`pop3_proto`]'s client with
//! a timer.
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
//! [`connect`] dials and verifies by the default rules; [`connect_with`] takes a [`Connector`] for
//! others; [`start`] runs over any stream of futures, under any runtime. Futures can be dropped at any
//! time: see [`pop3_proto::client`]. What TLS there is, the core does: no stream is ever taken apart.
//!
//! async-std is discontinued (RUSTSEC-2025-0052). The feature `smol` has the same functions over the
//! sockets of its successor, in the module `with_smol`.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `async-std` (default) | [`connect`] over async-std's sockets |
//! | `smol` | the module `with_smol`: the same over smol's |
//! | `rustls` (default) | TLS |
//! | `ring` (default), `aws-lc-rs` | the cryptography for it |
//! | `webpki-roots` (default), `platform-verifier` | whom it trusts |

mod connect;
mod transport;

#[cfg(feature = "async-std")]
pub use connect::with_async_std::{connect, connect_with};
pub use connect::{connect_over, start};
pub use pop3_proto as proto;
#[doc(inline)]
pub use pop3_proto::*;
pub use transport::Futures;

/// The same over the sockets of smol.
#[cfg(feature = "smol")]
pub mod with_smol {
    pub use crate::connect::with_smol::{connect, connect_with};

    /// A POP3 client on a socket of smol.
    pub type Client<S = ::smol::net::TcpStream> = crate::Client<S>;
}

/// A POP3 client on a stream of futures.
#[cfg(feature = "async-std")]
pub type Client<S = async_std::net::TcpStream> = pop3_proto::client::Client<Futures<S>>;

/// A POP3 client on a stream of futures.
#[cfg(not(feature = "async-std"))]
pub type Client<S> = pop3_proto::client::Client<Futures<S>>;

/// A message on its way to a [`Client`].
pub type Message<'c, S> = pop3_proto::client::Message<'c, Futures<S>>;

/// The messages of a [`Client`], as they come.
pub type Retrieve<'c, S, I> = pop3_proto::client::Retrieve<'c, Futures<S>, I>;

/// The replies of a [`Client`] to commands in flight.
pub type Pipeline<'c, S, I> = pop3_proto::client::Pipeline<'c, Futures<S>, I>;
