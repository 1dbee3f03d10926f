//! The client for asynchronous runtimes.
//!
//! [`Client`] has the operations of POP3 as `async fn`s over any [`Transport`]: reading, writing, a timer
//! and a clock. `pop3-tokio` and `pop3-async-std` have the transports for their runtimes, and connect; use
//! this module to write another transport, or functions that accept any of them. There is no task, no
//! channel and no lock: octets move while a future is polled, so that backpressure reaches the server. In
//! each step the client polls a read and a write; it yields to other tasks after 64 steps. An idle
//! connection is read before it is used, so that an unsolicited `-ERR` before closing is not taken for the
//! reply to a command.
//!
//! Between operations nothing runs: [`Config::keep_alive`](crate::Config::keep_alive) has no effect.
//!
//! # Cancel safety
//!
//! All state is in the client and none in futures. A future may be dropped at any time, and the client
//! stays synchronized. [`Client::wait`], [`Client::wait_open`], [`Pipeline::next`], [`Retrieve::next`] and
//! [`Message::chunk`] lose nothing: call them again. What any other operation leaves is abandoned by the
//! next one: commands that were not sent are removed from the queue, and the replies to those that were
//! sent are read and discarded; a login or a QUIT that has started is completed. Each method documents the
//! details.
//!
//! # Functions over any transport
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
//!
//! # Claiming replies later
//!
//! [`Client::submit`] returns a ticket instead of waiting. Here five commands need two round trips: after a
//! `RETR`, only more messages are requested before its reply.
//!
//! ```no_run
//! # use pop3_proto::client::{Client, Transport};
//! # use pop3_proto::{Dele, Error, List, MessageNumber, Retr, Uidl};
//! # async fn session<T: Transport>(mut client: Client<T>) -> Result<(), Error> {
//! let [first, second] = [1, 2].map(|n| MessageNumber::new(n).expect("not zero"));
//! let (sizes, uids) = (client.submit(List)?, client.submit(Uidl)?);
//! let message = client.submit(Retr(first))?;
//! let deletion = client.submit(Dele(first))?;
//! let next = client.submit(Retr(second))?;
//!
//! let (sizes, uids) = (client.wait(sizes).await?, client.wait(uids).await?);
//! let octets = client.wait_open(message).await?.to_vec(1 << 20).await?;
//! client.wait(deletion).await?;
//! let octets = client.wait_open(next).await?.to_vec(1 << 20).await?;
//! # Ok(())
//! # }
//! ```

mod commands;
mod dial;
mod driver;
mod helpers;
mod message;
mod transport;

#[expect(
    clippy::module_inception,
    reason = "the client is the subject of this module"
)]
mod client;

pub use client::Client;
pub use dial::{Dialer, dial};
pub use helpers::{Pipeline, Retrieve};
pub use message::Message;
pub use transport::Transport;
