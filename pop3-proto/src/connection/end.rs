//! How a connection ends: one outcome, told to everything outstanding in order.

use super::last_err::LastErr;
use super::queue::{Entry, UNSENT, Work};
use super::replies::Reading;
use super::{Connection, Event};
use crate::command::Verb;
use crate::error::{Closed, Error, TlsError, TlsErrorKind, TransportError};
use crate::exchange::Exchange;
use crate::phase::Phase;
use crate::reply::{QuitOutcome, Reply};

/// How far the end of the connection is.
#[derive(Debug, Default)]
pub(super) struct End {
    /// No octet comes any more: end of file, or a failure of the transport.
    pub(super) input_over: Option<Option<TransportError>>,
    /// A write failed; the server's last words may still come.
    pub(super) write_failed: Option<TransportError>,
    /// What every request ends with. `Ok` after QUIT.
    pub(super) outcome: Option<Result<(), Error>>,
    /// Whether `Closed` was put among the events.
    pub(super) told: bool,
    /// The last reply, while it is a `-ERR`.
    pub(super) last_err: LastErr,
}

impl Connection {
    /// Ends everything with one error: what is outstanding gets it in order, then `Closed`.
    pub(super) fn fail(&mut self, error: Error) {
        self.finish(Err(error));
    }

    /// Why an exchange ends the connection as soon as its last words have left.
    pub(super) fn last_words(&self) -> Option<&Error> {
        self.queue.front().and_then(Entry::last_words)
    }

    pub(super) fn has_said_last_words(&self) -> bool {
        let said = |front: &Entry| front.end != UNSENT && self.transmit.has_sent(front.end);
        self.queue.front().is_some_and(said)
    }

    pub(super) fn finish(&mut self, outcome: Result<(), Error>) {
        if self.end.outcome.is_some() {
            return;
        }
        // What made this side say its last words counts, not what became of them.
        let outcome = self.last_words().cloned().map_or(outcome, Err);
        let outcome = outcome.map_err(|error| self.explained(error));
        let outcome = match outcome {
            Err(error) if self.is_in_first_batch() && !self.end.last_err.has_code() => {
                Err(error.in_first_batch())
            }
            outcome => outcome,
        };
        let outcome = outcome.map_err(|error| self.in_confirmation(error));
        self.end.outcome = Some(outcome);
        self.receive.clear();
        self.tell_end();
        self.transmit.clear();
    }

    /// Puts the ends of the outstanding requests among the events, one at a time so that a long
    /// queue costs no memory, and `Closed` behind them.
    pub(super) fn tell_end(&mut self) {
        let Some(outcome) = self.end.outcome.clone() else {
            return;
        };
        while self.events.is_empty() && !self.end.told {
            let error = outcome
                .clone()
                .err()
                .unwrap_or_else(|| Closed::Finished.into());
            let in_body = matches!(
                core::mem::replace(&mut self.reading, Reading::Line),
                Reading::Body(..)
            );
            let launched = self.queue.in_flight() > 0;
            let lost = matches!(
                error,
                Error::Closed(_) | Error::Transport(_) | Error::Timeout(_)
            );
            match self.queue.pop() {
                // The confirmation that it belongs to says it.
                Some(Entry {
                    work: Work::Question(_),
                    ..
                }) => {}
                Some(Entry {
                    id: Some(id),
                    abandoned: false,
                    ..
                }) if in_body => {
                    self.events.push_back(Event::BodyEnd {
                        id,
                        result: Err(error),
                    });
                }
                Some(
                    entry @ Entry {
                        id: Some(id),
                        abandoned: false,
                        ..
                    },
                ) => {
                    // Whether a QUIT whose reply is lost was done is not known.
                    let unknown = launched
                        && entry.verb() == Some(Verb::Quit)
                        && self.transmit.has_begun(entry.end, entry.octets());
                    // A login that was refused, and then cut off, was refused.
                    let known = entry
                        .exchange()
                        .filter(|_| lost)
                        .and_then(Exchange::known_end);
                    let result = if unknown {
                        Ok(Reply::Quit(QuitOutcome::Unknown))
                    } else {
                        Err(known.unwrap_or(error))
                    };
                    self.events.push_back(Event::Reply { id, result });
                }
                Some(_) => {}
                None => {
                    self.end.told = true;
                    self.events.push_back(Event::Closed(outcome.clone()));
                }
            }
        }
    }

    /// Whether the last octets of a multi-line reply are LF `.` CR LF, taken for data.
    pub(super) fn stops_at_lf_dot(&self) -> bool {
        let (Reading::Body(body, _) | Reading::Lines(body, _)) = &self.reading else {
            return false;
        };
        self.receive.is_empty() && body.stops_at_lf_dot()
    }

    /// If no octet comes any more, says how that ends the connection.
    pub(super) fn conclude(&mut self) {
        if self.end.input_over.is_none() {
            return;
        }
        if let Some(error) = self.unfinished_err() {
            return self.fail(error);
        }
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
        if self.wants_tls() {
            let text = "the server closed the connection during the TLS handshake";
            return self.fail(TlsError::new(TlsErrorKind::Other, text).into());
        }
        let outstanding = self.queue.in_flight();
        // What has not begun to leave was not asked.
        let begun = self.awaits_reply() || self.is_computing();
        let verb = self.queue.front().filter(|_| begun).and_then(Entry::verb);
        let lf_dot = self.stops_at_lf_dot();
        let last_err = None;
        let in_reply = !self.receive.is_empty() || !matches!(self.reading, Reading::Line);
        self.fail(
            match verb {
                _ if self.state.phase() == Phase::Greeting => Closed::NoGreeting,
                Some(verb) if in_reply => Closed::Truncated {
                    verb,
                    outstanding,
                    first_batch: false,
                    lf_dot,
                    last_err,
                },
                Some(verb) => Closed::Unanswered {
                    verb,
                    outstanding,
                    first_batch: false,
                    last_err,
                },
                None => Closed::Idle { last_err },
            }
            .into(),
        );
    }
}
