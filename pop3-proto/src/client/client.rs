//! The client itself: its start and its end, and operations with any command. `commands` has a method
//! for each command of POP3.

use core::future::poll_fn;
use core::task::Poll;

use super::Transport;
use super::driver::Driver;
use super::helpers::{Pipeline, Retrieve};
use super::message::Message;
use crate::batch::Batch;
use crate::batch::Pending as _;
use crate::command::{Command, IntoStreamed, Streamed, Whole};
#[cfg(doc)]
use crate::command::{Retr, Top};
use crate::connection::Connection;
use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::engine::{Engine, Submitter, getters};
use crate::error::Error;
use crate::ticket::Ticket;
use crate::time::Instant;
#[cfg(doc)]
use crate::types::MessageNumber;

/// A POP3 client on a [`Transport`], in any runtime.
///
/// Every operation may be abandoned: the next one skips what is left of it, such as the rest of a body,
/// and the client stays synchronized. Dropping the client closes the transport and commits nothing: only
/// [`Client::quit`] deletes the messages that were marked as deleted.
#[derive(Debug)]
pub struct Client<T> {
    pub(super) driver: Driver<T>,
}

/// Start and end.
impl<T: Transport> Client<T> {
    /// Starts a client for `endpoint` over a transport that was just connected, and waits for the greeting.
    ///
    /// Adapters dial and call this; call it yourself where the transport is not a TCP connection to the
    /// endpoint, such as a proxy or a tunnel. The endpoint says whether TLS comes first, and which name the
    /// certificate must have.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] if TLS is required and cannot be set up; otherwise as [`Client::start`].
    ///
    /// # Cancel safety
    ///
    /// The transport is dropped, and with it the connection.
    pub async fn connect_over(
        endpoint: &Endpoint,
        connector: &Connector,
        transport: T,
    ) -> Result<Self, Error> {
        let connection = connector.connection(endpoint, Instant::ORIGIN)?;
        Self::start(connection, transport).await
    }

    /// Starts a client for a new connection over a transport that was just connected, and waits for the
    /// greeting. The connection is seeded with [`Transport::random`], and its clock goes on from where it is.
    ///
    /// # Errors
    ///
    /// The fatal error that occurred instead of a greeting.
    ///
    /// # Cancel safety
    ///
    /// The transport is dropped, and with it the connection.
    pub async fn start(connection: Connection, mut transport: T) -> Result<Self, Error> {
        let engine = Engine::seeded(connection, |room| transport.random(room));
        let mut driver = Driver::new(engine, transport);
        poll_fn(|cx| driver.poll_for(cx, Engine::poll_greeting)).await?;
        Ok(Self { driver })
    }

    /// Closes the connection immediately by dropping the transport, even if an operation is in progress.
    /// Nothing more is read or written, TLS sends no close_notify, and nothing is committed.
    pub fn abort(self) {
        drop(self.into_transport());
    }
}

getters!();

/// Operations with any command.
impl<T: Transport> Client<T> {
    /// Submits a command without waiting, including streamed ones such as [`Retr`]. Submitted commands
    /// share round trips. Claim their replies in order: with [`Client::wait`], or with
    /// [`Client::wait_open`] if the reply is streamed. The [module](super) has an example.
    ///
    /// Any operation that waits for a later reply discards the replies that were not claimed, and reads
    /// past the bodies among them: a body whose ticket is dropped costs its octets and never blocks the
    /// session. A body is not read ahead: while nothing waits, the server can send no more than the
    /// buffers take.
    ///
    /// # Errors
    ///
    /// The fatal error of a dead connection, or [`Misuse::TooLong`](crate::error::Misuse::TooLong).
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.driver.begin();
        self.driver.engine.submit(command)
    }

    /// Waits for the reply to a submitted command. Unclaimed replies to earlier ones are discarded, and
    /// their bodies are skipped.
    ///
    /// # Errors
    ///
    /// The command's own failure; [`Misuse::TicketSpent`](crate::error::Misuse::TicketSpent) if the reply was
    /// discarded or returned before.
    ///
    /// # Cancel safety
    ///
    /// The ticket stays valid until its reply is returned.
    pub async fn wait<C: Whole>(&mut self, ticket: Ticket<C>) -> Result<C::Reply, Error> {
        self.wait_for(|engine| engine.poll_ticket(&ticket)).await
    }

    /// Waits for the reply to a submitted command that is streamed, and returns its body to be read.
    /// Unclaimed replies to earlier commands are discarded, and their bodies are skipped. The next
    /// operation, which may be waiting for a later ticket, skips what is not read of this body.
    ///
    /// # Errors
    ///
    /// The command's own failure; [`Misuse::TicketSpent`](crate::error::Misuse::TicketSpent) if the reply was
    /// discarded. A body can be opened once.
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
    /// [`Error::Refused`], [`Error::Auth`] and [`Error::Misuse`] concern this command alone. After
    /// any other error but a malformed value the connection is dead ([`Error::is_fatal`]).
    ///
    /// # Cancel safety
    ///
    /// The next operation abandons the command: if it was not sent, it is removed from the queue; otherwise
    /// its reply is read and discarded.
    pub async fn call<C: Whole>(&mut self, command: C) -> Result<C::Reply, Error> {
        self.driver.begin();
        let ticket = self.driver.engine.submit_for_helper(command)?;
        self.wait(ticket).await
    }

    /// Sends several commands in as few round trips as the server allows.
    ///
    /// # Errors
    ///
    /// The first failure, once all replies are read.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`], for each of them.
    pub async fn batch<B: Batch>(&mut self, batch: B) -> Result<B::Replies, Error> {
        self.driver.begin();
        let mut pending = self.driver.engine.submit_batch(batch)?;
        self.wait_for(|engine| engine.poll_batch::<B>(&mut pending))
            .await;
        pending.finish()
    }

    /// Sends commands as an iterator yields them, many in flight, and returns the reply to each.
    ///
    /// Every command that the iterator yields is sent and gets exactly one result, in order, or the
    /// fatal error is reported. The pipeline never ends early in silence, whatever an earlier operation
    /// left unread. A command is taken from the iterator when it is submitted, so commands that were
    /// taken may be unsent when the pipeline is dropped.
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

    /// Retrieves messages as an iterator yields their numbers, many in flight at a time and none kept in
    /// memory. Accepts [`MessageNumber`]s, [`Retr`], [`Top`] and other streamed commands.
    ///
    /// None of them is certain to be what the server meant before [`Client::confirm`] is `Ok`.
    ///
    /// Every command that the iterator yields is sent and gets exactly one result, in order, or the
    /// fatal error is reported. The retrieval never ends early in silence, whatever part of a message is
    /// left unread. A command is taken from the iterator when it is submitted, so commands that were
    /// taken may be unsent when the retrieval is dropped.
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

    /// Sends one streamed command and returns its body.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`]; the body is skipped.
    pub async fn open<C: Streamed>(&mut self, command: C) -> Result<Message<'_, T>, Error> {
        self.driver.begin();
        let ticket = self.driver.engine.submit_for_helper(command)?;
        self.wait_open(ticket).await
    }

    /// Moves octets until `poll` is ready.
    pub(super) async fn wait_for<R>(&mut self, mut poll: impl FnMut(&mut Engine) -> Poll<R>) -> R {
        poll_fn(|cx| self.driver.poll_for(cx, &mut poll)).await
    }
}
