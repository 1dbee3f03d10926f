//! The queue of requests and the window: how much may be unanswered at a time.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

use super::reply_size::UNKNOWN_REPLY;
use super::transmit::Transmit;
use crate::command::{Request, Verb, Wire};
use crate::confirm::{Question, Run};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::ticket::RequestId;

/// Octets of commands that may be unanswered: less than any transport buffers, so that even a
/// writer that blocks cannot deadlock with a server that does (RFC 2449 section 6.6).
const COMMAND_OCTETS: usize = 4096;

/// Octets of replies that may be on their way: breaking off must not cost a drain of more.
const REPLY_OCTETS: u64 = 4 << 20;

/// The longest command that a lazy caller's next one is likely to be.
const TYPICAL_COMMAND: usize = 24;

/// Abandoned requests that may stay in the queue beside as many that are still wanted: removing one
/// from the middle would move all that follow it.
const HOLES: usize = 32;

/// Where the line of a command ends that is not among the octets to send yet.
pub(super) const UNSENT: u64 = u64::MAX;

/// A request and how far it got.
#[derive(Debug)]
pub(super) struct Entry {
    /// `None` for a request of the connection's own.
    pub(super) id: Option<RequestId>,
    /// Ascends along the queue, so that a request is found by bisection: its id, or for one of the
    /// connection's own the place of a neighbour.
    place: RequestId,
    pub(super) work: Work,
    /// The caller does not want the reply any more.
    pub(super) abandoned: bool,
    /// Where its command line ends in all that is ever sent.
    pub(super) end: u64,
    /// Octets of its command line.
    pub(super) octets: usize,
    /// Octets that its reply is expected to have.
    pub(super) expected: u64,
    /// The size that was listed for its message when the command left.
    pub(super) listed: Option<u64>,
}

/// What an entry is about.
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

impl Entry {
    fn new(id: Option<RequestId>, place: RequestId, request: Request) -> Self {
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
            end: 0,
            octets,
            expected: UNKNOWN_REPLY,
            listed: None,
        }
    }

    /// A question of the confirmation that is this request.
    fn question(id: Option<RequestId>, place: RequestId, question: Question) -> Self {
        Self {
            id,
            place,
            octets: question.wire.octets(),
            work: Work::Question(Box::new(question)),
            abandoned: false,
            end: 0,
            expected: 0,
            listed: None,
        }
    }

    /// The command of this entry, or of an exchange's present step.
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

    fn is_question(&self) -> bool {
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

    /// Octets of the present command line.
    pub(super) fn octets(&self) -> usize {
        self.wire().map_or(0, Wire::octets)
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

    fn is_in(&self, range: &Range<RequestId>) -> bool {
        self.id.is_some_and(|id| range.contains(&id))
    }

    /// Whether the server has not seen any octet of it, so that it can be removed without a trace.
    fn is_untouched(&self, transmit: &Transmit) -> bool {
        let first = match self.work {
            Work::Several { .. } => self.is_at_its_begin(),
            Work::One(_) | Work::Question(_) | Work::Confirm(_) => true,
        };
        first && (self.end == UNSENT || transmit.is_at_hand(self.end, self.octets()))
    }

    /// Nothing may be in flight beside a barrier. The connection's own requests are none.
    fn is_barrier(&self) -> bool {
        match &self.work {
            Work::One(wire) => wire.verb.row().barrier && self.id.is_some(),
            // The questions before it are all that is in flight with it.
            Work::Question(_) => false,
            Work::Confirm(_) | Work::Several { .. } => true,
        }
    }
}

/// A place in the queue of requests that have not been sent.
#[derive(Debug)]
struct Waiting {
    /// See [`Entry::place`].
    place: RequestId,
    /// `None` after the request was abandoned.
    entry: Option<Entry>,
}

/// Requests in the order of their submission: first those in flight, then those still to be sent.
///
/// Abandoning costs no more with many requests than with few: a request is found by bisection, and one
/// that waits leaves a hole. The first and the last place that wait are never holes.
#[derive(Debug, Default)]
pub(super) struct Queue {
    flying: VecDeque<Entry>,
    waiting: VecDeque<Waiting>,
    holes: usize,
    /// Sums over all entries, in flight or not.
    octets: usize,
    expected: u64,
    /// Sums over the entries in flight.
    flight_octets: usize,
    flight_expected: u64,
}

/// What [`Queue::abandon`] did.
#[derive(Debug, Default)]
pub(super) struct Abandoned {
    /// Whether any request was concerned.
    pub(super) any: bool,
    /// Whether the request that was to be answered next was removed.
    pub(super) front: bool,
    /// The exchanges that were removed. A caller's mechanism may panic when it is dropped: drop them
    /// last.
    pub(super) exchanges: Vec<Entry>,
}

impl Queue {
    /// How many requests are not answered. The questions of a confirmation are a part of it.
    pub(super) fn requests(&self) -> usize {
        match self.front() {
            // Of an abandoned confirmation the questions are all that is left.
            Some(front) if front.abandoned => self.len(),
            _ => self.len() - self.entries().take_while(|it| it.is_question()).count(),
        }
    }

    fn len(&self) -> usize {
        self.flying.len() + self.waiting.len() - self.holes
    }

    pub(super) fn in_flight(&self) -> usize {
        self.flying.len()
    }

    /// The request that is to be answered next.
    pub(super) fn front(&self) -> Option<&Entry> {
        self.flying.front()
    }

    /// The request that is to be answered after the next one.
    pub(super) fn second(&self) -> Option<&Entry> {
        self.flying.get(1)
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut Entry> {
        self.flying.front_mut()
    }

    /// The request that is to leave next.
    pub(super) fn next(&self) -> Option<&Entry> {
        self.waiting.front()?.entry.as_ref()
    }

    pub(super) fn next_mut(&mut self) -> Option<&mut Entry> {
        self.waiting.front_mut()?.entry.as_mut()
    }

    pub(super) fn push(&mut self, id: RequestId, request: Request, expected: u64) {
        let mut entry = Entry::new(Some(id), id, request);
        entry.expected = expected;
        self.count(&entry);
        self.waiting.push_back(Waiting {
            place: id,
            entry: Some(entry),
        });
    }

    /// All requests in order.
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        let waiting = self.waiting.iter().filter_map(|it| it.entry.as_ref());
        self.flying.iter().chain(waiting)
    }

    /// The confirmation whose questions are in front.
    pub(super) fn confirmation_mut(&mut self) -> Option<&mut Run> {
        let waiting = self.waiting.iter_mut().filter_map(|it| it.entry.as_mut());
        let mut entries = self.flying.iter_mut().chain(waiting);
        match &mut entries.find(|it| !it.is_question())?.work {
            Work::Confirm(run) => Some(run),
            _ => None,
        }
    }

    /// Whether the confirmation in front has no questions left.
    pub(super) fn is_confirmation_due(&self) -> bool {
        let front = self.entries().next().map(|entry| &entry.work);
        matches!(front, Some(Work::Confirm(run)) if run.has_asked())
    }

    /// Whether a confirmation is under way, or next.
    pub(super) fn is_confirming(&self) -> bool {
        let confirms = |front: &Entry| matches!(front.work, Work::Confirm(_));
        let front = self.entries().next();
        front.is_some_and(|front| front.is_question() || confirms(front))
    }

    /// Puts a question in front of the confirmation that is next.
    pub(super) fn push_question(&mut self, id: Option<RequestId>, question: Question) {
        let place = self.next_place();
        self.push_front(Entry::question(id, place, question));
    }

    /// Puts a request of the connection's own in front of those that still have to leave.
    pub(super) fn push_next(&mut self, request: Request) {
        let place = self.next_place();
        self.push_front(Entry::new(None, place, request));
    }

    /// A place between what is in flight and what waits.
    fn next_place(&self) -> RequestId {
        match (self.waiting.front(), self.flying.back()) {
            (Some(next), _) => next.place,
            (None, Some(last)) => last.place,
            (None, None) => RequestId::FIRST,
        }
    }

    fn push_front(&mut self, entry: Entry) {
        self.count(&entry);
        self.waiting.push_front(Waiting {
            place: entry.place,
            entry: Some(entry),
        });
    }

    fn count(&mut self, entry: &Entry) {
        self.octets += entry.octets;
        self.expected = self.expected.saturating_add(entry.expected);
    }

    fn discount(&mut self, entry: &Entry) {
        self.octets -= entry.octets;
        self.expected = self.expected.saturating_sub(entry.expected);
    }

    fn discount_flight(&mut self, entry: &Entry) {
        self.flight_octets -= entry.octets;
        self.flight_expected = self.flight_expected.saturating_sub(entry.expected);
    }

    /// Takes the first request away, answered or not.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        if let Some(entry) = self.flying.pop_front() {
            self.discount(&entry);
            self.discount_flight(&entry);
            return Some(entry);
        }
        let entry = self.pop_waiting()?;
        self.discount(&entry);
        Some(entry)
    }

    fn pop_waiting(&mut self) -> Option<Entry> {
        let entry = self.waiting.pop_front()?.entry;
        self.trim();
        entry
    }

    /// Whether the next request may be in flight beside those that are. `window` is whether any may.
    pub(super) fn may_join(&self, window: bool) -> bool {
        let Some(next) = self.next() else {
            return false;
        };
        let Some(last) = self.flying.back() else {
            return true;
        };
        if !window || next.is_barrier() || last.is_barrier() {
            return false;
        }
        // Behind a message only more of the same: there are servers that write any other reply
        // into the message.
        let body = |verb| matches!(verb, Some(Verb::Retr | Verb::Top));
        !body(last.verb()) || next.verb() == last.verb()
    }

    /// Whether the window has room for the next request, whose reply will count `expected` octets.
    pub(super) fn admits(&self, expected: u64) -> bool {
        let octets = self.next().map_or(0, |next| next.octets);
        // A second one always has room: only a barrier is long, and a barrier is alone.
        self.flying.len() < 2
            || (self.flight_octets + octets <= COMMAND_OCTETS
                && self.flight_expected.saturating_add(expected) <= REPLY_OCTETS)
    }

    /// Whether so much is answered that another flight is worth its write: an eighth of the window.
    pub(super) fn is_low(&self) -> bool {
        self.flying.len() < 2
            || (self.flight_octets <= COMMAND_OCTETS / 8 * 7
                && self.flight_expected <= REPLY_OCTETS / 8 * 7)
    }

    /// Counts the next request as in flight.
    pub(super) fn launch(&mut self, end: u64, expected: u64, listed: Option<u64>) {
        let Some(mut entry) = self.pop_waiting() else {
            return;
        };
        self.discount(&entry);
        entry.end = end;
        entry.expected = expected;
        entry.listed = listed;
        self.count(&entry);
        self.flight_octets += entry.octets;
        self.flight_expected = self.flight_expected.saturating_add(expected);
        self.flying.push_back(entry);
    }

    /// Whether a lazy caller should submit its next request: the window would take it.
    pub(super) fn has_room(&self, window: bool) -> bool {
        match self.len() {
            0 => true,
            _ if !window => false,
            1 => true,
            _ => self.octets + TYPICAL_COMMAND <= COMMAND_OCTETS && self.expected < REPLY_OCTETS,
        }
    }

    /// Abandons the requests in a range. Those of which no octet was sent are removed, with their
    /// octets in the send buffer; the others are marked.
    pub(super) fn abandon(
        &mut self,
        range: &Range<RequestId>,
        transmit: &mut Transmit,
    ) -> Abandoned {
        let mut done = Abandoned::default();
        let place = |id| self.waiting.partition_point(|waiting| waiting.place < id);
        let waiting = place(range.start)..place(range.end);
        for index in waiting {
            let Some(place) = self.waiting.get_mut(index) else {
                continue;
            };
            if let Some(entry) = place.entry.take_if(|entry| entry.is_in(range)) {
                self.holes += 1;
                self.discount(&entry);
                done.removed(entry);
            }
        }
        self.trim();
        let place = |id| self.flying.partition_point(|entry| entry.place < id);
        let flying = place(range.start)..place(range.end);
        // The last first: so the octets of the others stay where they are in the send buffer.
        for index in flying.rev() {
            let Some(entry) = self
                .flying
                .get_mut(index)
                .filter(|entry| entry.is_in(range))
            else {
                continue;
            };
            if entry.is_untouched(transmit) {
                done.front |= index == 0;
                if let Some(entry) = self.remove_from_flight(index, transmit) {
                    done.removed(entry);
                }
            } else {
                entry.abandoned = true;
                done.any = true;
            }
        }
        done
    }

    /// Removes a request whose command line has not begun to leave.
    fn remove_from_flight(&mut self, index: usize, transmit: &mut Transmit) -> Option<Entry> {
        let entry = self.flying.remove(index)?;
        self.discount(&entry);
        self.discount_flight(&entry);
        if entry.end != UNSENT {
            let octets = entry.octets();
            transmit.remove(entry.end, octets);
            for later in self.flying.range_mut(index..) {
                later.end -= octets as u64;
            }
        }
        Some(entry)
    }

    /// Removes holes: those at either end, and all of them when they outnumber the requests.
    fn trim(&mut self) {
        let is_hole = |waiting: Option<&Waiting>| waiting.is_some_and(|it| it.entry.is_none());
        while is_hole(self.waiting.front()) {
            self.waiting.pop_front();
            self.holes -= 1;
        }
        while is_hole(self.waiting.back()) {
            self.waiting.pop_back();
            self.holes -= 1;
        }
        if self.holes > HOLES && self.holes > self.waiting.len() / 2 {
            self.waiting.retain(|waiting| waiting.entry.is_some());
            self.holes = 0;
        }
    }
}

impl Abandoned {
    fn removed(&mut self, entry: Entry) {
        self.any = true;
        if entry.exchange().is_some() {
            self.exchanges.push(entry);
        }
    }
}
