//! The client for programs without an async runtime.
//!
//! [`Client`] has a blocking method for each operation of POP3. It works over any [`Transport`]: a
//! stream with timeouts and a clock. `pop3-blocking` provides a transport for sockets, and
//! functions that connect. Use this module to write another transport, or functions that accept any
//! transport.
//!
//! There is no thread, no channel and no lock. Octets are read and written only while a call waits
//! for them, so backpressure reaches the server. An idle connection is read before it is used, so
//! that an unsolicited `-ERR` before closing is not mistaken for the reply to a command.
//!
//! The client has the same methods as the one for asynchronous runtimes in the module `client`.
//!
//! # Deadlines
//!
//! The deadlines are those of [`Timeouts`](crate::config::Timeouts). The client enforces them with
//! [`Transport::set_timeout`]. An operation may time out late, by at most one timeout of the
//! transport.
//!
//! Between operations nothing runs, so [`Config::keep_alive`](crate::Config::keep_alive) has no
//! effect, and a server may close the idle session during long work of the application. Call
//! [`Client::noop_if_idle`] between the steps of that work.
//!
//! # Claiming replies later
//!
//! [`Client::submit`] returns a ticket instead of waiting. Here five commands need two round trips:
//! `DELE` is sent only after the reply to the `RETR` before it.
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
mod previews;
mod transport;

pub use client::Client;
pub use helpers::{Pipeline, Retrieve};
pub use message::Message;
pub use previews::Previews;
pub use transport::Transport;
