//! Drives a connection step by step, without a socket and without a clock.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::render;
use super::step::Action;
use crate::channel::{Channel, EndPoint, NoEndPoint, TlsInfo};
use crate::config::Config;
use crate::connection::Connection;
use crate::error::{Error, TlsError, TlsErrorKind, TransportError, TransportErrorKind};
use crate::event::Event;
use crate::operation::Operation;
use crate::secret::Secret;
use crate::ticket::RequestId;
use crate::time::Instant;

/// The channel binding data in transcripts: the octets 0 to 31.
fn binding() -> [u8; 32] {
    core::array::from_fn(|index| index as u8)
}

/// A connection, with the events and octets that it has produced since they were last taken.
#[derive(Debug)]
pub struct Driver {
    /// The connection.
    pub connection: Connection,
    /// The time.
    pub now: Instant,
    /// Whether octets move one at a time, in both directions.
    pub trickle: bool,
    /// The name of each request, in the order of their ids.
    labels: BTreeMap<RequestId, String>,
    /// The tokens to provide, by login.
    tokens: BTreeMap<RequestId, VecDeque<Secret>>,
    first_id: RequestId,
    outcomes: Vec<Outcome>,
    batches: Vec<Vec<u8>>,
    /// What the application does while octets of the current segment are not parsed.
    planned: VecDeque<Planned>,
    /// What was planned and done, with the number of events before it.
    done: Vec<(usize, Action)>,
    /// Whether a part of the current segment was received.
    arrived: bool,
    /// Whether the next chunk of a body is reported separately from the previous one.
    split: bool,
}

/// What a connection reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An event. The adjacent chunks of a body are one event.
    Event(Event),
    /// `submit` itself failed: the label of the operation, and the error.
    Refused(String, Error),
}

/// Something that the application does when a number of events were polled.
#[derive(Debug)]
pub(super) struct Planned {
    /// How many events of the segment must be polled before.
    pub(super) events: usize,
    /// How many octets the last of them must have, if it is a part of a body.
    pub(super) octets: usize,
    pub(super) action: Action,
}

impl Driver {
    /// Creates a connection and its driver.
    pub fn new(config: Config, channel: Channel) -> Self {
        Self::of(Connection::new(config, channel, Instant::ORIGIN))
    }

    /// Drives a new connection.
    pub fn of(connection: Connection) -> Self {
        Self {
            first_id: connection.next_id(),
            connection,
            now: Instant::ORIGIN,
            trickle: false,
            labels: BTreeMap::new(),
            tokens: BTreeMap::new(),
            outcomes: Vec::new(),
            batches: Vec::new(),
            planned: VecDeque::new(),
            done: Vec::new(),
            arrived: false,
            split: false,
        }
    }

    /// Submits an operation. Nothing is sent yet.
    pub fn submit(&mut self, operation: &Operation) {
        let id = self.connection.next_id();
        match operation.submit(&mut self.connection) {
            Ok(_) => {
                self.labels.insert(id, operation.label());
                if let Operation::Login(login) = operation
                    && let Some(tokens) = login.tokens()
                {
                    self.tokens.insert(id, tokens.flatten().collect());
                }
            }
            Err(error) => {
                let refused = Outcome::Refused(operation.label(), error);
                self.outcomes.push(refused);
                self.split = true;
            }
        }
    }

    /// Does what an application does.
    pub(super) fn act(&mut self, action: &Action) {
        match action {
            Action::Submit(operation) => self.submit(operation),
            Action::AbandonAll => self.abandon(),
            Action::Abandon { first, last } => {
                let id = |n: u64| RequestId::nth(self.first_id, n.saturating_sub(1));
                self.connection.abandon(id(*first)..id(*last).next());
            }
            Action::Token(token) => self.provide_token(Some(token)),
            Action::NoToken => self.provide_token(None),
            Action::Exceeded(limit) => self.connection.exceeded(*limit),
            Action::Panicked => self.connection.callback_panicked(),
            Action::KeepAlive(interval) => self.connection.set_keep_alive(*interval),
        }
        self.split = true;
    }

    /// Provides a token to the login that wants one.
    fn provide_token(&mut self, token: Option<&[u8]>) {
        let token = token.map(Secret::new);
        let asked = self
            .outcomes
            .iter()
            .rev()
            .find_map(|outcome| match outcome {
                Outcome::Event(Event::TokenWanted { id, .. }) => Some(*id),
                _ => None,
            });
        // Otherwise the event was taken before, and the last login is the one that wants it.
        let last = self
            .labels
            .iter()
            .rev()
            .find(|(_, label)| *label == "login");
        let id = asked.or(last.map(|(id, _)| *id)).unwrap_or(self.first_id);
        let token = match token {
            Some(Ok(token)) => Ok(token),
            Some(Err(_)) | None => Err("none is left".into()),
        };
        if let Err(error) = self.connection.provide_token(id, token) {
            self.outcomes
                .push(Outcome::Refused("token".to_owned(), error));
        }
    }

    /// Abandons all submitted requests.
    pub fn abandon(&mut self) {
        self.connection
            .abandon(self.first_id..self.connection.next_id());
    }

    /// Plans what the application does while the next segment is parsed.
    pub(super) fn plan(&mut self, planned: impl IntoIterator<Item = Planned>) {
        self.planned.extend(planned);
        self.arrived = false;
    }

    /// Does what is planned for now.
    fn act_as_planned(&mut self) {
        while let Some(next) = self.planned.front() {
            let reached = match (next.events.cmp(&self.outcomes.len()), self.outcomes.last()) {
                (core::cmp::Ordering::Less, _) => true,
                (core::cmp::Ordering::Equal, Some(Outcome::Event(Event::Body { chunk, .. }))) => {
                    chunk.len() >= next.octets
                }
                (core::cmp::Ordering::Equal, _) => true,
                (core::cmp::Ordering::Greater, _) => false,
            };
            if !reached || !self.arrived {
                return;
            }
            if let Some(next) = self.planned.pop_front() {
                self.act_now(next.action);
            }
        }
    }

    fn act_now(&mut self, action: Action) {
        let events = self.outcomes.len();
        self.act(&action);
        self.done.push((events, action));
    }

    /// Receives octets from the server. All events are polled and all octets are sent in the
    /// meantime.
    pub fn server(&mut self, octets: impl AsRef<[u8]>) {
        let octets = octets.as_ref();
        let piece = if self.trickle { 1 } else { octets.len().max(1) };
        for mut octets in octets.chunks(piece) {
            while !octets.is_empty() {
                let taken = self.deliver(octets);
                if taken == 0 {
                    return;
                }
                octets = octets.get(taken..).unwrap_or_default();
            }
        }
    }

    /// Receives octets without polling events. Returns how many were accepted.
    pub fn arrive(&mut self, octets: &[u8]) -> usize {
        debug_assert_eq!(
            self.connection.wants_read(),
            self.connection.recv_buffer().is_some()
        );
        let Some(room) = self.connection.recv_buffer() else {
            return 0;
        };
        debug_assert!(!room.is_empty(), "room for a read");
        let count = room.len().min(octets.len());
        for (room, octet) in room.iter_mut().zip(octets) {
            *room = *octet;
        }
        if count > 0 {
            self.connection.received(count, self.now);
            self.arrived = true;
        }
        count
    }

    /// Passes as many octets to the connection as it accepts. Returns how many.
    fn deliver(&mut self, octets: &[u8]) -> usize {
        self.settle();
        let taken = self.arrive(octets);
        self.settle();
        taken
    }

    /// Ends a segment: does what is still planned.
    pub(super) fn end_segment(&mut self) {
        self.arrived = true;
        while let Some(next) = self.planned.pop_front() {
            self.settle();
            self.act_now(next.action);
        }
        self.settle();
    }

    /// Reports the end of the stream.
    pub fn eof(&mut self) {
        self.settle();
        self.connection.handle_eof(self.now);
        self.settle();
    }

    /// Makes a read fail.
    pub(super) fn read_fails(&mut self, kind: TransportErrorKind) {
        self.settle();
        let cause = TransportError::new(kind, "connection reset");
        self.connection.handle_read_error(cause, self.now);
        self.settle();
    }

    /// Makes a write fail before any of its octets is sent.
    pub(super) fn write_fails_with(&mut self, kind: TransportErrorKind) {
        let cause = TransportError::new(kind, "broken pipe");
        self.connection.handle_write_error(cause, self.now);
        self.settle();
    }

    /// Completes a TLS handshake. Returns false if none is due.
    #[must_use]
    pub fn tls_with(&mut self, info: TlsInfo) -> bool {
        self.settle();
        if !self.connection.wants_tls() {
            return false;
        }
        debug_assert!(!self.connection.wants_read() && self.connection.recv_buffer().is_none());
        debug_assert!(!self.connection.wants_write());
        self.connection.tls_established(info, self.now);
        debug_assert!(!self.connection.wants_tls());
        self.settle();
        true
    }

    /// Returns TLS without channel binding data for SCRAM.
    pub(super) fn unbound() -> TlsInfo {
        TlsInfo {
            end_point: Err(NoEndPoint::Undefined),
            ..TlsInfo::default()
        }
    }

    /// Returns TLS 1.3 with the octets 0 to 31 as channel binding data for SCRAM.
    pub fn bound() -> TlsInfo {
        TlsInfo {
            exporter: Some(binding()),
            ..TlsInfo::default()
        }
    }

    /// Returns TLS 1.2 with the same octets as the hash of the server's certificate.
    pub(super) fn bound_to_certificate() -> TlsInfo {
        TlsInfo {
            end_point: EndPoint::from_hash(&binding()).ok_or(NoEndPoint::NotProvided),
            ..TlsInfo::default()
        }
    }

    /// Makes TLS fail.
    pub(super) fn tls_fails_with(&mut self, kind: TlsErrorKind) {
        self.settle();
        let cause = TlsError::new(kind, "unknown issuer");
        self.connection.tls_failed(cause, self.now);
        self.settle();
    }

    /// Advances the clock.
    pub(super) fn pass(&mut self, span: Duration) {
        self.settle();
        self.now = self.now + span;
        self.settle();
    }

    /// Polls all events, sends all octets and handles deadlines, until nothing remains to be done.
    pub fn settle(&mut self) {
        loop {
            self.take_events();
            self.send();
            let due = self.connection.poll_timeout();
            if due.is_some_and(|due| due <= self.now) {
                self.connection.handle_timeout(self.now);
                // A computation continues with each call, but a deadline that was handled must not
                // be due again.
                let again = self.connection.poll_timeout();
                let stuck =
                    again.is_some_and(|again| again <= self.now && again != Instant::ORIGIN);
                if stuck {
                    debug_assert!(
                        self.now == Instant::ORIGIN,
                        "a handled deadline is due again"
                    );
                    return;
                }
            } else {
                // Octets that were sent can lead to events, for example when the connection closes.
                self.take_events();
                if !self.connection.wants_write() {
                    return;
                }
            }
        }
    }

    /// Polls all events.
    pub fn take_events(&mut self) {
        loop {
            self.act_as_planned();
            let Some(event) = self.connection.poll_event() else {
                return;
            };
            match event {
                Event::TokenWanted { id, .. } if self.tokens.contains_key(&id) => {
                    let next = self.tokens.get_mut(&id).and_then(VecDeque::pop_front);
                    let token = next.ok_or_else(|| "none is left".into());
                    let provided = self.connection.provide_token(id, token);
                    debug_assert!(provided.is_ok(), "a token is requested");
                }
                event => self.report(event),
            }
        }
    }

    /// Keeps an event. Joins the chunks of a body, because their boundaries depend on how the octets
    /// were received.
    fn report(&mut self, event: Event) {
        let split = core::mem::take(&mut self.split);
        let before = match self.outcomes.last_mut() {
            Some(Outcome::Event(before)) if !split => Some(before),
            _ => None,
        };
        if let Some(event) = join(before, event) {
            self.outcomes.push(Outcome::Event(event));
        }
    }

    fn send(&mut self) {
        debug_assert_eq!(
            self.connection.wants_write(),
            !self.connection.transmit().is_empty()
        );
        while self.connection.wants_write() {
            let batch = self.connection.transmit().to_vec();
            debug_assert!(batch.ends_with(b"\r\n"), "only complete commands");
            let step = if self.trickle { 1 } else { batch.len().max(1) };
            for piece in batch.chunks(step) {
                debug_assert!(self.connection.transmit().starts_with(piece));
                self.connection.transmitted(piece.len(), self.now);
            }
            self.batches.push(batch);
        }
    }

    /// Takes the batches that were sent since the last call.
    pub fn take_batches(&mut self) -> Vec<Vec<u8>> {
        core::mem::take(&mut self.batches)
    }

    /// Takes what was planned and done since the last call, with the number of events before it.
    pub(super) fn take_done(&mut self) -> Vec<(usize, Action)> {
        core::mem::take(&mut self.done)
    }

    /// Takes what was reported since the last call.
    pub fn take_outcomes(&mut self) -> Vec<Outcome> {
        core::mem::take(&mut self.outcomes)
    }

    /// Writes what was reported in the format of transcripts.
    pub fn render(&self, outcome: &Outcome) -> String {
        let label = |id: RequestId| {
            let label = self.labels.get(&id).cloned();
            label.unwrap_or_else(|| format!("{id:?}"))
        };
        match outcome {
            Outcome::Event(event) => render::event(event, &label),
            Outcome::Refused(label, error) => {
                format!("{label}: failed: {}", render::error(error))
            }
        }
    }
}

/// Appends a chunk to the preceding chunk of the same body. Returns the event if that is not
/// possible.
pub fn join(before: Option<&mut Event>, event: Event) -> Option<Event> {
    match (before, event) {
        (
            Some(Event::Body { id, chunk }),
            Event::Body {
                id: same,
                chunk: more,
            },
        ) if *id == same => {
            let mut octets = Vec::from(core::mem::take(chunk));
            octets.extend_from_slice(&more);
            *chunk = octets.into();
            None
        }
        (_, event) => Some(event),
    }
}

/// Submitting operations.
impl Operation {
    /// Submits the operation to a connection.
    ///
    /// # Errors
    ///
    /// As for [`Connection::submit`]; [`Misuse::Argument`](crate::error::Misuse::Argument) if an
    /// argument is invalid.
    pub fn submit(&self, connection: &mut Connection) -> Result<RequestId, Error> {
        Ok(connection.submit(self.request()?)?.id())
    }
}
