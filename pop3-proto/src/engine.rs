//! What every client keeps between its session and its callers, whatever its I/O.
//!
//! The methods named `poll_` give `None` while octets have to move first: a blocking client then
//! reads or writes, an async one waits. All state is here and none in futures or guards, so a
//! caller that stops waiting costs a reply, never the order of replies.

use alloc::vec::Vec;
use core::ops::Range;

use bytes::Bytes;

use crate::batch::{Batch, Pending};
use crate::command::{Command, IntoStreamed, Whole};
use crate::connection::{Event, Greeting};
use crate::error::{Closed, Error, Misuse};
use crate::quirk::Quirk;
use crate::received::Received;
use crate::reply::{Opened, Reply};
use crate::session::Session;
use crate::ticket::{RequestId, Ticket};

/// A [`Session`] and the bookkeeping of a client: which replies are still wanted, and by whom.
#[derive(Debug)]
pub struct Engine {
    session: Session,
    /// The requests of the last helper. The next operation gives up what is left of them.
    helper: Range<RequestId>,
    /// All before this is answered.
    answered: RequestId,
    /// An event that belongs to a later request than the one that was waited for.
    held: Option<Event>,
    quirks: Vec<Quirk>,
    /// Of the body that was read to its end last.
    received: Option<Received>,
}

impl Engine {
    /// A client's engine for a session that was just made.
    pub fn new(session: Session) -> Self {
        let first = session.connection().next_id();
        Self {
            session,
            helper: first..first,
            answered: first,
            held: None,
            quirks: Vec::new(),
            received: None,
        }
    }

    /// What came of the body whose end [`poll_chunk`](Engine::poll_chunk) gave last.
    pub fn received(&self) -> Option<Received> {
        self.received
    }

    /// The session, for its getters.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The session, for its socket side and its clock side.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The oddities of the server so far, each once.
    pub fn quirks(&self) -> &[Quirk] {
        &self.quirks
    }

    /// Whether nothing is awaited: a good moment to see what the server said by itself.
    pub fn is_idle(&self) -> bool {
        self.held.is_none() && !self.session.connection().awaits_reply()
    }

    /// Begins an operation: what the last helper left unread is given up.
    pub fn begin(&mut self) {
        self.give_up(self.helper.clone());
        let next = self.session.connection().next_id();
        self.helper = next..next;
    }

    /// Submits a command. Its reply is claimed by its ticket.
    ///
    /// # Errors
    ///
    /// As [`Session::submit`].
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.session.submit(command)
    }

    /// Submits a command whose reply is given up when the next operation begins.
    ///
    /// # Errors
    ///
    /// As [`Session::submit`].
    pub fn submit_for_helper<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        let ticket = self.session.submit(command)?;
        self.helper.end = ticket.id().next();
        Ok(ticket)
    }

    /// The next event that a caller may be waiting for.
    fn next_event(&mut self) -> Option<Event> {
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        loop {
            match self.session.poll_event()? {
                Event::Quirk(quirk) => {
                    if !self.quirks.contains(&quirk) {
                        self.quirks.push(quirk);
                    }
                }
                // The connection has the greeting, and every request got its error before.
                Event::Greeting(_) | Event::Closed(_) => {}
                event => return Some(event),
            }
        }
    }

    /// The greeting, once it came.
    ///
    /// # Errors
    ///
    /// The fatal error that came instead.
    pub fn poll_greeting(&mut self) -> Option<Result<Greeting, Error>> {
        if let Some(event) = self.next_event() {
            self.held = Some(event);
        }
        let connection = self.session.connection();
        match (connection.greeting(), connection.error()) {
            (Some(greeting), _) => Some(Ok(greeting.clone())),
            (None, Some(error)) => Some(Err(error.clone())),
            (None, None) => None,
        }
    }

    /// The reply that a ticket claims. Replies to earlier requests are discarded on the way.
    ///
    /// # Errors
    ///
    /// The request's own failure; [`Misuse::TicketSpent`] if its reply is gone.
    pub fn poll_ticket<C: Command>(
        &mut self,
        ticket: &Ticket<C>,
    ) -> Option<Result<C::Reply, Error>> {
        Some(
            self.poll_reply(ticket.id())?
                .and_then(|reply| ticket.read(reply)),
        )
    }

    fn poll_reply(&mut self, id: RequestId) -> Option<Result<Reply, Error>> {
        let spent = Some(Err(Misuse::TicketSpent.into()));
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
                        return Some(result);
                    }
                }
                event if request_of(&event).is_some_and(|later| later > id) => {
                    self.held = Some(event);
                    return spent;
                }
                // The body of an earlier reply that nobody reads any more.
                _ => {}
            }
        }
        let connection = self.session.connection();
        if connection.outstanding() > 0 && id < connection.next_id() {
            return None;
        }
        // There is no such reply and there will be none.
        Some(Err(connection
            .error()
            .cloned()
            .unwrap_or(Misuse::TicketSpent.into())))
    }

    /// More of the body of a streamed reply; `Ok(None)` at its end, when
    /// [`received`](Engine::received) says what came.
    ///
    /// # Errors
    ///
    /// The fatal error that cut the body short: what came of it is not complete.
    pub fn poll_chunk(&mut self, id: RequestId) -> Option<Result<Option<Bytes>, Error>> {
        while let Some(event) = self.next_event() {
            match event {
                Event::Body { id: of, chunk } if of == id => return Some(Ok(Some(chunk))),
                Event::BodyEnd { id: of, result } if of == id => {
                    return Some(result.map(|received| {
                        self.received = Some(received);
                        None
                    }));
                }
                event if request_of(&event).is_some_and(|later| later > id) => {
                    self.held = Some(event);
                    return Some(Err(Misuse::TicketSpent.into()));
                }
                _ => {}
            }
        }
        let connection = self.session.connection();
        if connection.outstanding() > 0 {
            return None;
        }
        Some(Err(connection
            .error()
            .cloned()
            .unwrap_or(Misuse::TicketSpent.into())))
    }

    /// Submits a batch; what is not read of it is given up when the next operation begins.
    ///
    /// # Errors
    ///
    /// As [`Session::submit`]; none of the commands was submitted then.
    pub fn submit_batch<B: Batch>(&mut self, batch: B) -> Result<B::Pending, Error> {
        let pending = batch.submit(&mut self.session)?;
        self.helper.end = self.session.connection().next_id();
        Ok(pending)
    }

    /// The status line of a streamed reply.
    ///
    /// # Errors
    ///
    /// The request's own failure.
    pub fn poll_opened(&mut self, id: RequestId) -> Option<Result<Opened, Error>> {
        Some(self.poll_reply(id)?.and_then(|reply| match reply {
            Reply::Opened(opened) => Ok(opened),
            _ => Err(Misuse::TicketSpent.into()),
        }))
    }

    /// Takes replies for a batch; `Some` once all are there.
    pub fn poll_batch(&mut self, batch: &mut impl Pending) -> Option<()> {
        while !batch.is_complete() {
            let id = batch.next_id()?;
            let result = self.poll_reply(id)?;
            batch.accept(id, result);
        }
        Some(())
    }

    /// Gives one streamed reply up: the rest of its body is skipped.
    pub fn skip(&mut self, id: RequestId) {
        self.give_up(id..id.next());
    }

    /// Gives requests up, with an event of theirs that is held.
    fn give_up(&mut self, requests: Range<RequestId>) {
        let held = self.held.as_ref().and_then(request_of);
        if held.is_some_and(|id| requests.contains(&id)) {
            self.held = None;
        }
        self.session.abandon(requests);
    }

    /// The error that new requests get, if the connection is dead.
    pub fn fatal(&self) -> Option<Error> {
        let connection = self.session.connection();
        let over = connection.phase() == crate::Phase::Closed;
        over.then(|| {
            connection
                .error()
                .cloned()
                .unwrap_or(Closed::Finished.into())
        })
    }
}

/// The commands of a pipeline or a retrieval, submitted as the window has room and answered in order.
///
/// # Invariant
///
/// Every command that the iterator yields is submitted and gets exactly one result, in order: its
/// reply, its refusal, or the fatal error of the connection. A feed ends only when its iterator has
/// ended and each command has its result, or after it reported a fatal error. It never ends early in
/// silence.
///
/// So a full window never ends a feed. While none of its commands is submitted, the feed submits the
/// next one whatever the window says, and the connection queues it until it may be sent: after the
/// rest of an abandoned body, for example.
///
/// The iterator ends at its first `None`. After a fatal error was reported, nothing more is taken from
/// it.
#[derive(Debug)]
pub struct Feed<I: Iterator> {
    /// `None` once the iterator has ended or a fatal error was reported.
    commands: Option<I>,
    /// The requests that are submitted and not answered.
    submitted: Range<RequestId>,
    /// Why the next command could not be submitted. It is reported after the replies to those before.
    unsubmitted: Option<Error>,
}

/// What a feed has to do for its next result.
enum Next {
    /// Wait for the reply to this request.
    Await(RequestId),
    /// Report why a command could not be submitted.
    Report(Error),
    /// Nothing: every command has its result.
    End,
}

impl<I: Iterator> Feed<I> {
    /// Begins a helper that will submit these commands.
    pub fn new(engine: &mut Engine, commands: I) -> Self {
        engine.begin();
        let next = engine.session.connection().next_id();
        Self {
            commands: Some(commands),
            submitted: next..next,
            unsubmitted: None,
        }
    }

    /// Submits what the window has room for, and decides what the next result depends on.
    fn advance<C: Command>(&mut self, engine: &mut Engine, into: impl Fn(I::Item) -> C) -> Next {
        while self.unsubmitted.is_none() && self.may_submit(engine) {
            let Some(command) = self.commands.as_mut().and_then(Iterator::next) else {
                self.commands = None;
                break;
            };
            match engine.submit_for_helper(into(command)) {
                Ok(ticket) => self.submitted.end = ticket.id().next(),
                Err(error) => self.unsubmitted = Some(error),
            }
        }
        if !self.submitted.is_empty() {
            return Next::Await(self.submitted.start);
        }
        match self.unsubmitted.take() {
            Some(error) => {
                self.stop_if_fatal(&error);
                Next::Report(error)
            }
            None => Next::End,
        }
    }

    /// Whether to submit the next command. If none is submitted, always: there is nothing else whose
    /// reply could make room in the window, and on a dead connection the command gets the fatal error.
    fn may_submit(&self, engine: &Engine) -> bool {
        self.submitted.is_empty() || engine.session.connection().wants_request()
    }

    /// Counts a request as answered.
    fn answered<T>(&mut self, id: RequestId, result: &Result<T, Error>) {
        self.submitted.start = id.next();
        if let Err(error) = result {
            self.stop_if_fatal(error);
        }
    }

    fn stop_if_fatal(&mut self, error: &Error) {
        if error.is_fatal() {
            self.commands = None;
        }
    }

    /// Returns the next reply; `Some(None)` when every command has its result, or when a fatal error
    /// was reported to each that was submitted. `None` while octets have to move first.
    pub fn poll_next(
        &mut self,
        engine: &mut Engine,
    ) -> Option<Option<Result<<I::Item as Command>::Reply, Error>>>
    where
        I::Item: Whole,
    {
        let id = match self.advance(engine, |command| command) {
            Next::Await(id) => id,
            Next::Report(error) => return Some(Some(Err(error))),
            Next::End => return Some(None),
        };
        let result = engine.poll_reply(id)?;
        self.answered(id, &result);
        Some(Some(
            result.and_then(|reply| Ticket::<I::Item>::new(id).read(reply)),
        ))
    }

    /// Returns the next reply that opens a body, and its request; otherwise as
    /// [`poll_next`](Feed::poll_next).
    pub fn poll_open(
        &mut self,
        engine: &mut Engine,
    ) -> Option<Option<Result<(RequestId, Opened), Error>>>
    where
        I::Item: IntoStreamed,
    {
        let id = match self.advance(engine, IntoStreamed::into_streamed) {
            Next::Await(id) => id,
            Next::Report(error) => return Some(Some(Err(error))),
            Next::End => return Some(None),
        };
        let result = engine.poll_opened(id)?;
        self.answered(id, &result);
        Some(Some(result.map(|opened| (id, opened))))
    }
}

fn request_of(event: &Event) -> Option<RequestId> {
    match event {
        Event::Reply { id, .. } | Event::Body { id, .. } | Event::BodyEnd { id, .. } => Some(*id),
        Event::Greeting(_) | Event::Quirk(_) | Event::Closed(_) => None,
    }
}
