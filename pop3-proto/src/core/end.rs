//! The end of a connection: all outstanding requests get the same outcome, in order.

use alloc::format;

use super::Core;
use super::last_err::LastErr;
use super::receive::Partial;
use super::request::PendingRequest;
use crate::error::{Closed, Error, OtherScheme, Stage, TlsError, TlsErrorKind, TransportError};
use crate::event::Event;
use crate::exchange::Exchange;
use crate::phase::Phase;
use crate::reply::{QuitOutcome, Reply};
use crate::types::MessageNumber;
use crate::verb::Verb;

/// How and why a connection ends.
#[derive(Debug, Default)]
pub(super) struct End {
    /// No more octets will be received. Contains the failure, or `None` for the end of the stream.
    pub(super) input_ended: Option<Option<TransportError>>,
    /// A write failed. The server may still send an unsolicited `-ERR` before it closes.
    pub(super) write_failed: Option<TransportError>,
    /// The outcome that every outstanding request gets. `Ok` after `QUIT`.
    pub(super) outcome: Option<Result<(), Error>>,
    /// Whether [`Event::Closed`] was emitted.
    reported: bool,
    /// The last reply, if it was a `-ERR`.
    pub(super) last_err: LastErr,
}

impl Core {
    /// Returns the error that ends the connection after an exchange has sent `*`.
    pub(super) fn abort_error(&self) -> Option<&Error> {
        self.outbound.front().and_then(PendingRequest::abort_error)
    }

    /// Ends the connection: every outstanding request gets the outcome in order, then the
    /// application gets [`Event::Closed`]. `Ok` after `QUIT`.
    pub(super) fn close(&mut self, outcome: Result<(), Error>) {
        if self.end.outcome.is_some() {
            return;
        }
        // The error that aborts an exchange is the cause, even if `*` could not be sent.
        let outcome = self.abort_error().cloned().map_or(outcome, Err);
        let stage = self.stage();
        let outcome = outcome.map_err(|error| self.explained(error.at_stage(stage)));
        let outcome = match outcome {
            Err(error) if self.outbound.is_in_first_batch() && !self.end.last_err.has_code() => {
                Err(error.in_first_batch())
            }
            outcome => outcome,
        };
        let outcome = outcome.map_err(|error| self.in_confirmation(error));
        self.end.outcome = Some(outcome);
        #[cfg(feature = "record")]
        self.record_end();
        self.inbound.clear();
        self.report_end();
        self.outbound.clear();
        // Last, because the observer may panic.
        self.observe_closed();
    }

    /// Returns the command that is answered next, if any octet of it was sent.
    pub(super) fn unanswered(&self) -> Option<Verb> {
        let begun = self.awaits_reply() || self.is_computing();
        let front = self.outbound.front().filter(|_| begun);
        front.and_then(PendingRequest::verb)
    }

    /// Returns the message number of the [`unanswered`](Core::unanswered) command.
    pub(super) fn unanswered_number(&self) -> Option<MessageNumber> {
        self.unanswered()?;
        self.outbound.front()?.command()?.number()
    }

    /// Returns what the connection is doing. An error that ends the connection reports it.
    fn stage(&self) -> Option<Stage> {
        let channel = self.state.channel();
        if self.wants_tls() {
            return Some(Stage::TlsHandshake { channel });
        }
        if self.state.phase() == Phase::Greeting {
            return Some(Stage::Greeting { channel });
        }
        let (verb, number) = (self.unanswered()?, self.unanswered_number());
        Some(if self.inbound.is_in_reply() {
            Stage::InReply { verb, number }
        } else {
            Stage::Unanswered { verb, number }
        })
    }

    /// After the connection has ended, emits the results of the outstanding requests, and then
    /// `Closed`. It emits one event at a time, so that a long queue needs no additional memory.
    pub(super) fn report_end(&mut self) {
        let Some(outcome) = self.end.outcome.clone() else {
            return;
        };
        while self.events.is_empty() && !self.end.reported {
            let in_body = matches!(self.partial.take(), Some(Partial::Stream(_)));
            let Some(request) = self.outbound.pop_unanswered() else {
                self.end.reported = true;
                self.events.push_back(Event::Closed(outcome.clone()));
                break;
            };
            let Some(id) = request.id.filter(|_| !request.abandoned) else {
                continue;
            };
            // The confirmation reports the result of its questions.
            if request.is_question() {
                continue;
            }
            let error = outcome.clone().err();
            let error = error.unwrap_or_else(|| Closed::Finished.into());
            self.events.push_back(if in_body {
                let result = Err(error);
                Event::BodyEnd { id, result }
            } else {
                let result = self.last_result(&request, error);
                Event::Reply { id, result }
            });
        }
    }

    /// Returns the result of a request that will not get a reply.
    fn last_result(&self, request: &PendingRequest, error: Error) -> Result<Reply, Error> {
        // If the reply to QUIT is lost, it is not known whether the server has executed it.
        if request.verb() == Some(Verb::Quit) && self.outbound.has_begun(request) {
            return Ok(Reply::Quit(QuitOutcome::Unknown));
        }
        // If the server refused a login before the connection was lost, the login reports the
        // refusal.
        let lost = matches!(
            error,
            Error::Closed(_) | Error::Transport(_) | Error::Timeout(_)
        );
        let known = request.exchange().filter(|_| lost);
        Err(known.and_then(Exchange::known_end).unwrap_or(error))
    }

    /// Returns the error that ends the connection if no more octets will be received.
    pub(super) fn end_of_input(&mut self) -> Option<Error> {
        self.end.input_ended.as_ref()?;
        if let Some(error) = self.unfinished_err() {
            return Some(error);
        }
        let End {
            input_ended: Some(cause),
            write_failed,
            ..
        } = &mut self.end
        else {
            return None;
        };
        if let Some(cause) = cause.take().or(write_failed.take()) {
            return Some(cause.into());
        }
        if self.wants_tls() {
            let hint = OtherScheme(self.state.channel());
            let text = format!("the server closed the connection during the TLS handshake{hint}");
            return Some(TlsError::new(TlsErrorKind::Other, text).into());
        }
        let outstanding = self.outbound.in_flight();
        let (verb, number) = (self.unanswered(), self.unanswered_number());
        let lf_dot = self.inbound.stops_at_lf_dot();
        let last_err = None;
        let in_reply = self.inbound.is_in_reply();
        Some(
            match verb {
                _ if self.state.phase() == Phase::Greeting => Closed::NoGreeting {
                    channel: self.state.channel(),
                },
                Some(verb) if in_reply => Closed::Truncated {
                    verb,
                    number,
                    outstanding,
                    first_batch: false,
                    lf_dot,
                    last_err,
                },
                Some(verb) => Closed::Unanswered {
                    verb,
                    number,
                    outstanding,
                    first_batch: false,
                    last_err,
                },
                None => Closed::Idle { last_err },
            }
            .into(),
        )
    }
}
