//! The client for asynchronous runtimes, and for none in particular.
//!
//! [`Client`] has the operations of POP3 as `async fn`s over any [`Transport`]: reading, writing and an
//! alarm. `pop3-tokio` and `pop3-async-std` are transports and nothing else. There is no task behind
//! it, no channel and no lock: octets move while somebody waits for them, so that back-pressure reaches
//! the server. In one turn the client polls a read and a write; it yields to other tasks after 64
//! turns. On a connection that was idle it reads before it writes, so that a server's parting `-ERR` is
//! seen as what it is.
//!
//! Between operations nothing runs: [`Config::keep_alive`](crate::Config::keep_alive) has no effect.
//!
//! # Cancel safety
//!
//! All state is in the client and none in futures. A future may be dropped at any time, and the client
//! stays in step. [`Client::wait`], [`Client::wait_open`], [`Pipeline::next`], [`Retrieve::next`] and
//! [`Message::chunk`] lose nothing: they are called again. Any other operation gives up what the last one left: what was not
//! sent is not sent; what was is answered, and the answer skipped; a login or a QUIT that has begun is
//! finished. Each method says the rest.
//!
//! # Functions over any of them
//!
//! ```
//! use pop3_proto::client::{Client, Transport};
//! use pop3_proto::{Error, Stat, Uidl};
//!
//! async fn unread<T: Transport>(client: &mut Client<T>) -> Result<u64, Error> {
//!     let (stat, _) = client.batch((Stat, Uidl)).await?;
//!     Ok(stat.messages.into())
//! }
//! ```

mod dial;
mod helpers;
mod message;
mod pump;
mod transport;

#[expect(clippy::module_inception, reason = "the client is what this is about")]
mod client;

pub use client::Client;
pub use dial::{Dialer, dial};
pub use helpers::{Pipeline, Retrieve};
pub use message::Message;
pub use transport::Transport;
