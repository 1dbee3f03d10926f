//! Drives a connection, with a clock and a ledger of requests and events.

use core::time::Duration;

use pop3_proto::{
    Channel, Config, Connection, Event, Instant, Phase, RequestId,
    error::{LimitError, Limited, TlsError, TlsErrorKind, TransportError, TransportErrorKind},
};

use super::commands::submit;
use super::ledger::Ledger;
use super::script::Step;
use super::setup::{assert_over, handle_deadlines, tls_info};
use crate::wire;

/// How many octets of commands may be unanswered (RFC 2449 section 6.6).
const WINDOW: usize = 4096;

pub struct Driver {
    pub connection: Connection,
    pub now: Instant,
    pub ledger: Ledger,
    /// The maximum number of octets received together, and the maximum length of a sent line.
    buffer: usize,
    line: usize,
    /// Whether the login must not be sent in cleartext.
    guarded: bool,
    /// The ids of all requests in order, and that of the next one.
    ids: Vec<RequestId>,
}

impl Driver {
    pub fn new(config: Config, channel: Channel) -> Self {
        let limits = &config.limits;
        let longest = limits.line.max(limits.challenge);
        let buffer = limits.receive_buffer.max(longest + 4);
        // A response in an exchange repeats the server's challenge in base64.
        let line = limits.command + 2 * longest;
        let guarded = channel == Channel::Plain && !config.allow_insecure_login;
        let mut connection = Connection::new(config, channel, Instant::ORIGIN);
        connection.seed([7; 32]);
        Self {
            buffer,
            line,
            guarded,
            ids: vec![connection.next_id()],
            connection,
            now: Instant::ORIGIN,
            ledger: Ledger::default(),
        }
    }

    /// Returns the next event.
    pub fn poll(&mut self) -> Option<Event> {
        let event = self.connection.poll_event()?;
        self.ledger.record(&event, &self.connection.config().limits);
        Some(event)
    }

    /// Receives as many of these octets as fit, and returns how many.
    pub fn receive(&mut self, octets: &[u8]) -> usize {
        let room = self.connection.recv_buffer().map_or(0, |room| room.len());
        assert!(room <= self.buffer);
        wire::receive(&mut self.connection, octets, self.now)
    }

    /// Sends at most this many octets.
    pub fn send(&mut self, most: usize) {
        let batch = self.connection.transmit();
        assert!(batch.is_empty() || batch.ends_with(b"\n"));
        assert!(batch.len() <= WINDOW + self.line);
        let sent = wire::send(&mut self.connection, most, self.now);
        self.ledger.sent.extend_from_slice(&sent);
        if self.guarded && self.connection.tls().is_none() {
            self.ledger.assert_no_cleartext_login();
        }
    }

    /// Applies the steps that are the same in all targets.
    pub fn happen(&mut self, step: &Step) {
        let (connection, now) = (&mut self.connection, self.now);
        match *step {
            Step::Submit(which) => {
                if let Ok(asked) = submit(connection, which) {
                    self.ledger.ask(asked);
                }
            }
            Step::AbandonOne(back) => self.abandon(back.into(), 1),
            Step::AbandonLast(count) => self.abandon(usize::from(count) - 1, count.into()),
            Step::Wait(seconds) => {
                self.now = now + Duration::from_secs(seconds);
                self.connection.handle_timeout(self.now);
            }
            Step::Eof => connection.handle_eof(now),
            Step::ReadFails => connection.handle_read_error(failure(), now),
            Step::WriteFails => connection.handle_write_error(failure(), now),
            Step::Tls { exporter } => connection.tls_established(tls_info(exporter), now),
            Step::TlsFails => connection.tls_failed(TlsError::new(TlsErrorKind::Other, "x"), now),
            Step::Exceeded => connection.exceeded(LimitError::new(Limited::Message, 1)),
            Step::Server(_) | Step::Send(_) | Step::Poll | Step::PollAll | Step::Pause => {}
        }
    }

    /// Abandons `count` requests, starting `back` requests before the last one.
    fn abandon(&mut self, back: usize, count: usize) {
        let (ids, next) = (&mut self.ids, self.connection.next_id());
        while let Some(id) = ids.last().filter(|id| **id < next).map(|id| id.next()) {
            ids.push(id);
        }
        let last = ids.len() - 1;
        let from = last.saturating_sub(back + 1);
        let range = ids[from]..ids[last.min(from + count)];
        self.ledger.abandon(&range);
        self.connection.abandon(range);
    }

    /// Polls all events, sends all octets and handles deadlines, until nothing remains to be done.
    pub fn settle(&mut self, events: &mut Vec<Event>) {
        loop {
            while let Some(event) = self.poll() {
                events.push(event);
            }
            if !self.act() {
                break;
            }
        }
        self.check();
        assert!(self.connection.outstanding() >= self.ledger.outstanding());
    }

    /// Sends octets or handles a deadline. Returns false if neither is needed.
    pub fn act(&mut self) -> bool {
        if self.connection.wants_write() {
            self.send(usize::MAX);
        } else if self.is_due() {
            handle_deadlines(&mut self.connection, self.now);
        } else {
            return false;
        }
        true
    }

    fn is_due(&self) -> bool {
        let due = self.connection.poll_timeout();
        due.is_some_and(|due| due <= self.now)
    }

    /// Checks the invariants.
    pub fn check(&mut self) {
        let connection = &mut self.connection;
        assert_eq!(connection.wants_write(), !connection.transmit().is_empty());
        assert_eq!(connection.wants_read(), connection.recv_buffer().is_some());
        if connection.wants_tls() {
            assert!(!connection.wants_write() && !connection.wants_read());
        }
        if connection.phase() == Phase::Closed {
            assert_over(connection);
        }
    }

    /// Closes the connection from the server's side. Checks that every request then gets its
    /// result, and that no octets or deadlines remain.
    pub fn finish(mut self, events: &mut Vec<Event>) -> Self {
        self.settle(events);
        self.connection.handle_eof(self.now);
        self.settle(events);
        assert!(self.ledger.closed && self.connection.outstanding() == 0);
        assert_over(&mut self.connection);
        self
    }
}

fn failure() -> TransportError {
    TransportError::new(TransportErrorKind::Reset, "reset")
}
