//! The client: how it starts and ends, and its methods that accept any command. `commands.rs` has a
//! method for each command of POP3.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use super::Transport;
use super::driver::Driver;
use super::helpers::{Pipeline, Retrieve};
use super::message::Message;
use super::previews::Previews;
use crate::batch::Batch;
use crate::batch::Pending as _;
use crate::command::{Command, IntoStreamed, Streamed, Whole};
#[cfg(doc)]
use crate::command::{Retr, Top};
use crate::connection::Connection;
use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::engine::{Engine, Previewer, Submitter, getters};
use crate::error::Error;
use crate::ticket::Ticket;
use crate::time::Instant;
use crate::types::MessageNumber;

/// An asynchronous POP3 client over a [`Transport`], independent of the runtime.
///
/// The future of every operation may be dropped before it is ready. The next operation then skips
/// the unread rest, for example of a body, and the client stays synchronized. Dropping the client
/// closes the transport and deletes nothing: only [`Client::quit`] deletes the messages that were
/// marked as deleted.
#[derive(Debug)]
pub struct Client<T> {
    pub(super) driver: Driver<T>,
}

/// Starting and closing.
impl<T: Transport> Client<T> {
    /// Starts a client for `endpoint` over a transport that was just connected, and waits for the
    /// greeting.
    ///
    /// The adapters connect and then call this. Call it yourself if the transport is not a direct
    /// TCP connection to the endpoint, for example if it goes through a proxy or a tunnel. The
    /// endpoint determines whether TLS comes first, and which name the server's certificate must
    /// have.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] if TLS is required and cannot be set up. Other errors are those of
    /// [`Client::start`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the transport is closed.
    pub async fn connect_over(
        endpoint: &Endpoint,
        connector: &Connector,
        transport: T,
    ) -> Result<Self, Error> {
        let connection = connector.connection(endpoint, Instant::ORIGIN)?;
        Self::start(connection, transport).await
    }

    /// Starts a client for a new [`Connection`] over a transport that was just connected, and waits
    /// for the greeting. The connection is seeded with [`Transport::random`]. The connection's
    /// clock continues from the last time that was passed to it.
    ///
    /// # Errors
    ///
    /// The fatal error that occurred before a greeting was received.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the transport is closed.
    pub async fn start(connection: Connection, mut transport: T) -> Result<Self, Error> {
        let engine = Engine::seeded(connection, |room| transport.random(room));
        let mut driver = Driver::new(engine, transport);
        poll_fn(|cx| driver.poll_for(cx, Engine::poll_greeting)).await?;
        Ok(Self { driver })
    }

    /// Closes the connection immediately by dropping the transport, even if an operation is in
    /// progress. Nothing more is read or written, TLS sends no close_notify, and nothing is
    /// deleted.
    pub fn abort(self) {
        drop(self.into_transport());
    }
}

getters!();

impl<T> AsRef<Connection> for Client<T> {
    fn as_ref(&self) -> &Connection {
        self.driver.engine.connection()
    }
}

/// Operations that accept any command.
impl<T: Transport> Client<T> {
    /// Submits a command without waiting for its reply. Streamed commands such as [`Retr`] can also
    /// be submitted. Submitted commands share round trips. Claim their replies in order, with
    /// [`Client::wait`], or with [`Client::wait_open`] if the reply is streamed. The
    /// [module](super) has an example.
    ///
    /// An operation that waits for a later reply discards all unclaimed replies before it, and
    /// skips their bodies. A ticket may therefore be dropped: the body of its reply is still
    /// received, but it never blocks the session. Bodies are not read ahead. While no operation
    /// waits, the server can send only as much as the buffers can hold.
    ///
    /// # Errors
    ///
    /// The fatal error of a connection that has ended, or
    /// [`Misuse::TooLong`](crate::error::Misuse::TooLong).
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.driver.begin();
        self.driver.engine.submit(command)
    }

    /// Waits for the reply to a submitted command. Unclaimed replies to earlier commands are
    /// discarded, and their bodies are skipped.
    ///
    /// # Errors
    ///
    /// The failure of the command itself.
    /// [`Misuse::TicketSpent`](crate::error::Misuse::TicketSpent) if the reply was discarded or
    /// returned before.
    ///
    /// # Cancel safety
    ///
    /// The ticket stays valid until its reply is returned.
    pub async fn wait<C: Whole>(&mut self, ticket: Ticket<C>) -> Result<C::Reply, Error> {
        self.wait_for(|engine| engine.poll_ticket(&ticket)).await
    }

    /// Waits for the reply to a submitted command that is streamed, and returns its body to be
    /// read. Unclaimed replies to earlier commands are discarded, and their bodies are skipped. If
    /// this body is not read to its end, the next operation skips the rest.
    ///
    /// # Errors
    ///
    /// The failure of the command itself.
    /// [`Misuse::TicketSpent`](crate::error::Misuse::TicketSpent) if the reply was discarded, or if
    /// the body was opened before.
    ///
    /// # Cancel safety
    ///
    /// The ticket stays valid until the body is returned.
    pub async fn wait_open<C: Streamed>(
        &mut self,
        ticket: Ticket<C>,
    ) -> Result<Message<'_, T>, Error> {
        let head = self
            .wait_for(|engine| engine.poll_head(ticket.id()))
            .await?;
        Ok(Message::new(&mut self.driver, ticket.id(), head))
    }

    /// Sends a command and waits for its reply.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Auth`] and [`Error::Misuse`] concern only this command. After
    /// any other error except a malformed value, the connection has ended ([`Error::is_fatal`]).
    ///
    /// # Cancel safety
    ///
    /// The next operation abandons the command: if it was not sent, it is removed from the queue;
    /// otherwise its reply is read and discarded.
    pub async fn call<C: Whole>(&mut self, command: C) -> Result<C::Reply, Error> {
        self.driver.begin();
        let ticket = self.driver.engine.submit_for_helper(command)?;
        self.wait(ticket).await
    }

    /// Sends several commands in as few round trips as the server allows.
    ///
    /// # Errors
    ///
    /// The first failure, after all replies are read.
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`], for each command.
    pub async fn batch<B: Batch>(&mut self, batch: B) -> Result<B::Replies, Error> {
        self.driver.begin();
        let mut pending = self.driver.engine.submit_batch(batch)?;
        self.wait_for(|engine| engine.poll_batch::<B>(&mut pending))
            .await;
        pending.finish()
    }

    /// Sends commands from an iterator, with many in flight, and returns the reply to each.
    ///
    /// Every command that the iterator yields is sent and gets exactly one result, in order, or the
    /// fatal error is reported. The pipeline never ends early without an error, even if an earlier
    /// operation left a reply unread. A command is taken from the iterator only when it is
    /// submitted. If the pipeline is dropped, some of the commands that were taken may not have
    /// been sent.
    pub fn pipeline<I>(&mut self, commands: I) -> Pipeline<'_, T, I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Whole,
    {
        let submitter = Submitter::new(&mut self.driver.engine, commands.into_iter());
        Pipeline {
            driver: &mut self.driver,
            submitter,
        }
    }

    /// Retrieves the messages whose numbers an iterator yields. Many commands are in flight, but no
    /// message is kept in memory. Accepts [`MessageNumber`]s, [`Retr`], [`Top`] and other streamed
    /// commands.
    ///
    /// Do not trust any of the messages before [`Client::confirm`] has returned `Ok`: until then, a
    /// message may not be what the server meant to send.
    ///
    /// Every command that the iterator yields is sent and gets exactly one result, in order, or the
    /// fatal error is reported. The retrieval never ends early without an error, even if a message
    /// is not read to its end. A command is taken from the iterator only when it is submitted. If
    /// the retrieval is dropped, some of the commands that were taken may not have been sent.
    pub fn retrieve<I>(&mut self, messages: I) -> Retrieve<'_, T, I::IntoIter>
    where
        I: IntoIterator,
        I::Item: IntoStreamed,
    {
        let submitter = Submitter::new(&mut self.driver.engine, messages.into_iter());
        Retrieve {
            driver: &mut self.driver,
            submitter,
            open: None,
        }
    }

    /// Returns the headers of the messages whose numbers an iterator yields, each with at most
    /// `budget` octets. Every number gets exactly one result, together with the number. Many commands
    /// are in flight, and only one header is in memory.
    ///
    /// `TOP n 0` (RFC 1939 section 7) is sent where it works. A message whose `TOP` is refused is
    /// requested with `RETR`, and its result may come later than those of the numbers after it. If
    /// `TOP` was never accepted, and `RETR` is, only `RETR` is sent from then on.
    ///
    /// # Cost
    ///
    /// POP3 cannot stop a reply. Octets after the header or beyond the budget are received and
    /// discarded, also by the next operation if the previews are dropped. With `RETR`, and with
    /// servers that answer `TOP n 0` with whole messages, that is the whole message:
    /// [`Previews::discarded`] counts it. To preview only small messages, filter the numbers by
    /// their sizes in [`List`](crate::List). `RETR` may also mark the message as read; to avoid that,
    /// call [`Previews::without_retr`]. It is never sent to a server that advertises `EXPIRE 0`,
    /// which may delete a message that was retrieved (RFC 2449 section 6.7).
    ///
    /// A header is not proven to be what the server meant to send, like the messages of
    /// [`retrieve`](Client::retrieve).
    ///
    /// ```
    /// # use pop3_proto::{Error, client::{Client, Transport}};
    /// # async fn example<T: Transport>(client: &mut Client<T>) -> Result<(), Error> {
    /// let numbers = client.uidl().await?.numbers();
    /// let mut previews = client.preview(numbers, 16 << 10);
    /// while let Some((number, preview)) = previews.next().await {
    ///     match preview {
    ///         Ok(preview) => println!("{number}: {}", preview.header.escape_ascii()),
    ///         Err(error) => println!("{number}: {error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn preview<I>(&mut self, numbers: I, budget: usize) -> Previews<'_, T, I::IntoIter>
    where
        I: IntoIterator<Item = MessageNumber>,
    {
        let numbers = numbers.into_iter();
        let previewer = Previewer::new(&mut self.driver.engine, numbers, budget);
        Previews {
            driver: &mut self.driver,
            previewer,
        }
    }

    /// Sends one streamed command and returns its body.
    ///
    /// # Errors
    ///
    /// As for [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Client::call`]. The body is skipped.
    pub async fn open<C: Streamed>(&mut self, command: C) -> Result<Message<'_, T>, Error> {
        self.driver.begin();
        let ticket = self.driver.engine.submit_for_helper(command)?;
        self.wait_open(ticket).await
    }

    /// Runs a future of the caller, and meanwhile sends `NOOP` whenever the session is idle for
    /// [`Config::keep_alive`](crate::Config::keep_alive), or for 30 seconds if that is `None`; at
    /// most once a second. Returns the output of the future.
    ///
    /// Servers close idle sessions: RFC 1939 section 3 allows that after ten minutes, and some do so
    /// after one. Nothing is sent before the login. Nothing may be sent either while replies wait to
    /// be claimed with [`Ticket`]s: claim them first. They are not lost. The rest of a message that
    /// was dropped is read and discarded.
    ///
    /// If the connection ends meanwhile, the future still runs to its end, and the next operation
    /// returns the error. [`Client::error`] returns it, too.
    ///
    /// Pass a future that does its work without blocking the task, for example one that waits for
    /// blocking work in another thread. For work that cannot be a future, see
    /// [`noop_if_idle`](Client::noop_if_idle).
    ///
    /// ```
    /// # use pop3_proto::{Error, MessageNumber, client::{Client, Transport}};
    /// # async fn scan_for_viruses(message: &[u8]) -> bool { true }
    /// # async fn example<T: Transport>(client: &mut Client<T>) -> Result<(), Error> {
    /// let message = client.retr_to_vec(MessageNumber::FIRST, 10 << 20).await?;
    /// if client.keep_alive(scan_for_viruses(&message)).await {
    ///     client.dele(MessageNumber::FIRST).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// The future of the caller is dropped, too. The reply to a `NOOP` that was sent is read and
    /// discarded by the next operation. The same applies when the future is ready while a `NOOP` is
    /// in flight.
    pub async fn keep_alive<F: Future>(&mut self, future: F) -> F::Output {
        self.driver.begin();
        self.driver.engine.begin_keep_alive();
        let mut future = pin!(future);
        let output = poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            // If the connection has ended, only the future is left to be polled.
            let _ = self.driver.poll_for(cx, Engine::poll_end);
            Poll::Pending
        });
        let output = output.await;
        self.driver.engine.end_keep_alive();
        output
    }

    /// Reads and writes until `poll` is ready.
    pub(super) async fn wait_for<R>(&mut self, mut poll: impl FnMut(&mut Engine) -> Poll<R>) -> R {
        poll_fn(|cx| self.driver.poll_for(cx, &mut poll)).await
    }
}
