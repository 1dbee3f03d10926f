//! The client for programs without a runtime: a blocking call for each operation.
//!
//! [`Client`] has the operations of POP3 over any [`Transport`]: reading, writing, timeouts and a clock.
//! `pop3-blocking` has the transport for sockets, and connects; use this module to write another
//! transport, or functions that accept any of them. There is no thread, no channel and no lock: octets
//! move while a call waits for them, so that backpressure reaches the server. An idle connection is read
//! before it is used, so that an unsolicited `-ERR` before closing is not taken for the reply to a command.
//!
//! The client has the same methods as the one in `client`, for asynchronous runtimes.
//!
//! # Deadlines
//!
//! They are [`Timeouts`](crate::config::Timeouts), kept through [`Transport::set_timeout`]. An operation that times
//! out may return a little late, by one wait of the transport. Between operations nothing runs:
//! [`Config::keep_alive`](crate::Config::keep_alive) has no effect.
//!
//! # Claiming replies later
//!
//! [`Client::submit`] returns a ticket instead of waiting. Here five commands need two round trips: after a
//! `RETR`, only more messages are requested before its reply.
//!
//! ```no_run
//! # use pop3_proto::blocking::{Client, Transport};
//! # use pop3_proto::{Dele, Error, List, MessageNumber, Retr, Uidl};
//! # fn session<T: Transport>(mut client: Client<T>) -> Result<(), Error> {
//! let [first, second] = [1, 2].map(|n| MessageNumber::new(n).expect("not zero"));
//! let (sizes, uids) = (client.submit(List)?, client.submit(Uidl)?);
//! let message = client.submit(Retr(first))?;
//! let deletion = client.submit(Dele(first))?;
//! let next = client.submit(Retr(second))?;
//!
//! let (sizes, uids) = (client.wait(sizes)?, client.wait(uids)?);
//! let octets = client.wait_open(message)?.to_vec(1 << 20)?;
//! client.wait(deletion)?;
//! let octets = client.wait_open(next)?.to_vec(1 << 20)?;
//! # Ok(())
//! # }
//! ```

mod client;
mod commands;
mod driver;
mod helpers;
mod message;
mod transport;

pub use client::Client;
pub use helpers::{Pipeline, Retrieve};
pub use message::Message;
pub use transport::Transport;
