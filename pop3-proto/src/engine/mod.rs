//! The engine of the clients in `client` and `blocking`: what they have in common, without I/O.
//!
//! The methods named `poll_` return [`Poll::Pending`] while octets have to be read or written
//! first. They do not register a waker: the driver of the client then reads or writes, and polls
//! again. All state is here, and none in futures or guards. So a caller that stops waiting loses a
//! reply, but the client stays synchronized.

mod body;
mod getters;
mod previewer;
mod submitter;

use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use core::task::{Poll, ready};
use core::time::Duration;

use bytes::Bytes;

pub(crate) use self::body::Body;
pub(crate) use self::getters::{getters, message_getters};
pub use self::previewer::Previewer;
pub use self::submitter::Submitter;
use crate::batch::{Batch, Pending as _};
use crate::command::Command;
use crate::connection::Connection;
use crate::error::{AuthError, Closed, Error, TlsError, TlsErrorKind};
use crate::event::Event;
use crate::login::Login;
use crate::misuse::Misuse;
use crate::phase::Phase;
use crate::quirk::Quirk;
use crate::received::Received;
use crate::reply::Greeting;
use crate::reply::{BodyHead, Reply};
use crate::secret::Secret;
use crate::status::Status;
use crate::ticket::{RequestId, Ticket};
use crate::time::Instant;

/// The interval of keep-alives if the configuration has none: half of the shortest idle limit of a
/// known server, which is one minute.
#[cfg(feature = "client")]
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A [`Connection`] and the state of a client: which replies are still wanted, and by which caller.
#[derive(Debug)]
pub struct Engine {
    connection: Connection,
    /// The requests of the last helper. The next operation abandons those that are not answered.
    helper: Range<RequestId>,
    /// All requests before this one are answered.
    answered: RequestId,
    /// An event for a later request than the one that is waited for.
    held: Option<Event>,
    quirks: Vec<Quirk>,
    /// The result of the last body that was read to its end.
    received: Option<Received>,
    /// The login for which the caller can provide a token, while [`poll_login`](Engine::poll_login)
    /// runs.
    provided: Option<RequestId>,
    /// Why that login wants a token, until the caller was asked.
    wanted: Option<Option<Box<AuthError>>>,
}

/// The result of [`Engine::poll_login`].
#[derive(Debug)]
pub enum LoginProgress {
    /// A token is wanted: the first one, or a fresh one after this refusal.
    TokenWanted(Option<Box<AuthError>>),
    /// The login ended.
    Ended(Result<Status, Error>),
}

impl Engine {
    /// Creates the engine of a client for a new connection.
    pub fn new(connection: Connection) -> Self {
        let first = connection.next_id();
        Self {
            connection,
            helper: first..first,
            answered: first,
            held: None,
            quirks: Vec::new(),
            received: None,
            provided: None,
            wanted: None,
        }
    }

    /// Creates the engine of a client for a new connection, and seeds the connection with `random`.
    pub fn seeded(
        mut connection: Connection,
        random: impl FnOnce(&mut [u8]) -> std::io::Result<()>,
    ) -> Self {
        let mut seed = [0; 32];
        // Without a seed, only SCRAM and confirmations fail, with an error that says so.
        if random(&mut seed).is_ok() {
            connection.seed(seed);
        }
        Self::new(connection)
    }

    /// Returns what [`poll_chunk`](Engine::poll_chunk) found out about the last body that it read
    /// to its end.
    pub fn received(&self) -> Option<Received> {
        self.received
    }

    /// Returns the connection, for its getters.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the connection, for its methods for the socket and for the clock.
    pub fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Returns the deviations from the RFCs that the server has shown so far, each once.
    pub fn quirks(&self) -> &[Quirk] {
        &self.quirks
    }

    /// Returns whether no reply is awaited. The driver then reads what the server may have sent
    /// meanwhile, before it uses the connection.
    pub fn is_idle(&self) -> bool {
        self.held.is_none() && !self.connection.awaits_reply()
    }

    /// Begins an operation, and abandons the requests that the last helper left unanswered.
    pub fn begin(&mut self) {
        self.end_keep_alive();
        self.abandon(self.helper.clone());
        let next = self.connection.next_id();
        self.helper = next..next;
    }

    /// Turns keep-alives on until [`end_keep_alive`](Engine::end_keep_alive) is called or the next
    /// operation begins.
    #[cfg(feature = "client")]
    pub fn begin_keep_alive(&mut self) {
        let interval = self.connection.config().keep_alive.unwrap_or(KEEP_ALIVE);
        self.connection.set_keep_alive(Some(interval));
    }

    /// Sets the interval of keep-alives to that of the configuration.
    pub fn end_keep_alive(&mut self) {
        let interval = self.connection.config().keep_alive;
        self.connection.set_keep_alive(interval);
    }

    /// Ready when the connection has ended. Until then, no reply is taken from the caller that waits
    /// for it.
    #[cfg(feature = "client")]
    pub fn poll_end(&mut self) -> Poll<()> {
        // Report quirks, and keep the first event that a caller may be waiting for.
        if let Some(event) = self.next_event() {
            self.held = Some(event);
        }
        match self.fatal() {
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        }
    }

    /// Returns whether the session is logged in and no octet was sent or received for this long.
    pub fn is_idle_for(&self, idle: Duration, now: Instant) -> bool {
        self.connection.phase() == Phase::Transaction
            && now.duration_since(self.connection.last_octet()) >= idle
    }

    /// Submits a command. Its ticket claims the reply.
    ///
    /// # Errors
    ///
    /// As for [`Connection::submit`].
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.connection.submit(command)
    }

    /// Submits a command that is abandoned when the next operation begins.
    ///
    /// # Errors
    ///
    /// As for [`Connection::submit`].
    pub fn submit_for_helper<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        let ticket = self.connection.submit(command)?;
        self.helper.end = ticket.id().next();
        Ok(ticket)
    }

    /// Submits a batch that is abandoned when the next operation begins.
    ///
    /// # Errors
    ///
    /// As for [`Connection::submit`]. In this case none of the commands was submitted.
    pub fn submit_batch<B: Batch>(&mut self, batch: B) -> Result<B::Pending, Error> {
        let pending = batch.submit(&mut self.connection)?;
        self.helper.end = self.connection.next_id();
        Ok(pending)
    }

    /// Returns the next event that a caller may be waiting for.
    fn next_event(&mut self) -> Option<Event> {
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        loop {
            match self.connection.poll_event()? {
                Event::Quirk(quirk) => {
                    if !self.quirks.contains(&quirk) {
                        self.quirks.push(quirk);
                    }
                }
                // The connection keeps the greeting, and every request got its error before.
                Event::Greeting(_) | Event::Closed(_) => {}
                Event::TokenWanted { id, refused } if self.provided == Some(id) => {
                    self.wanted = Some(refused);
                }
                // No caller would provide the token, and the login must not wait for ever.
                Event::TokenWanted { id, .. } => {
                    self.connection.abandon(id..id.next());
                    let result = Err(Misuse::TokenOnRequest.into());
                    return Some(Event::Reply { id, result });
                }
                event => return Some(event),
            }
        }
    }

    /// Returns the greeting, once it was received.
    ///
    /// # Errors
    ///
    /// The fatal error that occurred before a greeting was received.
    pub fn poll_greeting(&mut self) -> Poll<Result<Greeting, Error>> {
        if let Some(event) = self.next_event() {
            self.held = Some(event);
        }
        let connection = &self.connection;
        match (connection.greeting(), connection.error()) {
            (Some(greeting), _) => Poll::Ready(Ok(greeting.clone())),
            (None, Some(error)) => Poll::Ready(Err(error.clone())),
            (None, None) => Poll::Pending,
        }
    }

    /// Returns the reply that a ticket claims. Replies to earlier requests are discarded.
    ///
    /// # Errors
    ///
    /// The failure of the request itself. [`Misuse::TicketSpent`] if its reply was discarded or
    /// returned before.
    pub fn poll_ticket<C: Command>(&mut self, ticket: &Ticket<C>) -> Poll<Result<C::Reply, Error>> {
        let result = ready!(self.poll_reply(ticket.id()));
        Poll::Ready(result.and_then(|reply| ticket.read(reply)))
    }

    /// Returns the result of a login, or the request for the token that it wants. After such a
    /// request, [`provide_token`](Engine::provide_token) continues the login.
    pub fn poll_login(&mut self, ticket: &Ticket<Login>) -> Poll<LoginProgress> {
        self.provided = Some(ticket.id());
        let result = self.poll_ticket(ticket);
        self.provided = None;
        match (result, self.wanted.take()) {
            (Poll::Ready(result), _) => Poll::Ready(LoginProgress::Ended(result)),
            (Poll::Pending, Some(refused)) => Poll::Ready(LoginProgress::TokenWanted(refused)),
            (Poll::Pending, None) => Poll::Pending,
        }
    }

    /// Provides the token that a login wants, or the reason why there is none.
    pub fn provide_token<E: fmt::Display>(
        &mut self,
        ticket: &Ticket<Login>,
        token: Result<Secret, E>,
    ) {
        let token = token.map_err(|error| error.to_string().into());
        // If the login has ended in the meantime, `poll_login` returns its result.
        let _ = self.connection.provide_token(ticket.id(), token);
    }

    fn poll_reply(&mut self, id: RequestId) -> Poll<Result<Reply, Error>> {
        let spent = Poll::Ready(Err(Misuse::TicketSpent.into()));
        if id < self.answered {
            return spent;
        }
        while let Some(event) = self.next_event() {
            match event {
                Event::Reply {
                    id: answered,
                    result,
                } if answered <= id => {
                    self.answered = answered.next();
                    if answered == id {
                        return Poll::Ready(result);
                    }
                }
                event if request_of(&event).is_some_and(|later| later > id) => {
                    self.held = Some(event);
                    return spent;
                }
                // A body of an earlier reply that was abandoned.
                _ => {}
            }
        }
        if id < self.connection.next_id() {
            self.poll_outstanding()
        } else {
            Poll::Ready(Err(self.why_none()))
        }
    }

    /// Returns the next octets of the body of a streamed reply; `Ok(None)` at its end. After that,
    /// [`received`](Engine::received) returns what is known about the body.
    ///
    /// # Errors
    ///
    /// The fatal error that ended the body before its terminator. The octets that were read are not
    /// complete.
    pub fn poll_chunk(&mut self, id: RequestId) -> Poll<Result<Option<Bytes>, Error>> {
        while let Some(event) = self.next_event() {
            match event {
                Event::Body { id: of, chunk } if of == id => return Poll::Ready(Ok(Some(chunk))),
                Event::BodyEnd { id: of, result } if of == id => {
                    return Poll::Ready(result.map(|received| {
                        self.received = Some(received);
                        None
                    }));
                }
                event if request_of(&event).is_some_and(|later| later > id) => {
                    self.held = Some(event);
                    return Poll::Ready(Err(Misuse::TicketSpent.into()));
                }
                _ => {}
            }
        }
        self.poll_outstanding()
    }

    /// Returns pending while a request is outstanding; otherwise the reason why nothing more is
    /// received.
    fn poll_outstanding<T>(&self) -> Poll<Result<T, Error>> {
        if self.connection.outstanding() > 0 {
            return Poll::Pending;
        }
        Poll::Ready(Err(self.why_none()))
    }

    /// Returns the reason why there will be no reply.
    fn why_none(&self) -> Error {
        let fatal = self.connection.error().cloned();
        fatal.unwrap_or(Misuse::TicketSpent.into())
    }

    /// Returns the status line of a streamed reply.
    ///
    /// # Errors
    ///
    /// The failure of the request itself.
    pub fn poll_head(&mut self, id: RequestId) -> Poll<Result<BodyHead, Error>> {
        let result = ready!(self.poll_reply(id));
        Poll::Ready(result.and_then(|reply| match reply {
            Reply::BodyHead(head) => Ok(head),
            _ => Err(Misuse::TicketSpent.into()),
        }))
    }

    /// Reads the replies to a batch. Ready when all are read.
    pub fn poll_batch<B: Batch>(&mut self, pending: &mut B::Pending) -> Poll<()> {
        while let Some(id) = pending.next_id() {
            let result = ready!(self.poll_reply(id));
            pending.accept(id, result);
        }
        Poll::Ready(())
    }

    /// Abandons one streamed reply: the rest of its body is read and discarded.
    pub fn skip(&mut self, id: RequestId) {
        self.abandon(id..id.next());
    }

    /// Abandons requests, and drops the held event if it belongs to one of them.
    fn abandon(&mut self, requests: Range<RequestId>) {
        let held = self.held.as_ref().and_then(request_of);
        if held.is_some_and(|id| requests.contains(&id)) {
            self.held = None;
        }
        self.connection.abandon(requests);
    }

    /// Returns whether the connection waits for a TLS handshake that it cannot do, because it was
    /// created without TLS. A client cannot do the handshake either, and has to
    /// [refuse](Engine::refuse_tls) it.
    pub fn lacks_tls(&self) -> bool {
        self.connection.wants_tls()
    }

    /// Ends a connection that [lacks TLS](Engine::lacks_tls).
    pub fn refuse_tls(&mut self, now: Instant) {
        let text = "this client was created without TLS (use the feature `rustls` and `Connector::connection`)";
        let error = TlsError::new(TlsErrorKind::NotConfigured, text);
        self.connection.tls_failed(error, now);
    }

    /// Returns the error that new requests get, if the connection has ended.
    pub fn fatal(&self) -> Option<Error> {
        let connection = &self.connection;
        let closed = connection.phase() == Phase::Closed;
        closed.then(|| {
            connection
                .error()
                .cloned()
                .unwrap_or(Closed::Finished.into())
        })
    }
}

fn request_of(event: &Event) -> Option<RequestId> {
    match event {
        Event::Reply { id, .. }
        | Event::Body { id, .. }
        | Event::BodyEnd { id, .. }
        | Event::TokenWanted { id, .. } => Some(*id),
        Event::Greeting(_) | Event::Quirk(_) | Event::Closed(_) => None,
    }
}
