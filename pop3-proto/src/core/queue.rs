//! The queue of requests, and the window that limits how much may be unanswered. Part of
//! [`Outbound`](super::outbound::Outbound).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use super::reply_size::ReplySize;
use super::request::{PendingRequest, Work};
use super::send_buffer::{SendBuffer, Span};
use crate::command::Request;
use crate::confirm::{Question, Run};
use crate::ticket::RequestId;
use crate::verb::Verb;

/// How many octets of commands may be unanswered. Every transport can buffer more, so there is no
/// deadlock even if both sides block in a write (RFC 2449 section 6.6).
const COMMAND_OCTETS: usize = 4096;

/// How many octets of replies may be in flight. This also limits how much must be read and
/// discarded after a transfer is abandoned.
const REPLY_OCTETS: u64 = 4 << 20;

/// The assumed length of the next command of an application that waits for room.
const TYPICAL_COMMAND: usize = 24;

/// The queue is compacted when it has more holes than this, and more holes than requests. Removing
/// one request from the middle would move all that follow it.
const HOLES: usize = 32;

/// An entry in the queue of requests that have not been sent.
#[derive(Debug)]
struct Waiting {
    /// See [`PendingRequest::place`].
    place: RequestId,
    /// `None` after the request was abandoned.
    request: Option<PendingRequest>,
}

/// Requests in the order of their submission: first those in flight, then those still to be sent.
///
/// The cost of abandoning does not depend on the number of requests: a request is found by binary
/// search, and one that was not sent leaves a hole. The first and the last entry that wait are
/// never holes.
#[derive(Debug, Default)]
pub(super) struct Queue {
    in_flight: VecDeque<PendingRequest>,
    waiting: VecDeque<Waiting>,
    holes: usize,
    /// The sums over all requests, in flight or not, for [`Queue::has_room`]. They include requests
    /// that wait although the window has room, because small batches are delayed.
    octets: usize,
    expected: u64,
    /// The sums over the requests in flight.
    unanswered_octets: usize,
    unanswered_expected: u64,
}

/// The result of [`Queue::abandon`].
#[derive(Debug, Default)]
pub(super) struct Abandoned {
    /// Whether any request was abandoned.
    pub(super) any: bool,
    /// Whether the request that was to be answered next was removed.
    pub(super) front: bool,
    /// The exchanges that were removed. Drop them last, because an application's mechanism may
    /// panic when it is dropped.
    pub(super) exchanges: Vec<PendingRequest>,
}

impl Queue {
    /// Returns how many requests are not answered. The questions of a confirmation are part of the
    /// confirmation.
    pub(super) fn requests(&self) -> usize {
        match self.front() {
            // An abandoned confirmation has only its questions in the queue.
            Some(front) if front.abandoned => self.len(),
            _ => self.len() - self.all().take_while(|it| it.is_question()).count(),
        }
    }

    fn len(&self) -> usize {
        self.in_flight.len() + self.waiting.len() - self.holes
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Returns the request that is to be answered next.
    pub(super) fn front(&self) -> Option<&PendingRequest> {
        self.in_flight.front()
    }

    /// Returns the second request in flight.
    pub(super) fn second(&self) -> Option<&PendingRequest> {
        self.in_flight.get(1)
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut PendingRequest> {
        self.in_flight.front_mut()
    }

    /// Returns the requests in flight in order.
    pub(super) fn all_in_flight(&self) -> impl Iterator<Item = &PendingRequest> {
        self.in_flight.iter()
    }

    /// Returns the request that is to be sent next.
    pub(super) fn next(&self) -> Option<&PendingRequest> {
        self.waiting.front()?.request.as_ref()
    }

    pub(super) fn next_mut(&mut self) -> Option<&mut PendingRequest> {
        self.waiting.front_mut()?.request.as_mut()
    }

    pub(super) fn push(&mut self, id: RequestId, request: Request, expected: u64) {
        let mut request = PendingRequest::new(Some(id), id, request);
        request.expected = expected;
        self.count(&request);
        self.waiting.push_back(Waiting {
            place: id,
            request: Some(request),
        });
    }

    /// Returns all requests in order.
    fn all(&self) -> impl Iterator<Item = &PendingRequest> {
        let waiting = self.waiting.iter().filter_map(|it| it.request.as_ref());
        self.in_flight.iter().chain(waiting)
    }

    /// Returns the confirmation with this id, if only its own questions precede it.
    pub(super) fn confirmation_mut(&mut self, id: Option<RequestId>) -> Option<&mut Run> {
        let waiting = self.waiting.iter_mut().filter_map(|it| it.request.as_mut());
        let mut requests = self.in_flight.iter_mut().chain(waiting);
        match requests.find(|it| !it.is_question())? {
            PendingRequest {
                work: Work::Confirm(run),
                id: found,
                ..
            } if *found == id => Some(run),
            _ => None,
        }
    }

    /// Returns whether the confirmation at the front of the queue has no questions left.
    pub(super) fn is_confirmation_due(&self) -> bool {
        let front = self.all().next().map(|request| &request.work);
        matches!(front, Some(Work::Confirm(run)) if run.has_asked())
    }

    /// Returns whether a confirmation that was not abandoned is in progress or next.
    pub(super) fn is_confirming(&self) -> bool {
        let confirms = |work: &Work| matches!(work, Work::Confirm(_) | Work::Question(_));
        let front = self.all().next();
        front.is_some_and(|front| !front.abandoned && confirms(&front.work))
    }

    /// Returns whether the server answers a question next, or a confirmation will ask more
    /// questions.
    pub(super) fn is_asking(&self) -> bool {
        self.all().next().is_some_and(|front| match &front.work {
            Work::Question(_) => true,
            Work::Confirm(run) => run.has_asked(),
            Work::Command(_) | Work::Exchange(..) => false,
        })
    }

    /// Queues a question before the confirmation that is next.
    pub(super) fn push_question(&mut self, id: Option<RequestId>, question: Question) {
        let place = self.next_place();
        self.push_front(PendingRequest::question(id, place, question));
    }

    /// Queues a request by the connection itself before those that were not sent.
    pub(super) fn push_next(&mut self, request: Request) {
        let place = self.next_place();
        self.push_front(PendingRequest::new(None, place, request));
    }

    /// Returns a [`place`](PendingRequest::place) between the requests in flight and those that
    /// wait.
    fn next_place(&self) -> RequestId {
        match (self.waiting.front(), self.in_flight.back()) {
            (Some(next), _) => next.place,
            (None, Some(last)) => last.place,
            (None, None) => RequestId::FIRST,
        }
    }

    fn push_front(&mut self, request: PendingRequest) {
        self.count(&request);
        self.waiting.push_front(Waiting {
            place: request.place,
            request: Some(request),
        });
    }

    fn count(&mut self, request: &PendingRequest) {
        self.octets += request.octets;
        self.expected = self.expected.saturating_add(request.expected);
    }

    fn discount(&mut self, request: &PendingRequest) {
        self.octets -= request.octets;
        self.expected = self.expected.saturating_sub(request.expected);
    }

    fn discount_unanswered(&mut self, request: &PendingRequest) {
        self.unanswered_octets -= request.octets;
        self.unanswered_expected = self.unanswered_expected.saturating_sub(request.expected);
    }

    /// Removes and returns the first request, answered or not.
    pub(super) fn pop(&mut self) -> Option<PendingRequest> {
        if let Some(request) = self.in_flight.pop_front() {
            self.discount(&request);
            self.discount_unanswered(&request);
            return Some(request);
        }
        let request = self.pop_waiting()?;
        self.discount(&request);
        Some(request)
    }

    fn pop_waiting(&mut self) -> Option<PendingRequest> {
        let request = self.waiting.pop_front()?.request;
        self.trim();
        request
    }

    /// Returns whether the next request may be sent while the current ones are in flight. `window`
    /// is whether more than one may be in flight.
    pub(super) fn may_join(&self, window: bool) -> bool {
        let Some(next) = self.next() else {
            return false;
        };
        let Some(last) = self.in_flight.back() else {
            return true;
        };
        if !window || next.is_barrier() || last.is_barrier() {
            return false;
        }
        // After a message, only request more messages: some servers write any other reply into the
        // message.
        let body = |verb| matches!(verb, Some(Verb::Retr | Verb::Top));
        !body(last.verb()) || next.verb() == last.verb()
    }

    /// Returns whether the window has room for the next request, whose reply is expected to have
    /// `expected` octets.
    pub(super) fn admits(&self, expected: u64) -> bool {
        let octets = self.next().map_or(0, |next| next.octets);
        // There is always room for a second command: only a barrier can be long, and a barrier is
        // sent alone.
        self.in_flight.len() < 2
            || (self.unanswered_octets + octets <= COMMAND_OCTETS
                && self.unanswered_expected.saturating_add(expected) <= REPLY_OCTETS)
    }

    /// Returns whether at least an eighth of the window is free. Smaller batches are delayed, to
    /// save writes.
    pub(super) fn is_low(&self) -> bool {
        self.in_flight.len() < 2
            || (self.unanswered_octets <= COMMAND_OCTETS / 8 * 7
                && self.unanswered_expected <= REPLY_OCTETS / 8 * 7)
    }

    /// Counts the next request as in flight. `span` is its line in the send buffer, if it has one.
    pub(super) fn mark_sent(&mut self, span: Option<Span>, size: ReplySize) {
        let Some(mut request) = self.pop_waiting() else {
            return;
        };
        self.discount(&request);
        request.span = span;
        request.expected = size.expected;
        request.listed = size.listed;
        self.count(&request);
        self.unanswered_octets += request.octets;
        self.unanswered_expected = self.unanswered_expected.saturating_add(size.expected);
        self.in_flight.push_back(request);
    }

    /// Returns whether an application should submit its next request, because the window has room.
    pub(super) fn has_room(&self, window: bool) -> bool {
        match self.len() {
            0 => true,
            _ if !window => false,
            1 => true,
            _ => self.octets + TYPICAL_COMMAND <= COMMAND_OCTETS && self.expected < REPLY_OCTETS,
        }
    }

    /// Abandons the requests in a range. A request of which no octet was sent is removed, with its
    /// octets in the send buffer. The others are marked.
    pub(super) fn abandon(
        &mut self,
        range: &Range<RequestId>,
        buffer: &mut SendBuffer,
    ) -> Abandoned {
        let mut done = Abandoned::default();
        let place = |id| self.waiting.partition_point(|waiting| waiting.place < id);
        let waiting = place(range.start)..place(range.end);
        for index in waiting {
            let Some(place) = self.waiting.get_mut(index) else {
                continue;
            };
            if let Some(request) = place.request.take_if(|request| request.is_in(range)) {
                self.holes += 1;
                self.discount(&request);
                done.removed(request);
            }
        }
        self.trim();
        let place = |id| self.in_flight.partition_point(|request| request.place < id);
        let in_flight = place(range.start)..place(range.end);
        // Begin with the last request, so that the octets of the earlier ones keep their positions
        // in the send buffer.
        for index in in_flight.rev() {
            let Some(request) = self
                .in_flight
                .get_mut(index)
                .filter(|request| request.is_in(range))
            else {
                continue;
            };
            if request.is_untouched(buffer) {
                done.front |= index == 0;
                if let Some(request) = self.retract(index, buffer) {
                    done.removed(request);
                }
            } else {
                request.abandoned = true;
                done.any = true;
            }
        }
        done
    }

    /// Removes a request if no octet of its command line was sent.
    fn retract(&mut self, index: usize, buffer: &mut SendBuffer) -> Option<PendingRequest> {
        let request = self.in_flight.remove(index)?;
        self.discount(&request);
        self.discount_unanswered(&request);
        if let Some(span) = request.span {
            buffer.retract(span);
            let later = self.in_flight.range_mut(index..);
            for later in later.filter_map(|request| request.span.as_mut()) {
                later.move_back(span.octets());
            }
        }
        Some(request)
    }

    /// Removes the holes at both ends, and all holes if there are too many.
    fn trim(&mut self) {
        let is_hole = |waiting: Option<&Waiting>| waiting.is_some_and(|it| it.request.is_none());
        while is_hole(self.waiting.front()) {
            self.waiting.pop_front();
            self.holes -= 1;
        }
        while is_hole(self.waiting.back()) {
            self.waiting.pop_back();
            self.holes -= 1;
        }
        if self.holes > HOLES && self.holes > self.waiting.len() / 2 {
            self.waiting.retain(|waiting| waiting.request.is_some());
            self.holes = 0;
        }
    }
}

impl Abandoned {
    fn removed(&mut self, request: PendingRequest) {
        self.any = true;
        if request.exchange().is_some() {
            self.exchanges.push(request);
        }
    }
}
