//! Takes the commands of a pipeline or a retrieval from their iterator and submits them to the
//! engine.

use core::ops::Range;
use core::task::{Poll, ready};

use super::Engine;
use crate::command::{Command, IntoStreamed, Whole};
use crate::error::Error;
use crate::reply::BodyHead;
use crate::ticket::{RequestId, Ticket};

/// Submits the commands of a pipeline or a retrieval while the window has room, and returns their
/// results in order.
///
/// # Invariant
///
/// Every command that the iterator yields is submitted and gets exactly one result, in order: its
/// reply, its refusal, or the fatal error of the connection. A submitter ends only when its
/// iterator has ended and each command has its result, or after it reported a fatal error. It never
/// ends early without an error.
///
/// So a full window must not end a submitter. If none of its commands is in flight, it submits the
/// next one even if the window is full. The connection queues it until it may be sent, for example
/// after the rest of an abandoned body.
///
/// The iterator ends at its first `None`. After a fatal error was reported, nothing more is taken
/// from it.
#[derive(Debug)]
pub struct Submitter<I: Iterator> {
    /// `None` once the iterator has ended or a fatal error was reported.
    commands: Option<I>,
    /// The requests that are submitted and not answered yet.
    submitted: Range<RequestId>,
    /// Why the next command could not be submitted. This is reported after the replies to the
    /// commands before it.
    unsubmitted: Option<Error>,
}

/// What determines the next result of a submitter.
enum Next {
    /// The reply to this request, which must be awaited.
    Await(RequestId),
    /// An error: the command could not be submitted.
    Report(Error),
    /// Nothing: every command has its result.
    End,
}

impl<I: Iterator> Submitter<I> {
    /// Creates a submitter for these commands.
    pub fn new(engine: &mut Engine, commands: I) -> Self {
        engine.begin();
        let next = engine.connection.next_id();
        Self {
            commands: Some(commands),
            submitted: next..next,
            unsubmitted: None,
        }
    }

    /// Submits the commands that the window has room for, and decides what the next result depends
    /// on.
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

    /// Returns whether to submit the next command. If none is in flight, the answer is always yes.
    /// Otherwise nothing could make room in the window; and on a connection that has ended, the
    /// command gets the fatal error.
    fn may_submit(&self, engine: &Engine) -> bool {
        self.submitted.is_empty() || engine.connection.wants_request()
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

    /// Returns the next reply. `None` if every command has its result, or if a fatal error was
    /// reported to each that was submitted.
    pub fn poll_next(
        &mut self,
        engine: &mut Engine,
    ) -> Poll<Option<Result<<I::Item as Command>::Reply, Error>>>
    where
        I::Item: Whole,
    {
        let id = match self.advance(engine, |command| command) {
            Next::Await(id) => id,
            Next::Report(error) => return Poll::Ready(Some(Err(error))),
            Next::End => return Poll::Ready(None),
        };
        let result = ready!(engine.poll_reply(id));
        self.answered(id, &result);
        let ticket = Ticket::<I::Item>::new(id);
        Poll::Ready(Some(result.and_then(|reply| ticket.read(reply))))
    }

    /// Returns the next reply that opens a body, and its request. Otherwise the same as
    /// [`poll_next`](Submitter::poll_next).
    pub fn poll_open(
        &mut self,
        engine: &mut Engine,
    ) -> Poll<Option<Result<(RequestId, BodyHead), Error>>>
    where
        I::Item: IntoStreamed,
    {
        let id = match self.advance(engine, IntoStreamed::into_streamed) {
            Next::Await(id) => id,
            Next::Report(error) => return Poll::Ready(Some(Err(error))),
            Next::End => return Poll::Ready(None),
        };
        let result = ready!(engine.poll_head(id));
        self.answered(id, &result);
        Poll::Ready(Some(result.map(|head| (id, head))))
    }
}
