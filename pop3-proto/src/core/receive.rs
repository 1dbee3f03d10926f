//! Replies: matching frames with the requests that they answer.
//!
//! Called by `advance.rs` with one frame at a time. If an error is returned, the connection ends.

use bytes::Bytes;

use super::inbound::{Origin, Then};
use super::multiline::Multiline;
use super::request::PendingRequest;
use super::{Core, status_values};
use crate::apop;
use crate::base64;
use crate::command_line::{CommandLine, Line};
use crate::command_table::Shape;
use crate::config::Leniency;
use crate::error::{Closed, Error, ProtocolError, SecurityError};
use crate::event::Event;
use crate::exchange::Input;
use crate::listing::Quirks;
use crate::phase::Phase;
use crate::quirk::Quirk;
use crate::received::{Measure, stated_octets};
use crate::refusal::Refusal;
use crate::reply::Greeting;
use crate::reply::{BodyHead, Reply};
use crate::status::{ErrReply, ResponseCode, Status, StatusLine, indicator};
use crate::text::ServerText;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// A parsed status line.
pub(super) enum Answer {
    /// `+OK`. `status` is unchanged, for parsing. `shown` is redacted, for replies and errors.
    Ok {
        status: Status,
        shown: Status,
    },
    Err(ErrReply),
    /// Neither `+OK` nor `-ERR`.
    Other(ServerText),
}

/// The multi-line reply to the front request, while it is being received.
#[derive(Debug)]
pub(super) enum Partial {
    /// It is streamed to the application.
    Stream(Measure),
    /// It is collected until it is complete.
    Lines(Multiline),
}

impl Core {
    pub(super) fn on_line(&mut self, line: Bytes, bare_lf: bool) -> Result<(), Error> {
        self.observe_line(&line, bare_lf);
        let greets = self.state.phase() == Phase::Greeting;
        if !greets && !self.outbound.is_front_sent() {
            return Err(self.unsolicited(line));
        }
        // Report the bare LF only now. A line that has ended the connection is not a tolerated
        // deviation.
        if bare_lf && self.config.leniency == Leniency::Lenient {
            self.report_bare_lf();
        }
        if greets {
            self.on_greeting(line, bare_lf)
        } else {
            self.on_status(line, bare_lf)
        }
    }

    /// Reports a line that ends in a bare LF, once for each channel.
    fn report_bare_lf(&mut self) {
        if self.inbound.note_bare_lf() {
            self.events.push_back(Event::Quirk(Quirk::BareLineFeed));
        }
    }

    fn on_greeting(&mut self, line: Bytes, bare_lf: bool) -> Result<(), Error> {
        // If the greeting is not `+OK`, the connection ends with another error, which is more
        // useful.
        let accepted = matches!(indicator(&line), Some((true, _)));
        if accepted && bare_lf && self.config.leniency == Leniency::Strict {
            let (verb, got) = (None, ServerText::copy(&line));
            return Err(ProtocolError::BareLineFeed { verb, got }.into());
        }
        match StatusLine::read(line) {
            StatusLine::Ok(Status { text }) => {
                let text = text.detach();
                let challenge = apop::challenge(text.as_bytes()).map(|part| text.part(part));
                let greeting = Greeting { text, challenge };
                self.state.greeted(greeting.clone());
                self.events.push_back(Event::Greeting(greeting));
                Ok(())
            }
            StatusLine::Err(text) => {
                let reply = ErrReply::read(text.as_bytes(), text.clone());
                Err(Closed::GreetingRefused(reply).into())
            }
            StatusLine::Other(got) => Err(ProtocolError::NotPop3 { got }.into()),
        }
    }

    /// Returns the error for a line that answers no command: an unsolicited `-ERR` before closing,
    /// or a loss of synchronization.
    fn unsolicited(&self, line: Bytes) -> Error {
        let got = self.shown(&line);
        match self.read_status(line) {
            Answer::Err(reply) => Closed::UnsolicitedErr(reply).into(),
            Answer::Ok { .. } | Answer::Other(_) => ProtocolError::Unsolicited { got }.into(),
        }
    }

    /// Returns a line in the form that an error may show, with redaction.
    pub(super) fn shown(&self, line: &[u8]) -> ServerText {
        let redacted = self.redactor.line(line);
        redacted.map_or_else(|| ServerText::copy(line), ServerText::new)
    }

    /// Reads a status line, and redacts the credentials in it that were sent.
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

    /// Handles the status line of the reply to the front request.
    fn on_status(&mut self, line: Bytes, bare_lf: bool) -> Result<(), Error> {
        let Some(sent) = self.outbound.front().and_then(PendingRequest::line) else {
            return Err(self.unsolicited(line));
        };
        let (verb, number, shape) = (sent.verb(), sent.number(), sent.shape());
        if bare_lf && self.config.leniency == Leniency::Strict {
            let (verb, got) = (Some(verb), self.shown(&line));
            return Err(ProtocolError::BareLineFeed { verb, got }.into());
        }
        // A challenge begins with `+` and a space (RFC 5034 section 4). Some servers omit the space
        // if the challenge is empty.
        if (verb == Verb::Auth || (verb == Verb::Pass && self.is_passed_on(&line)))
            && let Some(rest) = line.strip_prefix(b"+")
            && let [] | [b' ', ..] = rest
        {
            let challenge = line.slice(line.len().min(2)..);
            return self.step_exchange(Input::Challenge(challenge));
        }
        if self
            .outbound
            .front()
            .is_some_and(PendingRequest::is_question)
        {
            return self.on_answer(line);
        }
        match self.read_status(line) {
            Answer::Err(reply) => self.refused(self.refusal(verb, number, reply)),
            Answer::Other(got) => Err(ProtocolError::bad_status(verb, got).into()),
            Answer::Ok { status, shown } => match shape {
                Shape::Line => {
                    let leniency = self.config.leniency;
                    let read = status_values::read(verb, number, &status, shown, leniency);
                    self.accepted(verb, number, read)
                }
                Shape::Stream | Shape::Lines | Shape::SalvagedLines => {
                    self.inbound.begin_body(Origin { verb, number });
                    if shape == Shape::Stream {
                        self.open_stream(number, &status, shown);
                    } else {
                        let lines = Multiline::new(verb, shape, shown, &self.config);
                        self.partial = Some(Partial::Lines(lines));
                    }
                    Ok(())
                }
            },
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

    /// Returns whether the reply to the `PASS` of a login is a challenge with content. A proxy that
    /// logs in to another server with a token forwards such a challenge. Any other line with `+` is
    /// not a reply to `PASS`.
    fn is_passed_on(&self, line: &[u8]) -> bool {
        let in_login = self
            .outbound
            .front()
            .and_then(PendingRequest::exchange)
            .is_some();
        in_login
            && line.strip_prefix(b"+ ").is_some_and(|challenge| {
                base64::decode(challenge).is_some_and(|said| !said.is_empty())
            })
    }

    /// Emits an event about the front request, unless it was abandoned or queued by the connection
    /// itself.
    fn emit(&mut self, event: impl FnOnce(crate::ticket::RequestId) -> Event) {
        if let Some(PendingRequest {
            id: Some(id),
            abandoned: false,
            ..
        }) = self.outbound.front()
        {
            self.events.push_back(event(*id));
        }
    }

    /// Begins a streamed reply.
    fn open_stream(&mut self, number: Option<MessageNumber>, status: &Status, shown: Status) {
        self.end.last_err.answered(None, self.timers.last());
        let verb = self.outbound.front().and_then(PendingRequest::verb);
        if matches!(verb, Some(Verb::Retr | Verb::Top)) {
            self.state.message_begins();
        }
        self.partial = Some(Partial::Stream(self.measure(status)));
        let head = BodyHead {
            number,
            status: shown,
        };
        self.emit(|id| Event::Reply {
            id,
            result: Ok(Reply::BodyHead(head)),
        });
    }

    /// Creates the [`Measure`] of the front request's message, with the sizes that the server
    /// stated for it.
    fn measure(&self, status: &Status) -> Measure {
        let Some(front) = self.outbound.front() else {
            return Measure::default();
        };
        match front.verb() {
            Some(Verb::Retr) => {
                // The listing may have been received after the command was sent.
                let command = front.command();
                let late = || command.and_then(|command| self.state.listed_octets(command));
                let listed = front.listed.or_else(late);
                Measure::new(listed, stated_octets(status.text.as_bytes())).searching()
            }
            Some(Verb::Top) => Measure::default().searching(),
            _ => Measure::default(),
        }
    }

    /// Handles a part of the multi-line reply to the front request.
    pub(super) fn on_chunk(&mut self, octets: Bytes, then: Then) -> Result<(), Error> {
        self.observe_chunk(&octets);
        let verb = self.outbound.front().and_then(PendingRequest::verb);
        if verb == Some(Verb::Retr) {
            let ended = matches!(then, Then::End { .. });
            self.state.retrieved(octets.len() as u64, ended);
        }
        match &mut self.partial {
            Some(Partial::Lines(lines)) => lines.push(&octets, &self.config.limits)?,
            Some(Partial::Stream(measure)) if !octets.is_empty() => {
                measure.count(&octets);
                self.counters.sum.body_octets += octets.len() as u64;
                self.emit(|id| Event::Body { id, chunk: octets });
            }
            Some(Partial::Stream(_)) | None => {}
        }
        match then {
            Then::More => Ok(()),
            Then::BareLf => {
                let got = ServerText::default();
                Err(ProtocolError::BareLineFeed { verb, got }.into())
            }
            Then::End { bare_lf } => {
                self.observe_end_of_lines();
                if bare_lf {
                    self.report_bare_lf();
                }
                self.on_body_end()
            }
        }
    }

    /// Handles the end of the multi-line reply to the front request. The octets after it decide
    /// whether it is complete.
    fn on_body_end(&mut self) -> Result<(), Error> {
        if let Some(error) = self.surplus_error(self.outbound.is_second_sent()) {
            return Err(error);
        }
        match self.partial.take() {
            Some(Partial::Stream(measure)) => {
                let command = self.outbound.front().and_then(PendingRequest::command);
                let number = command.and_then(CommandLine::number);
                if let Some(number) = number.filter(|_| measure.is_doubtful()) {
                    self.state.doubts(number);
                }
                let is_message =
                    command.is_some_and(|it| matches!(it.verb, Verb::Retr | Verb::Top));
                self.counters.sum.messages += u64::from(is_message);
                self.observe_answered(&Ok(()));
                self.emit(|id| Event::BodyEnd {
                    id,
                    result: Ok(measure.finish()),
                });
                self.pop_answered();
                Ok(())
            }
            Some(Partial::Lines(lines)) => {
                let Some(sent) = self.outbound.front().and_then(PendingRequest::line) else {
                    return Ok(());
                };
                let (verb, number) = (sent.verb(), sent.number());
                let read = lines.read(verb, &self.state, &self.config);
                self.accepted(verb, number, read)
            }
            None => Ok(()),
        }
    }

    /// Handles the refusal of the front command.
    fn refused(&mut self, refusal: Refusal) -> Result<(), Error> {
        let now = self.timers.last();
        self.end.last_err.answered(Some(&refusal), now);
        self.state.refused(&refusal);
        let verb = refusal.verb;
        let result = status_values::read_refusal(refusal, self.state.capabilities());
        self.answered(verb, result)
    }

    /// Handles the acceptance of the front command, with the values of the reply.
    fn accepted(
        &mut self,
        verb: Verb,
        number: Option<MessageNumber>,
        read: Result<(Reply, Quirks), ProtocolError>,
    ) -> Result<(), Error> {
        let result = match read.map_err(|error| Error::from(error.redacted(&self.redactor))) {
            Ok((reply, quirks)) => {
                self.events.extend(quirks.into_iter().map(Event::Quirk));
                Ok(reply)
            }
            Err(error) if error.is_fatal() => return Err(error),
            // The command succeeded, although the value in the reply is malformed.
            Err(error) => Err(error),
        };
        self.end.last_err.answered(None, self.timers.last());
        self.state.accepted(verb);
        if let Some(Line::Command(command)) = self.outbound.front().and_then(PendingRequest::line)
            && command.shape == Shape::Line
        {
            self.state.line_accepted(command);
        }
        if let Ok(reply) = &result {
            self.state.learn(verb, number, reply);
        }
        if verb == Verb::Stls {
            if !self.inbound.is_empty() {
                return Err(SecurityError::ResponseInjection.into());
            }
            // Nothing can be sent any more, so a handshake is impossible.
            if let Some(cause) = self.end.write_failed.take() {
                return Err(cause.into());
            }
        }
        self.answered(verb, result)
    }

    /// Passes the reply to the front command to the exchange that waits for it, or reports it.
    fn answered(&mut self, verb: Verb, result: Result<Reply, Error>) -> Result<(), Error> {
        self.observe_answered(&result);
        if self
            .outbound
            .front()
            .and_then(PendingRequest::exchange)
            .is_some()
        {
            self.step_exchange(Input::Reply(result))?;
        } else {
            self.finish_request(result);
        }
        if verb == Verb::Quit {
            self.close(Ok(()));
        }
        Ok(())
    }
}
