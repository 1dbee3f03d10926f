//! A POP3 client for Tokio: [`pop3_proto`]'s client over Tokio's streams and clock.
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
//! [`connect`] dials and verifies by the default rules; [`connect_with`] takes a [`Connector`] for
//! others; [`start`] runs over any stream of Tokio. Futures can be dropped at any time: see
//! [`pop3_proto::client`]. What TLS there is, the core does: no stream is ever taken apart.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `rustls` (default) | TLS |
//! | `ring` (default), `aws-lc-rs` | the cryptography for it |
//! | `webpki-roots` (default), `platform-verifier` | whom it trusts |

mod connect;
mod transport;

pub use connect::{connect, connect_over, connect_with, start};
pub use pop3_proto as proto;
#[doc(inline)]
pub use pop3_proto::*;
pub use transport::Tokio;

/// A POP3 client on a stream of Tokio.
pub type Client<S = tokio::net::TcpStream> = pop3_proto::client::Client<Tokio<S>>;

/// A message on its way to a [`Client`].
pub type Message<'c, S = tokio::net::TcpStream> = pop3_proto::client::Message<'c, Tokio<S>>;

/// The messages of a [`Client`], as they come.
pub type Retrieve<'c, S, I> = pop3_proto::client::Retrieve<'c, Tokio<S>, I>;

/// The replies of a [`Client`] to commands in flight.
pub type Pipeline<'c, S, I> = pop3_proto::client::Pipeline<'c, Tokio<S>, I>;

// The README's examples are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
