//! A request that is not answered yet, and its progress.

use alloc::boxed::Box;
use core::ops::Range;

use super::reply_size::UNKNOWN_REPLY;
use super::send_buffer::{SendBuffer, Span};
use crate::command::Request;
use crate::command_line::{CommandLine, Line, ResponseLine};
use crate::confirm::{Question, Run};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::ticket::RequestId;
use crate::verb::Verb;

/// A request in the queue or in flight.
#[derive(Debug)]
pub(super) struct PendingRequest {
    /// `None` for a request that the connection queued itself.
    pub(super) id: Option<RequestId>,
    /// A value that increases along the queue, for binary search. It is the id of the request. A
    /// request that the connection queued itself has the place of an adjacent request.
    pub(super) place: RequestId,
    pub(super) work: Work,
    /// The application does not want the reply any more.
    pub(super) abandoned: bool,
    /// The position of its line in the sequence of all octets that are sent. `None` if the line is
    /// not in the send buffer yet.
    pub(super) span: Option<Span>,
    /// The length of its command line in octets. Exchanges are not counted, because they are sent
    /// alone.
    pub(super) octets: usize,
    /// The expected size of its reply in octets.
    pub(super) expected: u64,
    /// The size in `LIST` of its message when the command was sent.
    pub(super) listed: Option<u64>,
}

/// The kind of a request.
#[derive(Debug)]
pub(super) enum Work {
    Command(CommandLine),
    /// A question of the confirmation that follows it in the queue.
    Question(Box<Question>),
    Confirm(Box<Run>),
    Exchange(Box<Exchange>, Waiting),
}

/// What an exchange is waiting for.
#[derive(Debug)]
pub(super) enum Waiting {
    /// Its turn to be sent: no other command may be in flight.
    Turn,
    /// The reply to a command. `first`: it is the first command of the exchange.
    Reply { command: CommandLine, first: bool },
    /// The reply to a response.
    Answer(ResponseLine),
    /// The sending of `*`. The error then ends the connection.
    Abort(ResponseLine, Error),
    /// The next slice of its computation.
    Time,
    /// The TLS handshake.
    Handshake,
    /// The application, which was asked for a token. All commands so far are answered.
    Token,
}

impl Waiting {
    /// Returns the line that was sent or must be sent.
    fn line(&self) -> Option<Line<'_>> {
        match self {
            Self::Reply { command, .. } => Some(Line::Command(command)),
            Self::Answer(response) | Self::Abort(response, _) => Some(Line::Response(response)),
            Self::Turn | Self::Time | Self::Handshake | Self::Token => None,
        }
    }

    fn verb(&self) -> Option<Verb> {
        match self {
            Self::Turn | Self::Token => None,
            Self::Reply { command, .. } => Some(command.verb),
            Self::Answer(response) | Self::Abort(response, _) => Some(response.to),
            // Only SASL mechanisms compute.
            Self::Time => Some(Verb::Auth),
            Self::Handshake => Some(Verb::Stls),
        }
    }
}

impl PendingRequest {
    pub(super) fn new(id: Option<RequestId>, place: RequestId, request: Request) -> Self {
        let (work, octets) = match request {
            Request::Command(command) => {
                let octets = command.octets();
                (Work::Command(command), octets)
            }
            Request::Confirm(run) => (Work::Confirm(run), 0),
            Request::Exchange(exchange) => (Work::Exchange(exchange, Waiting::Turn), 0),
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

    /// Creates a question of the confirmation with this id.
    pub(super) fn question(id: Option<RequestId>, place: RequestId, question: Question) -> Self {
        Self {
            id,
            place,
            octets: question.command.octets(),
            work: Work::Question(Box::new(question)),
            abandoned: false,
            span: None,
            expected: 0,
            listed: None,
        }
    }

    /// Returns the command, unless the request is an exchange or a confirmation.
    pub(super) fn command(&self) -> Option<&CommandLine> {
        match &self.work {
            Work::Command(command) => Some(command),
            Work::Question(question) => Some(&question.command),
            Work::Confirm(_) | Work::Exchange(..) => None,
        }
    }

    /// Returns the command, or the current line of an exchange.
    pub(super) fn line(&self) -> Option<Line<'_>> {
        match &self.work {
            Work::Exchange(_, waiting) => waiting.line(),
            _ => self.command().map(Line::Command),
        }
    }

    /// Returns the command that the server answers next for this request.
    pub(super) fn verb(&self) -> Option<Verb> {
        match &self.work {
            Work::Exchange(_, waiting) => waiting.verb(),
            _ => self.command().map(|command| command.verb),
        }
    }

    /// Returns the exchange, if the request is one.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        match &self.work {
            Work::Exchange(exchange, _) => Some(exchange),
            _ => None,
        }
    }

    pub(super) fn is_question(&self) -> bool {
        matches!(self.work, Work::Question(_))
    }

    /// Returns whether an exchange has a computation to continue.
    pub(super) fn is_computing(&self) -> bool {
        matches!(self.work, Work::Exchange(_, Waiting::Time))
    }

    /// Returns whether an exchange waits for a token from the application.
    pub(super) fn wants_token(&self) -> bool {
        matches!(self.work, Work::Exchange(_, Waiting::Token))
    }

    /// Returns the error that ends the connection after `*` was sent, or if the connection ends
    /// before that.
    pub(super) fn abort_error(&self) -> Option<&Error> {
        match &self.work {
            Work::Exchange(_, Waiting::Abort(_, error)) => Some(error),
            _ => None,
        }
    }

    pub(super) fn is_in(&self, range: &Range<RequestId>) -> bool {
        self.id.is_some_and(|id| range.contains(&id))
    }

    /// Returns whether the request can be removed without losing synchronization: no octet of it
    /// was sent, or it waits for a token.
    pub(super) fn is_untouched(&self, buffer: &SendBuffer) -> bool {
        let is_first = match &self.work {
            Work::Exchange(_, waiting) => {
                matches!(waiting, Waiting::Reply { first: true, .. } | Waiting::Token)
            }
            Work::Command(_) | Work::Question(_) | Work::Confirm(_) => true,
        };
        is_first && self.span.is_none_or(|span| buffer.is_unsent(span))
    }

    /// Returns whether it is a barrier: it is sent only when no other command is in flight.
    /// Requests that the connection queues itself are not barriers.
    pub(super) fn is_barrier(&self) -> bool {
        match &self.work {
            Work::Command(command) => command.verb.row().barrier && self.id.is_some(),
            // Only the questions of a confirmation are in flight together.
            Work::Question(_) => false,
            Work::Confirm(_) | Work::Exchange(..) => true,
        }
    }
}
