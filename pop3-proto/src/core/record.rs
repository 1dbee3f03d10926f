//! Passes the inputs of the connection to its recorder. Without one, each of these functions is one
//! comparison.

use core::ops::Range;

use super::Core;
use super::inbound::Frame;
use super::request::PendingRequest;
use crate::command::Request;
use crate::command_line::{Arguments, Line};
use crate::event::Event;
use crate::inputs::{Done, Input, Kind, Tap, Tape, hidden_token};
use crate::operation::Operation;
use crate::phase::Phase;
use crate::ticket::RequestId;
use crate::time::Instant;
use crate::verb::Verb;

impl Core {
    /// Sets the recorder.
    pub(crate) fn set_tap(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }

    /// Returns whether nothing has happened on the connection yet.
    pub(crate) fn is_new(&self) -> bool {
        self.next_id == RequestId::FIRST
            && self.state.phase() == Phase::Greeting
            && self.end.outcome.is_none()
            && self.inbound.is_empty()
            && self.state.tls().is_none()
    }

    fn with_tape(&mut self, note: impl FnOnce(&mut Self, &mut Tape)) {
        if let Some(tap) = self.tap.take() {
            note(self, &mut tap.tape());
            self.tap = Some(tap);
        }
    }

    /// Records something that happened now.
    pub(super) fn record(&mut self, input: Input) {
        self.with_tape(|_, tape| tape.push(input));
    }

    /// Records something that happened at this time.
    pub(super) fn record_at(&mut self, now: Instant, input: Input) {
        self.with_tape(|_, tape| {
            tape.set_time(now);
            tape.push(input);
        });
    }

    /// Records what the application does.
    pub(super) fn record_action(&mut self, action: Done) {
        let busy = !self.events.is_empty();
        self.record(Input::Action { action, busy });
    }

    pub(super) fn record_submit(&mut self, request: &Request) {
        self.with_tape(|core, tape| {
            let id = core.next_id.get();
            let mut operation = Operation::of(request, core.seed.as_ref(), id, &mut tape.names);
            if let Operation::Short(line) | Operation::Long(line) | Operation::LongStreamed(line) =
                &mut operation
            {
                // The application's own text may contain what was sent as a password before.
                let hidden = tape.names.hide(&core.redactor.masked(line.as_bytes()));
                *line = alloc::string::String::from_utf8_lossy(&hidden).into_owned();
            }
            let busy = !core.events.is_empty();
            let action = Done::Submit { id, operation };
            tape.push(Input::Action { action, busy });
        });
    }

    pub(super) fn record_abandon(&mut self, requests: &Range<RequestId>) {
        let (first, end) = (requests.start.get(), requests.end.get());
        let end = end.min(self.next_id.get());
        if first < end {
            let last = end - 1;
            self.record_action(Done::Abandon { first, last });
        }
    }

    pub(super) fn record_token(&mut self, token: Option<&[u8]>) {
        self.record_action(Done::Token(token.map(hidden_token)));
    }

    pub(super) fn record_event(&mut self, event: &Event) {
        let body = match event {
            Event::Body { id, chunk } => Some((id.get(), chunk.len())),
            _ => None,
        };
        self.record(Input::Polled { body });
    }

    /// Records the last octets in the receive buffer.
    pub(super) fn record_received(&mut self, octets: usize, now: Instant) {
        let unsent = !self.outbound.pending().is_empty();
        self.with_tape(|core, tape| {
            tape.set_time(now);
            let unread = core.inbound.unread();
            let new = unread.len().saturating_sub(octets);
            tape.received(unread.get(new..).unwrap_or_default(), unsent);
        });
    }

    /// Records that a frame was read.
    pub(super) fn record_frame(&mut self, frame: &Frame) {
        let verb = self.outbound.front().and_then(PendingRequest::verb);
        let kind = match (frame, verb) {
            (Frame::Chunk { .. }, Some(Verb::Retr | Verb::Top | Verb::Raw)) => Kind::Message,
            (Frame::Chunk { .. }, _) => Kind::Data,
            _ => Kind::Line,
        };
        self.with_tape(|core, tape| {
            if tape.full {
                return;
            }
            let unread = core.inbound.unread().len();
            let Tape { stream, names, .. } = tape;
            stream.parsed(unread, kind, &core.redactor, names);
        });
    }

    /// Records the line of an exchange that is sent next.
    pub(super) fn record_line(&mut self) {
        self.with_tape(|core, tape| {
            let id = core.outbound.front().and_then(|front| front.id);
            let Some((id, line)) = id.zip(core.outbound.unsent_line()) else {
                return;
            };
            match line {
                Line::Command(command) => match &command.arguments {
                    Arguments::Auth(_, Some(initial)) => {
                        tape.responded(id.get(), &initial.0, true);
                    }
                    Arguments::Auth(name, None) if name.starts_with("SCRAM-") => {
                        tape.has_nonce(id.get());
                    }
                    _ => {}
                },
                Line::Response(response) if response.is_cancel() => tape.push(Input::Cancelled),
                Line::Response(response) => tape.responded(id.get(), response.text(), false),
            }
        });
    }

    /// Records that nothing more will be read.
    pub(super) fn record_end(&mut self) {
        self.with_tape(|core, tape| {
            let Tape { stream, names, .. } = tape;
            stream.finish(&core.redactor, names);
        });
    }
}
