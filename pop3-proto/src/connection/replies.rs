//! Replies: framing, and matching with requests.

use bytes::Bytes;

use super::body::{Body, LineEnds};
use super::gathered::Gathered;
use super::queue::{Entry, Work};
use super::surplus::Ended;
use super::{Connection, Event, Greeting, single};
use crate::apop;
use crate::command::{Operand, Shape, Verb, Wire};
use crate::config::{Leniency, LfDot};
use crate::error::{Closed, Error, LimitError, Limited, ProtocolError, Refusal, SecurityError};
use crate::exchange::Input;
use crate::listing::{Quirks, without_line_end};
use crate::phase::Phase;
use crate::quirk::Quirk;
use crate::received::{Measure, stated_octets};
use crate::reply::{Opened, Reply};
use crate::sasl::base64;
use crate::status::{ErrReply, ResponseCode, Status, StatusLine, indicator};
use crate::text::ServerText;
use crate::types::MessageNumber;

/// How many blank lines before a status line are tolerated.
pub(super) const BLANK_LINES: u8 = 8;

/// A status line, ready to be handed on.
pub(super) enum Answer {
    /// As it came, to read values from, and as it may be shown.
    Ok {
        status: Status,
        shown: Status,
    },
    Err(ErrReply),
    /// Neither.
    Other(ServerText),
}

/// What the next octets are part of.
#[derive(Debug)]
pub(super) enum Reading {
    /// A status line.
    Line,
    /// A multi-line reply that is handed on as it comes.
    Body(Body, Measure),
    /// A multi-line reply that is gathered.
    Lines(Body, Gathered),
}

impl Connection {
    /// Does what can be done without more octets: parses until an event waits, then lets commands
    /// leave if none does.
    pub(super) fn advance(&mut self) {
        while self.events.is_empty() {
            if self.end.outcome.is_some() {
                return self.tell_end();
            }
            if self.wants_tls() {
                // Nothing is parsed during a handshake; an end of file ends it all the same.
                return self.conclude();
            }
            if let Some(error) = self.last_words() {
                // Nothing that comes now counts any more.
                if self.has_said_last_words() || self.end.write_failed.is_some() {
                    self.fail(error.clone());
                    continue;
                }
                return self.release();
            }
            if self.parse() {
                continue;
            }
            self.conclude();
            if self.end.outcome.is_none() {
                return self.release();
            }
        }
    }

    /// One step of parsing; false if it takes more octets.
    fn parse(&mut self) -> bool {
        match core::mem::replace(&mut self.reading, Reading::Line) {
            Reading::Line => self.parse_line(),
            Reading::Body(body, measure) => self.parse_body(body, measure),
            Reading::Lines(body, gathered) => self.parse_lines(body, gathered),
        }
    }

    fn parse_line(&mut self) -> bool {
        if self.state.phase() == Phase::Greeting && is_tls_record(self.receive.octets()) {
            self.fail(ProtocolError::TlsRecord.into());
            return true;
        }
        if let Some(ended) = self.ended
            && let Some(error) = self.surplus(ended, self.queue.front())
        {
            self.fail(error);
            return true;
        }
        let limit = self.line_limit();
        let line = self.receive.line();
        let length = match &line {
            Some((line, _)) => line.len(),
            None => without_line_end(self.receive.octets()).len(),
        };
        // A full buffer could not take the rest of the line.
        if length > limit || line.is_none() && self.receive.is_full() {
            let limit = LimitError::new(Limited::Line, limit);
            if self.in_auth() {
                self.step_exchange(Input::Overlong(limit));
            } else {
                self.fail(limit.into());
            }
            return true;
        }
        let Some((line, bare)) = line else {
            return false;
        };
        self.on_line(line, bare);
        true
    }

    /// Whether the server answers `AUTH` or a response now.
    fn in_auth(&self) -> bool {
        let Some(front) = self.queue.front() else {
            return false;
        };
        match front.wire().map(|wire| &wire.operand) {
            // Until it has left, the server goes on with what came before.
            Some(Operand::Auth(..)) => self.transmit.has_sent(front.end),
            _ => front.verb() == Some(Verb::Auth),
        }
    }

    fn line_limit(&self) -> usize {
        let limits = &self.config.limits;
        if self.in_auth() {
            limits.challenge.max(limits.line)
        } else {
            limits.line
        }
    }

    fn on_line(&mut self, line: Bytes, bare_lf: bool) {
        let lenient = self.config.leniency == Leniency::Default;
        if line.is_empty() && lenient && !self.in_auth() && self.blank_lines < BLANK_LINES {
            self.blank_lines += 1;
            return self.events.push_back(Event::Quirk(Quirk::BlankLine));
        }
        self.blank_lines = 0;
        self.ended = None;
        self.lf_server.get_or_insert(bare_lf);
        let greets = self.state.phase() == Phase::Greeting;
        let sent = |front: &Entry| self.transmit.has_sent(front.end);
        // Only a command that left whole can have been answered.
        if !greets && !self.queue.front().is_some_and(sent) {
            return self.on_unsolicited(&line);
        }
        // A line that ends the connection is not a tolerated deviation.
        if bare_lf && lenient {
            self.note_bare_lf();
        }
        if greets {
            self.on_greeting(line, bare_lf);
        } else {
            self.on_status(line, bare_lf);
        }
    }

    /// Reports a line that ends in LF alone, once for each channel.
    fn note_bare_lf(&mut self) {
        if !core::mem::replace(&mut self.lf_reported, true) {
            self.events.push_back(Event::Quirk(Quirk::BareLineFeed));
        }
    }

    fn on_greeting(&mut self, line: Bytes, bare_lf: bool) {
        // Anything else ends the connection for a better reason.
        let accepted = matches!(indicator(&line), Some((true, _)));
        if accepted && bare_lf && self.config.leniency == Leniency::Strict {
            let (verb, got) = (None, ServerText::copy(&line));
            return self.fail(ProtocolError::BareLineFeed { verb, got }.into());
        }
        match StatusLine::read(line) {
            StatusLine::Ok(Status { text }) => {
                let text = text.detach();
                let challenge = apop::challenge(text.as_bytes()).map(|part| text.part(part));
                let greeting = Greeting { text, challenge };
                self.state.greeted(greeting.clone());
                self.events.push_back(Event::Greeting(greeting));
            }
            StatusLine::Err(text) => {
                let reply = ErrReply::read(text.as_bytes(), text.clone());
                self.fail(Closed::GreetingRefused(reply).into());
            }
            StatusLine::Other(got) => self.fail(ProtocolError::NotPop3 { got }.into()),
        }
    }

    /// A line that answers no command: an unsolicited `-ERR` before closing, or a loss of
    /// synchronization.
    fn on_unsolicited(&mut self, line: &Bytes) {
        let got = self.shown(line);
        self.fail(match self.read_status(line.clone()) {
            Answer::Err(reply) => Closed::UnsolicitedErr(reply).into(),
            Answer::Ok { .. } | Answer::Other(_) => ProtocolError::Unsolicited { got }.into(),
        });
    }

    /// A line as an error may show it.
    pub(super) fn shown(&self, line: &[u8]) -> ServerText {
        let redacted = self.redactor.line(line);
        redacted.map_or_else(|| ServerText::copy(line), ServerText::new)
    }

    /// Reads a status line, and redacts what it shows of the credentials that were sent.
    pub(super) fn read_status(&self, line: Bytes) -> Answer {
        let shown = self.redactor.line(&line).map(StatusLine::read);
        match (StatusLine::read(line), shown) {
            (StatusLine::Ok(status), shown) => {
                let shown = match shown {
                    Some(StatusLine::Ok(shown)) => shown,
                    _ => status.clone(),
                };
                Answer::Ok { status, shown }
            }
            (StatusLine::Err(text), shown) => Answer::Err(match shown {
                Some(StatusLine::Err(shown)) => ErrReply::read(text.as_bytes(), shown),
                _ => ErrReply::read(text.as_bytes(), text.clone()),
            }),
            (StatusLine::Other(_), Some(StatusLine::Other(got))) => Answer::Other(got),
            (StatusLine::Other(got), _) => Answer::Other(got),
        }
    }

    /// The status line of the reply to the request in front.
    fn on_status(&mut self, line: Bytes, bare_lf: bool) {
        let Some(wire) = self.queue.front().and_then(Entry::wire) else {
            return self.on_unsolicited(&line);
        };
        let (verb, number, shape) = (wire.verb, wire.number(), wire.shape);
        if bare_lf && self.config.leniency == Leniency::Strict {
            let (verb, got) = (Some(verb), self.shown(&line));
            return self.fail(ProtocolError::BareLineFeed { verb, got }.into());
        }
        // RFC 5034 section 4. Some servers leave the space out where the challenge is empty.
        if (verb == Verb::Auth || (verb == Verb::Pass && self.is_passed_on(&line)))
            && let Some(rest) = line.strip_prefix(b"+")
            && let [] | [b' ', ..] = rest
        {
            let challenge = line.slice(line.len().min(2)..);
            return self.step_exchange(Input::Challenge(challenge));
        }
        if matches!(
            self.queue.front(),
            Some(Entry {
                work: Work::Question(_),
                ..
            })
        ) {
            return self.on_answer(line);
        }
        let (status, shown) = match self.read_status(line) {
            Answer::Ok { status, shown } => (status, shown),
            Answer::Other(got) => {
                return self.fail(ProtocolError::BadStatus { verb, got }.into());
            }
            Answer::Err(reply) => {
                let refusal = self.refusal(verb, number, reply);
                let now = self.timers.last();
                self.end.last_err.answered(Some(&refusal), now);
                self.state.refused(&refusal);
                let result = single::read_refusal(refusal, self.state.capabilities());
                return self.complete(verb, false, result);
            }
        };
        match shape {
            Shape::Line => {
                let leniency = self.config.leniency;
                let read = single::read(verb, number, &status, shown, leniency);
                self.complete_with(verb, read);
            }
            Shape::Stream => {
                self.end.last_err.answered(None, self.timers.last());
                let measure = self.measure(&status);
                self.reading = Reading::Body(Body::new(self.line_ends(verb)), measure);
                self.tell_front(|id| Event::Reply {
                    id,
                    result: Ok(Reply::Opened(Opened {
                        number,
                        status: shown,
                    })),
                });
            }
            Shape::Lines => {
                let gathered = Gathered::new(verb, shown, &self.config);
                let body = Body::new(self.line_ends(verb));
                self.reading = Reading::Lines(body, gathered);
            }
        }
    }

    pub(super) fn refusal(
        &self,
        verb: Verb,
        number: Option<MessageNumber>,
        reply: ErrReply,
    ) -> Refusal {
        let is_delay = reply.code == Some(ResponseCode::LoginDelay);
        Refusal {
            verb,
            number,
            login_delay: self.state.login_delay().filter(|_| is_delay),
            code: reply.code,
            text: reply.text,
        }
    }

    /// Whether a line in reply to the `PASS` of a login is a challenge with content: a proxy forwards it
    /// from the server where it logs in by a token. Any other line with `+` is no reply to `PASS`.
    fn is_passed_on(&self, line: &[u8]) -> bool {
        let in_login = self.queue.front().and_then(Entry::exchange).is_some();
        in_login
            && line.strip_prefix(b"+ ").is_some_and(|challenge| {
                base64::decode(challenge).is_some_and(|said| !said.is_empty())
            })
    }

    /// Tells of the request in front, if anybody wants to know.
    fn tell_front(&mut self, event: impl FnOnce(crate::RequestId) -> Event) {
        if let Some(Entry {
            id: Some(id),
            abandoned: false,
            ..
        }) = self.queue.front()
        {
            self.events.push_back(event(*id));
        }
    }

    /// What ends a line of a multi-line reply that begins now.
    fn line_ends(&self, verb: Verb) -> LineEnds {
        match (self.lf_server, self.config.lf_dot, self.config.leniency) {
            (Some(true), ..) => LineEnds::LfServer,
            (_, LfDot::EndsReply, _) => LineEnds::Either,
            (_, LfDot::Auto, Leniency::Default) => LineEnds::Undecided,
            (_, LfDot::Auto, Leniency::Strict) if has_no_lf(verb) => LineEnds::Undecided,
            (_, LfDot::Auto, Leniency::Strict) => LineEnds::CrLf,
        }
    }

    /// The error for a reply whose first line ended in a bare LF, where that is not accepted.
    fn bare_lf_in(&self, body: &Body) -> Option<Error> {
        if !body.began_with_lf() || self.config.leniency != Leniency::Strict {
            return None;
        }
        let verb = self.queue.front().and_then(Entry::verb);
        let got = ServerText::default();
        Some(ProtocolError::BareLineFeed { verb, got }.into())
    }

    /// How many of the octets that a scan kept are passed on. After a first line that ends the connection,
    /// none: they may have been received with it or not.
    fn passed_on(&self, body: &Body, kept: usize) -> usize {
        if self.bare_lf_in(body).is_none() {
            return kept;
        }
        let octets = self.receive.octets().get(..kept).unwrap_or_default();
        memchr::memchr(b'\n', octets).map_or(kept, |lf| lf + 1)
    }

    /// Measures the body in front against the sizes that the server states for it.
    fn measure(&self, status: &Status) -> Measure {
        match self.queue.front() {
            Some(front) if !front.abandoned && front.verb() == Some(Verb::Retr) => {
                // The listing may have come when the command had left.
                let server = &self.state.server;
                let late = || front.wire().and_then(|wire| server.listed_octets(wire));
                let listed = front.listed.or_else(late);
                Measure::new(listed, stated_octets(status.text.as_bytes()))
            }
            _ => Measure::default(),
        }
    }

    fn parse_body(&mut self, mut body: Body, mut measure: Measure) -> bool {
        let scan = body.scan(self.receive.octets_mut());
        let kept = self.passed_on(&body, scan.kept);
        if kept > 0 {
            let chunk = self.receive.take(kept);
            measure.count(&chunk);
            self.tell_front(|id| Event::Body { id, chunk });
        }
        self.receive.skip(scan.consumed - kept);
        if self.queue.front().and_then(Entry::verb) == Some(Verb::Retr) {
            self.state.retrieved(scan.kept as u64, scan.ended);
        }
        if let Some(error) = self.fault(&body, scan.ended) {
            self.reading = Reading::Body(body, measure);
            self.fail(error);
            return true;
        }
        if scan.ended {
            self.tell_front(|id| Event::BodyEnd {
                id,
                result: Ok(measure.finish()),
            });
            self.pop_answered();
            self.timers.operation(self.queue.in_flight() > 0);
        } else {
            self.reading = Reading::Body(body, measure);
        }
        scan.consumed > 0
    }

    fn parse_lines(&mut self, mut body: Body, mut gathered: Gathered) -> bool {
        let scan = body.scan(self.receive.octets_mut());
        let kept = self.passed_on(&body, scan.kept);
        let chunk = self.receive.octets().get(..kept).unwrap_or_default();
        if let Err(over) = gathered.push(chunk, &self.config.limits) {
            self.fail(over.into());
            return true;
        }
        self.receive.skip(scan.consumed);
        if let Some(error) = self.fault(&body, scan.ended) {
            self.fail(error);
            return true;
        }
        if scan.ended {
            if let Some(verb) = self.queue.front().and_then(Entry::verb) {
                let read = gathered.read(verb, &self.state, &self.config);
                self.complete_with(verb, read);
            }
        } else {
            self.reading = Reading::Lines(body, gathered);
        }
        scan.consumed > 0
    }

    /// Why the multi-line reply in front fails though its octets were read. At its end, what follows it
    /// decides; reports the line ends of a reply that is complete.
    fn fault(&mut self, body: &Body, ended: bool) -> Option<Error> {
        if let Some(error) = self.bare_lf_in(body) {
            return Some(error);
        }
        if !ended {
            return None;
        }
        if body.began_with_lf() {
            self.note_bare_lf();
        }
        let ended = Ended::new(self.queue.front()?.wire()?);
        let surplus = self.surplus(ended, self.queue.second());
        self.ended = Some(ended);
        surplus
    }

    /// The request in front has its `+OK`, and this was read from it.
    fn complete_with(&mut self, verb: Verb, read: Result<(Reply, Quirks), ProtocolError>) {
        let result = match read.map_err(|error| Error::from(error.redacted(&self.redactor))) {
            Ok((reply, quirks)) => {
                self.events.extend(quirks.into_iter().map(Event::Quirk));
                Ok(reply)
            }
            Err(error) if error.is_fatal() => return self.fail(error),
            Err(error) => Err(error),
        };
        self.end.last_err.answered(None, self.timers.last());
        self.state.accepted(verb);
        if let Ok(reply) = &result {
            let wire = self.queue.front().and_then(Entry::wire);
            self.state.learn(verb, wire.and_then(Wire::number), reply);
        }
        self.complete(verb, true, result);
    }

    /// The request in front has its reply: `ok` if it began with `+OK`.
    fn complete(&mut self, verb: Verb, ok: bool, result: Result<Reply, Error>) {
        if verb == Verb::Stls && ok {
            if !self.receive.is_empty() {
                return self.fail(SecurityError::ResponseInjection.into());
            }
            // Nothing leaves any more: there is no handshake to begin.
            if let Some(cause) = self.end.write_failed.take() {
                return self.fail(cause.into());
            }
        }
        if matches!(
            self.queue.front(),
            Some(Entry {
                work: Work::Several { .. },
                ..
            })
        ) {
            self.step_exchange(Input::Reply(result));
        } else {
            self.settle(result);
        }
        if verb == Verb::Quit {
            self.finish(Ok(()));
        }
    }
}

/// Whether the lines of a reply to this command never contain a bare LF, as those of messages may.
fn has_no_lf(verb: Verb) -> bool {
    matches!(verb, Verb::Capa | Verb::List | Verb::Uidl)
}

/// Whether octets are the beginning of a TLS record, of any type and version.
fn is_tls_record(octets: &[u8]) -> bool {
    matches!(octets, [0x14..=0x17, 0x03, ..])
}
