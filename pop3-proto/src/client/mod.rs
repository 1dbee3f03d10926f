//! The client for asynchronous runtimes.
//!
//! [`Client`] has an `async fn` for each operation of POP3. It works over any [`Transport`]: a
//! stream with a timer and a clock. `pop3-tokio` and `pop3-async-std` provide transports for their
//! runtimes, and functions that connect. Use this module to write a transport for another runtime,
//! or functions that accept any transport.
//!
//! There is no background task, no channel and no lock. Octets are read and written only while a
//! future is polled, so backpressure reaches the server. In each step the client polls one read and
//! one write, and after 64 steps it yields to other tasks. An idle connection is read before it is
//! used, so that an unsolicited `-ERR` before closing is not mistaken for the reply to a command.
//!
//! Between operations nothing runs, so a server may close the idle session during long work of the
//! application. [`Client::keep_alive`] sends `NOOP` while a future of the application runs, and
//! [`Client::noop_if_idle`] sends one between two steps of other work.
//!
//! # Cancel safety
//!
//! All state is in the client, and none in the futures. A future may be dropped at any time, and
//! the client stays synchronized.
//!
//! * [`Client::wait`], [`Client::wait_open`], [`Pipeline::next`], [`Retrieve::next`],
//!   [`Previews::next`] and [`Message::chunk`] lose nothing: call them again.
//! * [`Client::keep_alive`] drops the future that was passed to it.
//! * After any other cancelled call, the next operation abandons the unfinished requests. Commands
//!   that were not sent are removed from the queue. The replies to those that were sent are read
//!   and discarded. A login or a QUIT that has started is completed. Each method documents the
//!   details.
//!
//! # Functions over any transport
//!
//! ```
//! use pop3_proto::client::{Client, Transport};
//! use pop3_proto::{Error, Stat, Uidl};
//!
//! /// Returns whether the server listed a unique-id for each message.
//! async fn all_listed<T: Transport>(client: &mut Client<T>) -> Result<bool, Error> {
//!     let (stat, uids) = client.batch((Stat, Uidl)).await?;
//!     Ok(stat.messages as usize == uids.len())
//! }
//! ```
//!
//! # Claiming replies later
//!
//! [`Client::submit`] returns a ticket instead of waiting. Here five commands need two round trips:
//! `DELE` is sent only after the reply to the `RETR` before it.
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
mod previews;
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
pub use previews::Previews;
pub use transport::Transport;
