//! A request that is not answered yet, and how far it is.

use alloc::boxed::Box;
use core::ops::Range;

use super::reply_size::UNKNOWN_REPLY;
use super::send_buffer::{SendBuffer, Span};
use crate::command::{Request, Verb, Wire};
use crate::confirm::{Question, Run};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::ticket::RequestId;

/// A request and how far it got.
#[derive(Debug)]
pub(super) struct PendingRequest {
    /// `None` for a request of the connection's own.
    pub(super) id: Option<RequestId>,
    /// Ascends along the queue, so that a request is found by bisection: its id, or for one of the
    /// connection's own the place of a neighbour.
    pub(super) place: RequestId,
    pub(super) work: Work,
    /// The caller does not want the reply any more.
    pub(super) abandoned: bool,
    /// Where its line is in all that is ever sent. `None` while that is not in the send buffer.
    pub(super) span: Option<Span>,
    /// Octets of its command line.
    pub(super) octets: usize,
    /// Octets that its reply is expected to have.
    pub(super) expected: u64,
    /// The size that was listed for its message when the command left.
    pub(super) listed: Option<u64>,
}

/// What a request is about.
#[derive(Debug)]
pub(super) enum Work {
    One(Wire),
    /// A question of a confirmation, which comes after its questions.
    Question(Box<Question>),
    Confirm(Box<Run>),
    /// An exchange, and its command that is on the wire or has to be put there.
    Several {
        exchange: Box<Exchange>,
        wire: Option<Wire>,
        /// How many steps it has taken so far.
        steps: u32,
        /// Whether it has a computation to go on with, instead of a command.
        working: bool,
        /// What ends the connection as soon as the command has left.
        last_words: Option<Error>,
    },
}

impl PendingRequest {
    pub(super) fn new(id: Option<RequestId>, place: RequestId, request: Request) -> Self {
        let work = match request {
            Request::Wire(wire) => Work::One(wire),
            Request::Confirm(run) => Work::Confirm(run),
            Request::Exchange(exchange) => Work::Several {
                exchange,
                wire: None,
                steps: 0,
                working: false,
                last_words: None,
            },
        };
        let octets = match &work {
            Work::One(wire) => wire.octets(),
            Work::Question(_) | Work::Confirm(_) | Work::Several { .. } => 0,
        };
        Self {
            id,
            place,
            work,
            abandoned: false,
            span: None,
            octets,
            expected: UNKNOWN_REPLY,
            listed: None,
        }
    }

    /// A question of the confirmation that is this request.
    pub(super) fn question(id: Option<RequestId>, place: RequestId, question: Question) -> Self {
        Self {
            id,
            place,
            octets: question.wire.octets(),
            work: Work::Question(Box::new(question)),
            abandoned: false,
            span: None,
            expected: 0,
            listed: None,
        }
    }

    /// The command of this request, or of an exchange's present step.
    pub(super) fn wire(&self) -> Option<&Wire> {
        match &self.work {
            Work::One(wire) => Some(wire),
            Work::Question(question) => Some(&question.wire),
            Work::Confirm(_) => None,
            Work::Several { wire, .. } => wire.as_ref(),
        }
    }

    /// The exchange, if it is one.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        match &self.work {
            Work::Several { exchange, .. } => Some(exchange),
            _ => None,
        }
    }

    pub(super) fn is_question(&self) -> bool {
        matches!(self.work, Work::Question(_))
    }

    /// Whether an exchange has a computation to go on with.
    pub(super) fn is_working(&self) -> bool {
        matches!(self.work, Work::Several { working: true, .. })
    }

    /// What ends the connection as soon as the present command has left, or whatever else happens.
    pub(super) fn last_words(&self) -> Option<&Error> {
        match &self.work {
            Work::Several { last_words, .. } => last_words.as_ref(),
            _ => None,
        }
    }

    /// Whether it is an exchange whose first command has not been answered.
    fn is_at_its_begin(&self) -> bool {
        matches!(self.work, Work::Several { steps: 1, .. })
    }

    pub(super) fn verb(&self) -> Option<Verb> {
        // Only a login computes, and that between two lines of its exchange.
        let working = self.is_working().then_some(Verb::Auth);
        self.wire().map(|wire| wire.verb).or(working)
    }

    pub(super) fn is_in(&self, range: &Range<RequestId>) -> bool {
        self.id.is_some_and(|id| range.contains(&id))
    }

    /// Whether the server has not seen any octet of it, so that it can be removed without a trace.
    pub(super) fn is_untouched(&self, buffer: &SendBuffer) -> bool {
        let first = match self.work {
            Work::Several { .. } => self.is_at_its_begin(),
            Work::One(_) | Work::Question(_) | Work::Confirm(_) => true,
        };
        first && self.span.is_none_or(|span| buffer.is_unsent(span))
    }

    /// Nothing may be in flight beside a barrier. The connection's own requests are none.
    pub(super) fn is_barrier(&self) -> bool {
        match &self.work {
            Work::One(wire) => wire.verb.row().barrier && self.id.is_some(),
            // The questions before it are all that is in flight with it.
            Work::Question(_) => false,
            Work::Confirm(_) | Work::Several { .. } => true,
        }
    }
}
