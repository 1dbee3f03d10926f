//! Replies: framing, matching with requests, and what is learnt from them.

use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

use super::body::{Body, LineEnds};
use super::{Connection, End, Event, Greeting, Knowledge};
use crate::apop;
use crate::capability::Capabilities;
use crate::command::{Operand, Shape, Verb, Wire};
use crate::config::Leniency;
use crate::error::{Closed, Error, LimitError, Limited, ProtocolError, Refusal, SecurityError};
use crate::exchange::Input;
use crate::listing::{Entry as _, Gather, Rules, leading_number, size, trimmed, without_line_end};
use crate::phase::Phase;
use crate::quirk::Quirk;
use crate::reply::{DropListing, Lines, Opened, QuitOutcome, Reply, ScanEntry, UidEntry};
use crate::secret::redact;
use crate::status::{ResponseCode, Status, StatusLine};
use crate::text::ServerText;
use crate::types::{MessageNumber, UniqueId};

/// How many blank lines before a status line are borne.
const BLANK_LINES: u8 = 8;

/// What the next octets are part of.
#[derive(Debug)]
pub(super) enum Reading {
    /// A status line.
    Line,
    /// A multi-line reply that is handed on as it comes.
    Body(Body),
    /// A multi-line reply that is gathered.
    Lines(Body, Gathered),
}

/// A multi-line reply so far.
#[derive(Debug)]
pub(super) enum Gathered {
    Capabilities { octets: BytesMut, lines: usize },
    Sizes(Gather<ScanEntry>),
    UniqueIds(Gather<UidEntry>),
    Raw { status: Status, octets: BytesMut },
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
            Reading::Body(body) => self.parse_body(body),
            Reading::Lines(body, gathered) => self.parse_lines(body, gathered),
        }
    }

    fn parse_line(&mut self) -> bool {
        if self.phase == Phase::Greeting && is_tls_record(self.receive.octets()) {
            self.fail(ProtocolError::TlsRecord.into());
            return true;
        }
        let limit = self.config.limits.line;
        let line = self.receive.line(self.config.leniency);
        let length = match &line {
            Some((line, _)) => line.len(),
            None => without_line_end(self.receive.octets()).len(),
        };
        if length > limit {
            self.fail(
                LimitError {
                    what: Limited::Line,
                    limit,
                }
                .into(),
            );
            return true;
        }
        let Some((line, bare)) = line else {
            return false;
        };
        self.on_line(line, bare);
        true
    }

    fn on_line(&mut self, line: Bytes, bare: bool) {
        let lenient = self.config.leniency == Leniency::Default;
        if line.is_empty() && lenient && self.link.blank_lines < BLANK_LINES {
            self.link.blank_lines += 1;
            return self.events.push_back(Event::Quirk(Quirk::BlankLine));
        }
        self.link.blank_lines = 0;
        if self.link.line_ends.is_none() {
            self.link.line_ends = Some(match (lenient, bare) {
                (false, _) => LineEnds::Strict,
                (true, false) => LineEnds::Adaptive,
                (true, true) => {
                    self.events.push_back(Event::Quirk(Quirk::BareLineFeed));
                    LineEnds::BareLf
                }
            });
        }
        if self.phase == Phase::Greeting {
            return self.on_greeting(line);
        }
        match self.queue.front() {
            // Only a command that left whole can have been answered.
            Some(front) if self.transmit.has_sent(front.end) => self.on_status(line),
            _ => self.on_unsolicited(line),
        }
    }

    /// The line without the secret of the command that it answers.
    fn redacted(&self, line: Bytes) -> Bytes {
        match self.queue.front().and_then(super::Entry::wire) {
            Some(Wire {
                operand: Operand::Secret(secret),
                ..
            }) => redact(line, secret.expose()),
            Some(Wire {
                operand: Operand::Apop(_, secret),
                ..
            }) => {
                let challenge = self.knowledge.challenge.as_deref().unwrap_or_default();
                let digest = Zeroizing::new(apop::digest(challenge, secret.expose()));
                redact(redact(line, secret.expose()), digest.as_slice())
            }
            _ => line,
        }
    }

    fn on_greeting(&mut self, line: Bytes) {
        match StatusLine::read(line) {
            StatusLine::Ok(Status { text }) => {
                self.phase = self.phase.greeted();
                self.knowledge.challenge = apop::challenge(text.as_bytes());
                let greeting = Greeting {
                    text,
                    apop: self.knowledge.challenge.is_some(),
                };
                self.knowledge.greeting = Some(greeting.clone());
                self.events.push_back(Event::Greeting(greeting));
            }
            StatusLine::Err(text) => self.fail(Closed::GreetingRefused(text).into()),
            StatusLine::Other(got) => self.fail(ProtocolError::NotPop3 { got }.into()),
        }
    }

    /// A line that answers nothing: a parting `-ERR`, or the loss of step.
    fn on_unsolicited(&mut self, line: Bytes) {
        let line = self.redacted(line);
        let got = ServerText::excerpt(&line);
        self.fail(match StatusLine::read(line) {
            StatusLine::Err(text) => Closed::Parting(text).into(),
            StatusLine::Ok(_) | StatusLine::Other(_) => ProtocolError::Unsolicited { got }.into(),
        });
    }

    /// The status line of the reply to the request in front.
    fn on_status(&mut self, line: Bytes) {
        let Some(wire) = self.queue.front().and_then(super::Entry::wire) else {
            return self.on_unsolicited(line);
        };
        let (verb, number, shape) = (wire.verb, wire.number(), wire.shape);
        let echo = verb.row().sensitive.then(|| line.clone());
        let mut status = StatusLine::read(line);
        // What is not good becomes an error, and errors are logged.
        if let (Some(line), StatusLine::Err(_) | StatusLine::Other(_)) = (echo, &status) {
            status = StatusLine::read(self.redacted(line));
        }
        match status {
            StatusLine::Other(got) => self.fail(ProtocolError::BadStatus { verb, got }.into()),
            StatusLine::Err(text) => {
                let code = ResponseCode::read(text.as_bytes());
                self.complete(
                    verb,
                    Err(Refusal {
                        verb,
                        number,
                        code,
                        text,
                    }
                    .into()),
                );
            }
            StatusLine::Ok(status) => match shape {
                Shape::Line => {
                    let result = self.read_one(verb, number, status);
                    self.complete(verb, result);
                }
                Shape::Stream => {
                    self.reading = Reading::Body(Body::new());
                    self.tell_front(|id| Event::Reply {
                        id,
                        result: Ok(Reply::Opened(Opened { number, status })),
                    });
                }
                Shape::Lines => {
                    let gathered = self.gather(verb, status);
                    self.reading = Reading::Lines(Body::new(), gathered);
                }
            },
        }
    }

    /// Tells of the request in front, if anybody wants to know.
    fn tell_front(&mut self, event: impl FnOnce(crate::RequestId) -> Event) {
        if let Some(super::Entry {
            id: Some(id),
            abandoned: false,
            ..
        }) = self.queue.front()
        {
            self.events.push_back(event(*id));
        }
    }

    fn parse_body(&mut self, mut body: Body) -> bool {
        let ends = self.link.line_ends.unwrap_or(LineEnds::Adaptive);
        let scan = body.scan(self.receive.octets_mut(), ends);
        if scan.kept > 0 {
            let chunk = self.receive.take(scan.kept);
            self.tell_front(|id| Event::Body { id, chunk });
        }
        self.receive.skip(scan.consumed - scan.kept);
        if scan.ended {
            self.tell_front(|id| Event::BodyEnd { id, result: Ok(()) });
            self.queue.pop();
            self.timers.operation(self.queue.in_flight() > 0);
        } else {
            self.reading = Reading::Body(body);
        }
        scan.consumed > 0
    }

    fn parse_lines(&mut self, mut body: Body, mut gathered: Gathered) -> bool {
        let ends = self.link.line_ends.unwrap_or(LineEnds::Adaptive);
        let scan = body.scan(self.receive.octets_mut(), ends);
        let chunk = self.receive.octets().get(..scan.kept).unwrap_or_default();
        if let Err(over) = gathered.push(chunk, &self.config.limits) {
            self.fail(over.into());
            return true;
        }
        self.receive.skip(scan.consumed);
        if scan.ended {
            if let Some(verb) = self.queue.front().and_then(super::Entry::verb) {
                let result = self.read_gathered(verb, gathered);
                self.complete(verb, result);
            }
        } else {
            self.reading = Reading::Lines(body, gathered);
        }
        scan.consumed > 0
    }

    /// The request in front has its reply.
    fn complete(&mut self, verb: Verb, mut result: Result<Reply, Error>) {
        if self.end.outcome.is_some() {
            return;
        }
        // A malformed value stands in a `+OK` all the same.
        let ok = !matches!(result, Err(Error::Refused(_)));
        self.phase = self.phase.after(verb, ok);
        self.knowledge.learn(verb, ok, &mut result);
        if verb == Verb::Stls && ok && !self.receive.is_empty() {
            return self.fail(SecurityError::ResponseInjection.into());
        }
        if matches!(
            self.queue.front(),
            Some(super::Entry {
                work: super::queue::Work::Several { .. },
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

    /// Reads the value in a reply of one line.
    fn read_one(
        &mut self,
        verb: Verb,
        number: Option<MessageNumber>,
        status: Status,
    ) -> Result<Reply, Error> {
        let text = trimmed(status.text.as_bytes());
        let malformed = |what| {
            Err(ProtocolError::Malformed {
                verb,
                what,
                got: ServerText::excerpt(text),
            }
            .into())
        };
        let leniency = self.config.leniency;
        match (verb, number) {
            (Verb::Quit, _) => Ok(Reply::Quit(QuitOutcome::Committed)),
            (Verb::Stat, _) => {
                let (messages, rest) = match crate::listing::digits(text) {
                    Some((Some(messages), rest)) => (u32::try_from(messages), trimmed(rest)),
                    _ => return malformed("no number of messages"),
                };
                let Ok(messages) = messages else {
                    return malformed("a number of messages of more than 32 bits");
                };
                match (size(rest), leniency) {
                    (Err(what), _) => malformed(what),
                    (Ok(None), Leniency::Strict) => malformed("no size"),
                    (Ok(octets), _) => {
                        if octets.is_none() {
                            self.events.push_back(Event::Quirk(Quirk::MissingSize));
                        }
                        Ok(Reply::Stat(DropListing::new(messages, octets)))
                    }
                }
            }
            (Verb::List | Verb::Uidl, Some(asked)) => {
                let lenient = leniency == Leniency::Default;
                let one_word = !text.is_empty() && !text.contains(&b' ');
                let value = match leading_number(text) {
                    Some((number, rest)) if number == asked => rest,
                    None if one_word && lenient && verb == Verb::Uidl => text,
                    Some(_) if one_word && lenient => text,
                    Some(_) => {
                        let got = ServerText::excerpt(text);
                        let error: Error =
                            ProtocolError::NumberMismatch { verb, asked, got }.into();
                        self.fail(error.clone());
                        return Err(error);
                    }
                    None => return malformed("no message number"),
                };
                if value.len() == text.len() {
                    self.events.push_back(Event::Quirk(Quirk::MissingNumber));
                }
                let checked = if verb == Verb::List {
                    ScanEntry::check(value, leniency)
                } else {
                    UidEntry::check(value, leniency)
                };
                match checked {
                    Err(what) => return malformed(what),
                    Ok(quirk) => self.events.extend(quirk.map(Event::Quirk)),
                }
                Ok(if verb == Verb::List {
                    Reply::Size(ScanEntry {
                        number: asked,
                        octets: size(value).ok().flatten(),
                    })
                } else {
                    let unique_id = UniqueId::new(Bytes::copy_from_slice(value));
                    let unique_id = (!value.is_empty()).then_some(unique_id);
                    Reply::UniqueId(UidEntry {
                        number: asked,
                        unique_id,
                    })
                })
            }
            _ => Ok(Reply::Status(status)),
        }
    }

    fn gather(&self, verb: Verb, status: Status) -> Gathered {
        let limits = &self.config.limits;
        let rules = Rules {
            leniency: self.config.leniency,
            entries: limits.listing_entries,
            line: limits.listing_line,
            octets: limits.listing_octets,
        };
        match verb {
            Verb::Capa => Gathered::Capabilities {
                octets: BytesMut::new(),
                lines: 0,
            },
            Verb::List => Gathered::Sizes(Gather::new(rules)),
            Verb::Uidl => Gathered::UniqueIds(Gather::new(rules)),
            _ => Gathered::Raw {
                status,
                octets: BytesMut::new(),
            },
        }
    }

    /// Reads a multi-line reply that is complete.
    fn read_gathered(&mut self, verb: Verb, gathered: Gathered) -> Result<Reply, Error> {
        let after_dele = self.knowledge.deleted;
        let listing = match gathered {
            Gathered::Capabilities { octets, .. } => {
                let capabilities = Capabilities::new(octets.freeze(), self.config.leniency);
                return Ok(Reply::Capabilities(Some(capabilities)));
            }
            Gathered::Raw { status, octets } => {
                return Ok(Reply::Lines(Lines {
                    status,
                    octets: octets.freeze(),
                }));
            }
            Gathered::Sizes(gather) => gather
                .finish(after_dele)
                .map(|(sizes, quirks)| (Reply::Sizes(sizes), quirks)),
            Gathered::UniqueIds(gather) => gather
                .finish(after_dele)
                .map(|(ids, quirks)| (Reply::UniqueIds(ids), quirks)),
        };
        match listing {
            Ok((reply, quirks)) => {
                self.events.extend(quirks.into_iter().map(Event::Quirk));
                Ok(reply)
            }
            Err((what, line)) => Err(ProtocolError::Malformed {
                verb,
                what,
                got: ServerText::excerpt(&line),
            }
            .into()),
        }
    }

    /// If no octet comes any more, says how that ends the connection.
    fn conclude(&mut self) {
        let End {
            input_over: Some(cause),
            write_failed,
            ..
        } = &mut self.end
        else {
            return;
        };
        if let Some(cause) = cause.take().or(write_failed.take()) {
            return self.fail(cause.into());
        }
        let outstanding = self.queue.in_flight();
        let verb = self.queue.front().and_then(super::Entry::verb);
        let in_reply = !self.receive.is_empty() || !matches!(self.reading, Reading::Line);
        self.fail(
            match verb {
                _ if self.phase == Phase::Greeting => Closed::NoGreeting,
                Some(verb) if in_reply => Closed::Truncated { verb, outstanding },
                Some(verb) => Closed::Unanswered { verb, outstanding },
                None => Closed::Idle,
            }
            .into(),
        );
    }
}

impl Gathered {
    fn push(&mut self, chunk: &[u8], limits: &crate::Limits) -> Result<(), LimitError> {
        let within = |octets: &mut BytesMut, limit| {
            if octets.len() + chunk.len() > limit {
                return Err(LimitError {
                    what: Limited::Octets,
                    limit,
                });
            }
            octets.extend_from_slice(chunk);
            Ok(())
        };
        match self {
            Self::Sizes(gather) => gather.push(chunk),
            Self::UniqueIds(gather) => gather.push(chunk),
            Self::Raw { octets, .. } => within(octets, limits.listing_octets),
            Self::Capabilities { octets, lines } => {
                *lines += memchr::memchr_iter(b'\n', chunk).count();
                let limit = limits.capability_lines;
                if *lines > limit {
                    return Err(LimitError {
                        what: Limited::Lines,
                        limit,
                    });
                }
                within(octets, limits.capability_octets)
            }
        }
    }
}

impl Knowledge {
    /// Remembers what a reply tells about the server.
    fn learn(&mut self, verb: Verb, ok: bool, result: &mut Result<Reply, Error>) {
        if verb != Verb::Capa {
            self.user_accepted = verb == Verb::User && ok;
        }
        match (verb, &*result) {
            (Verb::Capa, Ok(Reply::Capabilities(Some(capabilities)))) => {
                self.capa_answered = true;
                self.pipelining |= capabilities.pipelining();
                self.capabilities = Some(capabilities.clone());
            }
            // "I do not say" takes nothing back that was said.
            (Verb::Capa, _) => {
                self.capa_answered = true;
                *result = Ok(Reply::Capabilities(self.capabilities.clone()));
            }
            (Verb::Quit, Err(Error::Refused(refusal))) => {
                *result = Ok(Reply::Quit(QuitOutcome::Refused(refusal.text.clone())));
            }
            (Verb::Stat, Ok(Reply::Stat(stat))) => self.stat = Some(*stat),
            (Verb::List, Ok(Reply::Sizes(sizes))) => self.sizes = Some(sizes.clone()),
            (Verb::Dele, Ok(_)) => self.deleted = true,
            (Verb::Rset, Ok(_)) => self.deleted = false,
            _ => {}
        }
    }
}

/// Whether octets are the beginning of a TLS record, of any type and version.
fn is_tls_record(octets: &[u8]) -> bool {
    matches!(octets, [0x14..=0x17, 0x03, ..])
}
