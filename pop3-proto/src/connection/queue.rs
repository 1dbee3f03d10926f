//! The queue of requests and the window: how much may be unanswered at a time.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::ops::Range;

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

/// What a reply counts that nothing is known about.
pub(super) const UNKNOWN_REPLY: u64 = 64 << 10;

/// The longest command that a lazy caller's next one is likely to be.
const TYPICAL_COMMAND: usize = 24;

/// Where the line of a command ends that is not among the octets to send yet.
pub(super) const UNSENT: u64 = u64::MAX;

/// A request and how far it got.
#[derive(Debug)]
pub(super) struct Entry {
    /// `None` for a request of the connection's own.
    pub(super) id: Option<RequestId>,
    pub(super) work: Work,
    /// The caller does not want the reply any more.
    pub(super) abandoned: bool,
    /// Where its command line ends in all that is ever sent.
    pub(super) end: u64,
    /// Octets of its command line.
    pub(super) octets: usize,
    /// Octets that its reply is expected to have.
    pub(super) expected: u64,
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
    pub(super) fn new(id: Option<RequestId>, request: Request) -> Self {
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
            work,
            abandoned: false,
            end: 0,
            octets,
            expected: UNKNOWN_REPLY,
        }
    }

    /// A question of the confirmation that is this request.
    pub(super) fn question(id: Option<RequestId>, question: Question) -> Self {
        Self {
            id,
            octets: question.wire.octets(),
            work: Work::Question(Box::new(question)),
            abandoned: false,
            end: 0,
            expected: 0,
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

    /// Nothing may be in flight beside a barrier. The connection's own requests are none.
    fn is_barrier(&self) -> bool {
        match &self.work {
            Work::One(wire) => wire.verb.row().barrier && self.id.is_some(),
            // The questions before it are all that is in flight with it.
            Work::Question(_) => false,
            Work::Confirm(_) | Work::Several { .. } => true,
        }
    }

    /// Whether it can leave again as it is after it was taken back.
    fn is_one_command(&self) -> bool {
        matches!(self.work, Work::One(_) | Work::Question(_))
    }
}

/// Requests in the order of their submission: first those in flight, then those still to leave.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    in_flight: usize,
    /// Sums over all entries, in flight or not.
    octets: usize,
    expected: u64,
    /// Sums over the entries in flight.
    flight_octets: usize,
    flight_expected: u64,
}

impl Queue {
    /// How many requests are not answered. The questions of a confirmation are a part of it.
    pub(super) fn requests(&self) -> usize {
        let questions = self.entries.iter().map(|entry| &entry.work);
        let questions = questions.take_while(|work| matches!(work, Work::Question(_)));
        let abandoned = self.entries.front().is_some_and(|entry| entry.abandoned);
        self.entries.len() - if abandoned { 0 } else { questions.count() }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The request that is to be answered next.
    pub(super) fn front(&self) -> Option<&Entry> {
        self.entries.front().filter(|_| self.in_flight > 0)
    }

    pub(super) fn front_mut(&mut self) -> Option<&mut Entry> {
        let in_flight = self.in_flight;
        self.entries.front_mut().filter(|_| in_flight > 0)
    }

    /// The request that is to leave next.
    pub(super) fn next(&mut self) -> Option<&mut Entry> {
        self.entries.get_mut(self.in_flight)
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.insert(self.entries.len(), entry);
    }

    /// Puts a request of the connection's own in front of those that still have to leave.
    pub(super) fn push_next(&mut self, entry: Entry) {
        self.insert(self.in_flight, entry);
    }

    fn insert(&mut self, index: usize, entry: Entry) {
        self.octets += entry.octets;
        self.expected = self.expected.saturating_add(entry.expected);
        self.entries.insert(index, entry);
    }

    /// The confirmation whose questions are in front.
    pub(super) fn confirmation_mut(&mut self) -> Option<&mut Run> {
        let work = self.entries.iter_mut().map(|entry| &mut entry.work);
        let mut rest = work.skip_while(|work| matches!(work, Work::Question(_)));
        match rest.next() {
            Some(Work::Confirm(run)) => Some(run),
            _ => None,
        }
    }

    /// Whether the confirmation in front has no questions left.
    pub(super) fn is_confirmation_due(&self) -> bool {
        let front = self.entries.front().map(|entry| &entry.work);
        matches!(front, Some(Work::Confirm(run)) if run.has_asked())
    }

    /// Whether a confirmation is under way.
    pub(super) fn is_confirming(&self) -> bool {
        let front = self.entries.front().map(|entry| &entry.work);
        matches!(front, Some(Work::Question(_))) || self.is_confirmation_due()
    }

    /// Takes the first request away, answered or not.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.octets -= entry.octets;
        self.expected = self.expected.saturating_sub(entry.expected);
        if self.in_flight > 0 {
            self.in_flight -= 1;
            self.flight_octets -= entry.octets;
            self.flight_expected = self.flight_expected.saturating_sub(entry.expected);
        }
        Some(entry)
    }

    /// Whether the next request may be in flight beside those that are. `window` is whether any may.
    pub(super) fn may_join(&self, window: bool) -> bool {
        let Some(next) = self.entries.get(self.in_flight) else {
            return false;
        };
        let Some(last) = self
            .in_flight
            .checked_sub(1)
            .and_then(|last| self.entries.get(last))
        else {
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
        let octets = self
            .entries
            .get(self.in_flight)
            .map_or(0, |next| next.octets);
        match self.in_flight {
            0 => true,
            1 => self.flight_octets + octets <= COMMAND_OCTETS,
            _ => {
                self.flight_octets + octets <= COMMAND_OCTETS
                    && self.flight_expected.saturating_add(expected) <= REPLY_OCTETS
            }
        }
    }

    /// Whether so much is answered that another flight is worth its write: an eighth of the window.
    pub(super) fn is_low(&self) -> bool {
        self.in_flight < 2
            || (self.flight_octets <= COMMAND_OCTETS / 8 * 7
                && self.flight_expected <= REPLY_OCTETS / 8 * 7)
    }

    /// Counts the next request as in flight.
    pub(super) fn launch(&mut self, end: u64, expected: u64) {
        if let Some(entry) = self.entries.get_mut(self.in_flight) {
            self.expected = self
                .expected
                .saturating_sub(entry.expected)
                .saturating_add(expected);
            entry.end = end;
            entry.expected = expected;
            self.in_flight += 1;
            self.flight_octets += entry.octets;
            self.flight_expected = self.flight_expected.saturating_add(expected);
        }
    }

    /// Takes requests back out of the flight, the last first, as long as their commands are at hand;
    /// gives the octets of those. Of an exchange in the range, which has seen nothing yet, nothing is
    /// left.
    pub(super) fn recall(
        &mut self,
        range: &Range<RequestId>,
        at_hand: impl Fn(&Entry) -> bool,
    ) -> usize {
        let mut octets = 0;
        while let Some(last) = self.in_flight.checked_sub(1) {
            let Some(entry) = self
                .entries
                .get(last)
                .filter(|entry| entry.end == UNSENT || at_hand(entry))
            else {
                break;
            };
            let untouched = entry.is_at_its_begin() && entry.is_in(range);
            if !untouched && !entry.is_one_command() {
                break;
            }
            if entry.end != UNSENT {
                octets += entry.octets();
            }
            self.in_flight = last;
            self.flight_octets -= entry.octets;
            self.flight_expected = self.flight_expected.saturating_sub(entry.expected);
        }
        octets
    }

    /// Whether a lazy caller should submit its next request: the window would take it.
    pub(super) fn has_room(&self, window: bool) -> bool {
        match self.entries.len() {
            0 => true,
            _ if !window => false,
            1 => true,
            _ => self.octets + TYPICAL_COMMAND <= COMMAND_OCTETS && self.expected < REPLY_OCTETS,
        }
    }

    /// Whether any request of a range is not answered yet. The ids in the queue ascend.
    pub(super) fn has_any(&self, range: &Range<RequestId>) -> bool {
        let ids = self.entries.iter().filter_map(|entry| entry.id);
        let mut from = ids.skip_while(|id| *id < range.start);
        from.next().is_some_and(|id| id < range.end)
    }

    /// Drops the requests in a range that have not left, and marks those that have.
    pub(super) fn abandon(&mut self, range: &Range<RequestId>) {
        let wanted = |entry: &Entry| entry.is_in(range);
        for entry in self
            .entries
            .iter_mut()
            .take(self.in_flight)
            .filter(|entry| wanted(entry))
        {
            entry.abandoned = true;
        }
        let mut index = 0;
        let in_flight = self.in_flight;
        let (mut octets, mut expected) = (0, 0u64);
        self.entries.retain(|entry| {
            let keep = index < in_flight || !wanted(entry);
            index += 1;
            if !keep {
                octets += entry.octets;
                expected = expected.saturating_add(entry.expected);
            }
            keep
        });
        self.octets -= octets;
        self.expected = self.expected.saturating_sub(expected);
    }
}
