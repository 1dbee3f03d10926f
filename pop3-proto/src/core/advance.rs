//! The loop that advances a connection: read a frame, match it with a request, do a step, send.
//!
//! Every public method that changes state calls [`Core::advance`] last. A step that must end the
//! connection returns an error to it, and the loop closes the connection.

use super::Core;
use super::inbound::{Expected, Frame, Origin};
use crate::command_line::Line;
use crate::error::{Error, ProtocolError};
use crate::event::Event;
use crate::exchange::Input;
use crate::phase::Phase;
use crate::quirk::Quirk;
use crate::verb::Verb;

/// The next step of the session.
enum Next {
    Read(Frame),
    Send,
    Fail(Error),
}

impl Core {
    /// Reads buffered frames until one causes an event or none is complete, then sends. Does not
    /// wait for octets or for time.
    pub(super) fn advance(&mut self) {
        while self.events.is_empty() && self.end.outcome.is_none() {
            let result = match self.next() {
                Next::Read(frame) => {
                    #[cfg(feature = "record")]
                    self.record_frame(&frame);
                    self.on_frame(frame)
                }
                Next::Fail(error) => Err(error),
                Next::Send => match self.send() {
                    Ok(()) => return,
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = result {
                self.close(Err(error));
            }
        }
        self.report_end();
    }

    fn next(&mut self) -> Next {
        if let Some(error) = self.abort_error() {
            // An exchange is being aborted, so octets from the server have no effect.
            return if self.outbound.is_front_sent() || self.end.write_failed.is_some() {
                Next::Fail(error.clone())
            } else {
                Next::Send
            };
        }
        // During a handshake nothing is read, but the end of the stream still ends the connection.
        if !self.wants_tls() {
            if let Some(error) = self.surplus_error(self.outbound.is_front_sent()) {
                return Next::Fail(error);
            }
            let expected = self.expected();
            if let Some(frame) = self.inbound.next(expected) {
                return Next::Read(frame);
            }
        }
        self.end_of_input().map_or(Next::Send, Next::Fail)
    }

    fn expected(&self) -> Expected {
        if self.state.phase() == Phase::Greeting {
            Expected::Greeting
        } else if self.in_auth() {
            Expected::Challenge
        } else {
            Expected::Status
        }
    }

    /// Returns whether the next line from the server answers `AUTH` or a response.
    fn in_auth(&self) -> bool {
        let Some(front) = self.outbound.front() else {
            return false;
        };
        match front.line() {
            // Before `AUTH` is sent, the server still answers the commands before it.
            Some(Line::Command(command)) => {
                command.verb == Verb::Auth && self.outbound.is_front_sent()
            }
            Some(Line::Response(response)) => response.to == Verb::Auth,
            None => front.is_computing(),
        }
    }

    /// Returns an error if the received octets cannot follow the multi-line reply that has just
    /// ended. `awaited` is whether another command that was sent is unanswered.
    pub(super) fn surplus_error(&self, awaited: bool) -> Option<Error> {
        let (Origin { verb, number }, line) = self.inbound.surplus(awaited)?;
        let got = self.shown(line);
        Some(ProtocolError::Surplus { verb, number, got }.into())
    }

    fn on_frame(&mut self, frame: Frame) -> Result<(), Error> {
        match frame {
            Frame::Line { line, bare_lf } => self.on_line(line, bare_lf),
            Frame::Chunk { octets, then } => self.on_chunk(octets, then),
            Frame::BlankLine { bare_lf } => {
                self.observe_line(b"", bare_lf);
                self.events.push_back(Event::Quirk(Quirk::BlankLine));
                Ok(())
            }
            Frame::TooLong(limit) if self.in_auth() => self.step_exchange(Input::Overlong(limit)),
            Frame::TooLong(limit) => Err(limit.into()),
            Frame::TlsRecord => Err(ProtocolError::TlsRecord.into()),
        }
    }
}
