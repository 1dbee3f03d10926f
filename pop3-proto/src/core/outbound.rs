//! The outgoing side: the queue of requests, and the send buffer with their command lines.
//!
//! [`Core`](super::Core) decides whether a command may be sent. Only this module tracks how much
//! may be unanswered, which lines were sent, and which can still be retracted.

use core::ops::Range;

use super::first_batch::FirstBatch;
use super::queue::{Abandoned, Queue};
use super::reply_size::ReplySize;
use super::request::PendingRequest;
use super::send_buffer::{SendBuffer, Span};
use crate::command::Request;
use crate::command_line::Line;
use crate::confirm::{Question, Run};
use crate::ticket::RequestId;

/// The requests that are not answered, and the octets of their command lines that were not sent.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    queue: Queue,
    buffer: SendBuffer,
    first_batch: FirstBatch,
}

/// Requests.
impl Outbound {
    /// Returns how many submitted requests are not answered yet.
    pub(super) fn requests(&self) -> usize {
        self.queue.requests()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.queue.in_flight()
    }

    /// Returns the request that is to be answered next.
    pub(super) fn front(&self) -> Option<&PendingRequest> {
        self.queue.front()
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut PendingRequest> {
        self.queue.front_mut()
    }

    /// Returns the request that is to be sent next.
    pub(super) fn next(&self) -> Option<&PendingRequest> {
        self.queue.next()
    }

    pub(super) fn next_mut(&mut self) -> Option<&mut PendingRequest> {
        self.queue.next_mut()
    }

    /// Returns whether the application should submit its next request, because the window has room.
    pub(super) fn has_room(&self, pipelining: bool) -> bool {
        self.queue.has_room(pipelining)
    }

    pub(super) fn push(&mut self, id: RequestId, request: Request, expected: u64) {
        self.queue.push(id, request, expected);
    }

    /// Queues a request by the connection itself, to be sent next.
    pub(super) fn push_next(&mut self, request: Request) {
        self.queue.push_next(request);
    }

    /// Queues a question of the confirmation that is next.
    pub(super) fn push_question(&mut self, id: Option<RequestId>, question: Question) {
        self.queue.push_question(id, question);
    }

    /// Returns the confirmation with this id, if only its own questions precede it.
    pub(super) fn confirmation_mut(&mut self, id: Option<RequestId>) -> Option<&mut Run> {
        self.queue.confirmation_mut(id)
    }

    /// Returns whether the confirmation at the front of the queue has no questions left.
    pub(super) fn is_confirmation_due(&self) -> bool {
        self.queue.is_confirmation_due()
    }

    /// Returns whether a confirmation that was not abandoned is in progress or next.
    pub(super) fn is_confirming(&self) -> bool {
        self.queue.is_confirming()
    }

    /// Returns whether the server answers a question next, or a confirmation will ask more
    /// questions.
    pub(super) fn is_asking(&self) -> bool {
        self.queue.is_asking()
    }

    /// Abandons the requests in a range. A request of which no octet was sent is removed, with its
    /// line in the send buffer. The others are marked.
    pub(super) fn abandon(&mut self, range: &Range<RequestId>) -> Abandoned {
        self.queue.abandon(range, &mut self.buffer)
    }

    /// Updates [`FirstBatch`] after [`abandon`](Outbound::abandon) has retracted commands.
    pub(super) fn shrink_first_batch(&mut self) {
        let second = self.queue.second().and_then(|second| second.span);
        self.first_batch.retract(&self.buffer, second);
    }

    /// Removes and returns the first request, which is answered or failed.
    pub(super) fn pop_answered(&mut self) -> Option<PendingRequest> {
        let request = self.queue.pop()?;
        if let Some(span) = request.span {
            self.first_batch.answered(span);
        }
        Some(request)
    }

    /// Removes and returns the first request, which will not get a reply.
    pub(super) fn pop_unanswered(&mut self) -> Option<PendingRequest> {
        self.queue.pop()
    }
}

/// How much of each request was sent.
impl Outbound {
    /// Returns whether any octet of a request's line was sent.
    pub(super) fn has_begun(&self, request: &PendingRequest) -> bool {
        let span = request.span;
        span.is_some_and(|span| self.buffer.has_begun(span))
    }

    fn has_sent(&self, request: Option<&PendingRequest>) -> bool {
        let span = request.and_then(|request| request.span);
        span.is_some_and(|span| self.buffer.has_sent(span))
    }

    /// Returns whether the line of the front request was sent completely. Only then can it have
    /// been answered.
    pub(super) fn is_front_sent(&self) -> bool {
        self.has_sent(self.queue.front())
    }

    /// Returns whether the line of the second request was sent completely.
    pub(super) fn is_second_sent(&self) -> bool {
        self.has_sent(self.queue.second())
    }

    /// Returns how many octets were sent in total.
    pub(super) fn sent(&self) -> u64 {
        self.buffer.sent()
    }

    /// Returns how many lines were sent, in batches that were sent completely.
    pub(super) fn sent_lines(&self) -> u64 {
        self.buffer.sent_lines()
    }

    /// Returns the requests in flight whose lines end after this position, and were sent
    /// completely.
    pub(super) fn sent_after(&self, position: u64) -> impl Iterator<Item = &PendingRequest> {
        let new = move |span: &Span| span.end > position && self.buffer.has_sent(*span);
        self.queue
            .all_in_flight()
            .filter(move |request| request.span.as_ref().is_some_and(new))
    }

    /// Returns whether any octet of the line of the front request was sent.
    pub(super) fn has_begun_front(&self) -> bool {
        self.front().is_some_and(|front| self.has_begun(front))
    }

    /// Returns whether the line of the front request is in the send buffer and can be retracted.
    pub(super) fn is_front_unsent(&self) -> bool {
        let span = self.front().and_then(|front| front.span);
        span.is_some_and(|span| self.buffer.is_unsent(span))
    }

    /// Returns whether pipelined commands were sent, and none of their batches is answered
    /// completely.
    pub(super) fn is_in_first_batch(&self) -> bool {
        self.first_batch.is_unanswered(&self.buffer)
    }
}

/// The send buffer.
impl Outbound {
    /// Returns the octets that wait to be sent.
    pub(super) fn pending(&self) -> &[u8] {
        self.buffer.pending()
    }

    /// Returns the octets that wait to be sent, for a layer that will send all of them: none can be
    /// retracted.
    #[cfg(feature = "rustls")]
    pub(super) fn hand_over(&mut self) -> &[u8] {
        self.buffer.hand_over()
    }

    /// Counts octets that were sent. Returns how many of them were pending.
    pub(super) fn transmitted(&mut self, octets: usize) -> usize {
        self.buffer.transmitted(octets)
    }

    /// Drops the octets that were not sent.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Returns whether lines can be added to the batch, because none of it was sent yet.
    pub(super) fn accepts_lines(&self) -> bool {
        self.buffer.accepts_lines()
    }

    /// Returns whether the next request may be sent while the current ones are in flight. A new
    /// batch begins only when enough of the window is free (see [`Queue::is_low`]).
    pub(super) fn may_join(&self, pipelining: bool) -> bool {
        (!self.buffer.pending().is_empty() || self.queue.is_low())
            && self.queue.may_join(pipelining)
    }

    /// Returns whether the window has room for the next request, whose reply is expected to have
    /// this size.
    pub(super) fn admits(&self, size: ReplySize) -> bool {
        self.queue.admits(size.expected)
    }

    /// Returns the line of the front exchange, if it is not in the send buffer yet.
    pub(super) fn unsent_line(&self) -> Option<Line<'_>> {
        let front = self.front().filter(|front| front.span.is_none());
        front.and_then(PendingRequest::line)
    }

    /// Adds the [`unsent_line`](Outbound::unsent_line) to the batch.
    pub(super) fn send_line(&mut self, challenge: &[u8]) {
        if let Some(front) = self.queue.front_mut()
            && let Some(line) = front.line()
        {
            front.span = Some(self.buffer.append(line, challenge));
        }
    }

    /// Adds the command of the next request to the batch.
    pub(super) fn send_next(&mut self, size: ReplySize, challenge: &[u8]) {
        let Some(line) = self.queue.next().and_then(PendingRequest::line) else {
            return;
        };
        let same_write = !self.buffer.pending().is_empty();
        let span = self.buffer.append(line, challenge);
        if self.queue.in_flight() > 0 {
            self.first_batch.join(span, same_write);
        }
        self.queue.mark_sent(Some(span), size);
    }

    /// Begins the exchange that is next: its first step decides what is sent.
    pub(super) fn begin_exchange(&mut self) {
        self.queue.mark_sent(None, ReplySize::default());
    }
}
