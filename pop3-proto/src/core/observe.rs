//! Reports to the observer. Without one, each of these functions is one comparison.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Core;
use super::receive::Partial;
use super::request::PendingRequest;
use crate::command_line::Line;
use crate::error::Error;
use crate::event::Event;
use crate::exchange::Exchange;
use crate::observe::{Observation, Observed, Observer, Record};
use crate::phase::Phase;
use crate::text::ServerText;
use crate::ticket::RequestId;
use crate::time::Instant;
use crate::verb::Verb;

impl Core {
    /// Sets the observer. It sees what happens from now on.
    pub(crate) fn set_observer(&mut self, observer: Box<dyn Observer>) {
        self.observation = Some(Box::new(Observation {
            observer,
            now: self.timers.last(),
            reported: self.outbound.sent(),
            lines: 0,
            octets: 0,
        }));
        if self.wants_tls() {
            self.observe(None, Observed::TlsBegins);
        }
    }

    /// Notes the time for the next records.
    #[inline]
    pub(super) fn observe_time(&mut self, now: Instant) {
        if let Some(observation) = &mut self.observation {
            observation.now = now;
        }
    }

    /// Reports to the observer, if there is one.
    pub(super) fn observe(&mut self, request: Option<RequestId>, what: Observed<'_>) {
        let Some(mut observation) = self.observation.take() else {
            return;
        };
        let record = Record {
            at: observation.now,
            request,
            what,
        };
        // The observer may panic. Until it returns, the connection counts as ended, because
        // otherwise it would continue in a state between two steps.
        let is_open = self.end.outcome.is_none();
        if is_open {
            self.end.outcome = Some(Err(Error::CallbackPanicked));
        }
        observation.observer.observe(&record);
        if is_open {
            self.end.outcome = None;
        }
        self.observation = Some(observation);
    }

    /// Reports the lines whose last octet was sent.
    #[inline]
    pub(super) fn observe_sent(&mut self) {
        if self.observation.is_some() {
            self.report_sent();
        }
    }

    #[inline(never)]
    fn report_sent(&mut self) {
        let Some(observation) = &mut self.observation else {
            return;
        };
        let sent = self.outbound.sent_after(observation.reported);
        let lines: Vec<_> = sent
            .filter_map(|request| {
                let line = request.line()?;
                let (verb, number) = (line.verb(), line.number());
                Some((request.id, verb, number, line.octets(), line.redacted()))
            })
            .collect();
        observation.reported = self.outbound.sent();
        for (id, verb, number, octets, text) in lines {
            // A raw command is the application's own text, and may contain what was sent as a
            // password before.
            let shown = self.redactor.line(text.as_bytes());
            let shown = shown
                .as_deref()
                .and_then(|it| core::str::from_utf8(it).ok());
            let what = Observed::Sent {
                verb,
                number,
                line: shown.unwrap_or(&text),
                octets,
            };
            self.observe(id, what);
        }
    }

    /// Reports a line from the server.
    #[inline]
    pub(super) fn observe_line(&mut self, line: &[u8], bare_lf: bool) {
        if self.observation.is_some() {
            self.report_line(line, if bare_lf { 1 } else { 2 });
        }
    }

    #[inline(never)]
    fn report_line(&mut self, line: &[u8], line_end: usize) {
        let answers = self.state.phase() != Phase::Greeting && self.outbound.is_front_sent();
        let front = self.outbound.front().filter(|_| answers);
        let request = front.and_then(|front| front.id);
        let sent = front.and_then(PendingRequest::line);
        let (verb, number) = (sent.map(Line::verb), sent.and_then(Line::number));
        let text = match line {
            // A challenge may contain a secret in any encoding.
            [b'+', b' ', _, ..] if matches!(verb, Some(Verb::Auth | Verb::Pass)) => {
                ServerText::copy(b"+ <redacted>")
            }
            _ => self.shown(line),
        };
        let what = Observed::Received {
            verb,
            number,
            line: &text,
            octets: line.len() + line_end,
        };
        self.observe(request, what);
    }

    /// Counts a part of a multi-line reply.
    #[inline]
    pub(super) fn observe_chunk(&mut self, chunk: &[u8]) {
        if let Some(observation) = &mut self.observation {
            observation.octets += chunk.len() as u64;
            observation.lines += memchr::memchr_iter(b'\n', chunk).count() as u64;
        }
    }

    /// Reports the end of a multi-line reply: its lines if they are capabilities, otherwise their
    /// number.
    #[inline]
    pub(super) fn observe_end_of_lines(&mut self) {
        if self.observation.is_some() {
            self.report_end_of_lines();
        }
    }

    #[inline(never)]
    fn report_end_of_lines(&mut self) {
        let Some(observation) = &mut self.observation else {
            return;
        };
        let lines = core::mem::take(&mut observation.lines);
        let octets = core::mem::take(&mut observation.octets);
        let Some(front) = self.outbound.front() else {
            return;
        };
        let request = front.id;
        let Some(sent) = front.line() else {
            return;
        };
        let (verb, number) = (sent.verb(), sent.number());
        if let Some(Partial::Lines(kept)) = &self.partial
            && let Some(text) = kept.capabilities()
        {
            let text = bytes::Bytes::copy_from_slice(text);
            for line in text.split_inclusive(|octet| *octet == b'\n') {
                let without = crate::listing::without_line_end(line);
                self.report_line(without, line.len() - without.len());
            }
            return;
        }
        let what = Observed::MultiLine {
            verb,
            number,
            lines,
            octets,
        };
        self.observe(request, what);
    }

    /// Counts and reports a deviation that the application polls.
    #[inline]
    pub(super) fn observe_event(&mut self, event: &Event) {
        if let Event::Quirk(quirk) = event {
            self.counters.sum.quirks += 1;
            // The end of the connection is the last record.
            if self.end.outcome.is_none() {
                self.observe(None, Observed::Quirk(quirk));
            }
        }
    }

    /// Reports that the front command was answered completely.
    #[inline]
    pub(super) fn observe_answered<T>(&mut self, result: &Result<T, Error>) {
        if self.observation.is_some() {
            self.report_answered(result.as_ref().map(drop));
        }
    }

    #[inline(never)]
    fn report_answered(&mut self, result: Result<(), &Error>) {
        let Some(front) = self.outbound.front() else {
            return;
        };
        let request = front.id;
        let Some(line) = front.line() else {
            return;
        };
        let what = Observed::Answered {
            verb: line.verb(),
            number: line.number(),
            result,
        };
        self.observe(request, what);
    }

    /// Reports that the front request begins, if it is a login.
    pub(super) fn observe_login_begins(&mut self) {
        if self.observation.is_some()
            && let Some(front) = self.outbound.front()
            && let Some(Exchange::Login(_)) = front.exchange()
        {
            self.observe(front.id, Observed::LoginBegins);
        }
    }

    /// Reports that a login has ended.
    pub(super) fn observe_login<T>(&mut self, result: &Result<T, Error>) {
        let request = self.outbound.front().and_then(|front| front.id);
        self.observe(request, Observed::LoginEnded(result.as_ref().map(drop)));
    }

    /// Reports the end of the connection.
    pub(super) fn observe_closed(&mut self) {
        if self.observation.is_some()
            && let Some(outcome) = self.end.outcome.clone()
        {
            self.observe(None, Observed::Closed(outcome.as_ref().copied()));
        }
    }
}
