//! A client that runs a case in steps of any size and checks invariants after each step.

use core::fmt::Write as _;
use core::time::Duration;
use std::collections::VecDeque;

use pop3_proto::{
    Connection, Error, Event, Instant, Phase, RequestId,
    error::{Closed, ProtocolError, Timeout, TlsError, TlsErrorKind},
    tls::TlsInfo,
};
use proptest::test_runner::TestCaseError;

use super::Verdict;
use super::case::Case;
use super::peer::Peer;
use super::strategies::Pieces;
use pop3_proto::internals::render::event as words_for;
use pop3_proto::record::Operation as Op;
use pop3_testkit::surplus::{is_late_surplus, without_quote};
use pop3_testkit::{bodies, wire};

/// The maximum number of steps. A conversation that needs more is considered endless.
const STEPS: usize = 100_000;

pub(crate) struct Client {
    pub(crate) connection: Connection,
    pub(crate) peer: Peer,
    pub(crate) now: Instant,
    ops: VecDeque<String>,
    /// The accepted requests with their operations.
    pub(crate) requests: Vec<(RequestId, String)>,
    /// The rejected requests, under the ids that they would have had.
    refused: Vec<(RequestId, String, Error)>,
    /// Adjacent chunks of a body are joined, because the chunk boundaries are not defined.
    pub(crate) events: Vec<Event>,
    pub(crate) sent: Vec<u8>,
    /// How many of them were sent before TLS.
    pub(crate) sent_in_cleartext: usize,
    /// The steps so far, for the report of a failure.
    log: Vec<String>,
    input_ended: bool,
}

impl Client {
    pub(crate) fn new(case: &Case) -> Self {
        let now = Instant::since_origin(Duration::from_secs(1));
        let mut connection = Connection::new(case.client.config(), case.client.channel, now);
        connection.seed([7; 32]);
        Self {
            connection,
            peer: Peer::new(case),
            now,
            ops: case.ops.clone().into(),
            requests: Vec::new(),
            refused: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            sent_in_cleartext: 0,
            log: Vec::new(),
            input_ended: false,
        }
    }

    /// Submits every operation, reads in pieces, and ends with end of file.
    pub(crate) fn completed(case: &Case, pieces: &Pieces) -> Result<Self, TestCaseError> {
        let mut client = Self::new(case);
        while client.ask() {}
        client.run(pieces.sizes())?;
        client.finish()?;
        Ok(client)
    }

    /// Creates a logged-in, idle session.
    pub(crate) fn idle(case: &mut Case) -> Result<Self, TestCaseError> {
        case.ops_after_login::<&str>(&[]);
        let mut client = Self::new(case);
        while client.ask() {}
        client.run(Pieces::WHOLE.sizes())?;
        Ok(client)
    }

    /// Adds an operation to the pending ones.
    pub(crate) fn push(&mut self, op: &str) {
        self.ops.push_back(op.to_owned());
    }

    /// Submits the next operation, if there is one.
    pub(crate) fn ask(&mut self) -> bool {
        let Some(op) = self.ops.pop_front() else {
            return false;
        };
        let id = self.connection.next_id();
        let asked = Op::parse(&op)
            .expect("an operation")
            .submit(&mut self.connection);
        match asked {
            Ok(_) => {
                self.log.push(format!("> {op}"));
                self.requests.push((id, op));
            }
            Err(error) => {
                self.log.push(format!("> {op}: {error:?}"));
                let later = (0..self.refused.len()).fold(id, |id, _| id.next());
                self.refused.push((later, op, error));
            }
        }
        true
    }

    pub(crate) fn poll(&mut self) -> bool {
        let Some(event) = self.connection.poll_event() else {
            return false;
        };
        let label = |of: RequestId| {
            let found = self.requests.iter().find(|(id, _)| *id == of);
            found.map_or_else(|| format!("{of:?}"), |(_, op)| op.clone())
        };
        self.log.push(format!("= {}", words_for(&event, &label)));
        let event = bodies::join(self.events.last_mut(), event);
        self.events.extend(event);
        true
    }

    /// Sends at most this many octets.
    pub(crate) fn send(&mut self, most: usize) -> bool {
        let octets = wire::send(&mut self.connection, most, self.now);
        if octets.is_empty() {
            return false;
        }
        self.log.push(format!("C: {}", octets.escape_ascii()));
        self.sent.extend_from_slice(&octets);
        if self.connection.tls().is_none() {
            self.sent_in_cleartext = self.sent.len();
        }
        self.peer.receive(&octets);
        true
    }

    /// Reads at most this many octets.
    pub(crate) fn receive(&mut self, most: usize) -> bool {
        let piece = &self.peer.out[..self.peer.out.len().min(most)];
        let count = wire::receive(&mut self.connection, piece, self.now);
        if count == 0 {
            return false;
        }
        let octets: Vec<u8> = self.peer.out.drain(..count).collect();
        self.log.push(format!("S: {}", octets.escape_ascii()));
        true
    }

    /// Completes the TLS handshake. Cleartext octets that are pending make it fail.
    pub(crate) fn tls(&mut self) -> bool {
        if !self.connection.wants_tls() {
            return false;
        }
        let in_the_way = self.connection.phase() != Phase::Greeting && !self.peer.out.is_empty();
        if in_the_way {
            self.log.push("! tls fails".to_owned());
            let cause = TlsError::new(TlsErrorKind::Other, "no TLS");
            self.connection.tls_failed(cause, self.now);
        } else {
            self.log.push("! tls".to_owned());
            self.peer.tls();
            self.connection
                .tls_established(TlsInfo::default(), self.now);
        }
        true
    }

    /// Calls `handle_timeout` if a deadline is due.
    pub(crate) fn tick(&mut self) -> bool {
        let due = self.connection.poll_timeout();
        if due.is_none_or(|due| due > self.now) {
            return false;
        }
        self.connection.handle_timeout(self.now);
        true
    }

    /// Advances the clock by at most this much, and never past a deadline.
    pub(crate) fn wait(&mut self, most: Duration) {
        let later = self.now + most;
        let due = self.connection.poll_timeout();
        if due.is_none_or(|due| later < due) {
            self.now = later;
        }
        self.connection.handle_timeout(self.now);
    }

    pub(crate) fn eof(&mut self) {
        self.log.push("! eof".to_owned());
        self.input_ended = true;
        self.connection.handle_eof(self.now);
    }

    pub(crate) fn abandon(&mut self, requests: core::ops::Range<usize>) {
        let id = |index: usize| {
            let request = self.requests.get(index);
            request.map_or_else(|| self.connection.next_id(), |(id, _)| *id)
        };
        self.log.push(format!("> abandon {requests:?}"));
        self.connection
            .abandon(id(requests.start)..id(requests.end));
    }

    /// Does the first of these that is possible: poll, send, TLS handshake, deadline. Does not
    /// read.
    fn settle_step(&mut self) -> bool {
        self.poll() || self.send(usize::MAX) || self.tls() || self.tick()
    }

    /// Repeats [`settle_step`](Self::settle_step) until nothing is possible without reading.
    pub(crate) fn settle(&mut self) -> Verdict {
        for _ in 0..STEPS {
            if !self.settle_step() {
                return self.check_state();
            }
        }
        Err(self.failure("it does not terminate"))
    }

    /// Reads all that the server sends, in pieces of these sizes, and settles after each piece.
    pub(crate) fn read(&mut self, mut pieces: impl Iterator<Item = usize>) -> Verdict {
        for _ in 0..STEPS {
            self.settle()?;
            if !self.receive(pieces.next().unwrap_or(usize::MAX)) {
                return self.settle();
            }
        }
        Err(self.failure("it does not terminate"))
    }

    /// Like [`read`](Self::read), but also reports end of file if the server has closed the
    /// connection.
    pub(crate) fn run(&mut self, pieces: impl Iterator<Item = usize>) -> Verdict {
        self.read(pieces)?;
        if !self.input_ended && self.peer.is_closed() {
            self.eof();
        }
        self.settle()
    }

    /// Closes the server side, so that all requests end.
    pub(crate) fn finish(&mut self) -> Verdict {
        self.run(Pieces::WHOLE.sizes())?;
        self.eof();
        self.settle()?;
        if self.connection.phase() != Phase::Closed || self.connection.outstanding() > 0 {
            return Err(self.failure("end of file did not close the connection"));
        }
        Ok(())
    }

    /// Checks the invariants of the connection's state.
    pub(crate) fn check_state(&mut self) -> Verdict {
        let connection = &mut self.connection;
        let (reads, writes, tls) = (
            connection.wants_read(),
            connection.wants_write(),
            connection.wants_tls(),
        );
        let whole = connection.transmit().is_empty() || connection.transmit().ends_with(b"\n");
        let room = connection.recv_buffer().map(|room| room.len());
        let over = connection.error().is_some();
        let wrong = [
            (
                room.is_some() != reads || room == Some(0),
                "the receive buffer disagrees with wants_read",
            ),
            (
                connection.transmit().is_empty() == writes,
                "the octets to send disagree with wants_write",
            ),
            (!whole, "the octets to send are not complete lines"),
            // I3.
            (
                tls && (reads || writes),
                "it reads or writes during a handshake",
            ),
            // I7.
            (
                over && (reads || writes || tls),
                "a closed connection wants I/O",
            ),
            (
                over && connection.poll_timeout().is_some(),
                "a closed connection has a deadline",
            ),
        ];
        let wrong = wrong.into_iter().find(|(wrong, _)| *wrong);
        wrong.map_or(Ok(()), |(_, what)| Err(self.failure(what)))
    }

    /// Returns whether the last request consists of several commands and is not answered yet.
    pub(crate) fn is_in_exchange(&self) -> bool {
        let last = self.requests.last().map_or("", |(_, op)| op);
        let verb = last.split([' ', '-']).next().unwrap_or_default();
        let exchange = matches!(verb, "login" | "stls" | "capabilities");
        exchange && self.connection.outstanding() > 0
    }

    /// Returns the complete lines that were sent, without CRLF.
    pub(crate) fn lines(&self) -> Vec<String> {
        let sent = String::from_utf8_lossy(&self.sent).into_owned();
        sent.split_terminator("\r\n").map(str::to_owned).collect()
    }

    /// Returns the conversation in the format of transcripts.
    pub(crate) fn transcript(&self) -> String {
        self.log.join("\n")
    }

    pub(crate) fn failure(&self, what: impl core::fmt::Display) -> TestCaseError {
        TestCaseError::fail(format!("{what}\n{}", self.transcript()))
    }

    /// Fails with the conversation unless the condition is true.
    pub(crate) fn ensure(&self, condition: bool, what: impl core::fmt::Display) -> Verdict {
        if condition {
            Ok(())
        } else {
            Err(self.failure(what))
        }
    }

    /// Returns all events as if every operation had been accepted. A request that is submitted
    /// after the close is rejected with the error of the connection instead of getting an event.
    fn all_events(&self) -> Vec<Event> {
        let is_end = |event: &&Event| matches!(event, Event::Closed(_));
        let before = self.events.iter().filter(|event| !is_end(event)).cloned();
        let late = self.refused.iter().map(|(id, _, error)| Event::Reply {
            id: *id,
            result: Err(error.clone()),
        });
        let end = self.events.iter().filter(is_end).cloned();
        let mut reported: Vec<_> = before.chain(late).chain(end).collect();
        for event in &mut reported {
            if let Event::Reply {
                result: Err(error), ..
            }
            | Event::BodyEnd {
                result: Err(error), ..
            }
            | Event::Closed(Err(error)) = event
            {
                without_quote(error);
            }
        }
        reported
    }

    /// Removes the `-ERR` that came before a close from the errors: whether it is present depends
    /// on timing.
    pub(crate) fn forget_last_err(&mut self) {
        let refused = self.refused.iter_mut().map(|(_, _, error)| error);
        let reported = self.events.iter_mut().filter_map(|event| match event {
            Event::Reply {
                result: Err(error), ..
            }
            | Event::BodyEnd {
                result: Err(error), ..
            }
            | Event::Closed(Err(error)) => Some(error),
            _ => None,
        });
        for error in refused.chain(reported) {
            match error {
                Error::Closed(closed) => match &mut **closed {
                    Closed::Idle { last_err }
                    | Closed::Unanswered { last_err, .. }
                    | Closed::Truncated { last_err, .. } => *last_err = None,
                    _ => {}
                },
                Error::Transport(error) => error.last_err = None,
                Error::Timeout(
                    Timeout::FirstOctet { last_err, .. } | Timeout::Stall { last_err, .. },
                ) => *last_err = None,
                Error::Protocol(error) => {
                    if let ProtocolError::BadStatus { last_err, .. } = &mut **error {
                        *last_err = None;
                    }
                }
                _ => {}
            }
        }
    }

    /// Returns the same in the format of transcripts.
    fn all_lines(&self) -> Vec<String> {
        let label = |id: RequestId| format!("{id:?}");
        let reported = self.all_events();
        reported
            .iter()
            .map(|event| words_for(event, &label))
            .collect()
    }

    /// Fails unless `other`, a run of the same case with a coarser partition, had the same result.
    pub(crate) fn agrees_with(&self, other: &Self) -> Verdict {
        let mut what = String::new();
        if self.sent != other.sent {
            let _ = write!(what, "sent something else; ");
        }
        if self.all_events() != other.all_events()
            && !is_late_surplus(&other.all_lines(), &self.all_lines())
        {
            let _ = write!(what, "reported something else; ");
        }
        let other = other.transcript();
        self.ensure(what.is_empty(), format!("{what}once\n{other}\nand once"))
    }
}
