//! A confirmation in the queue: its questions are queued before it, and it ends when they are
//! answered.

use bytes::Bytes;

use super::Core;
use super::receive::Answer;
use super::request::{PendingRequest, Work};
use crate::command_line::check_length;
use crate::confirm::{Answered, Next, Question};
use crate::error::{Error, ProtocolError, Unconfirmed};
use crate::misuse::Misuse;
use crate::phase::Phase;
use crate::reply::Reply;
use crate::ticket::RequestId;
use crate::verb::Verb;

impl Core {
    /// Continues the confirmation that is next in the queue: queues its questions, or ends it.
    /// Called when nothing is in flight.
    pub(super) fn send_confirmation(&mut self) -> Result<(), Error> {
        let Some(PendingRequest {
            id,
            work: Work::Confirm(run),
            ..
        }) = self.outbound.next_mut()
        else {
            return Ok(());
        };
        let id = *id;
        if self.state.phase() != Phase::Transaction {
            let verb = Verb::Uidl;
            let phase = self.state.phase();
            self.finish_request(Err(Misuse::Phase { verb, phase }.into()));
            return Ok(());
        }
        let request = id.map_or(0, RequestId::get);
        if !run.has_asked() {
            self.timers.operation(true);
        }
        match run.next(self.state.listed(), self.seed.as_ref(), request) {
            Next::End(Err(error)) if error.is_fatal() => return Err(error),
            Next::End(result) => {
                if result.is_ok() {
                    self.state.confirmed();
                }
                self.finish_request(result.map(Reply::Confirmed));
            }
            Next::Ask(questions) => {
                let limit = self.config.limits.command;
                let too_long = |question: &Question| check_length(&question.command, limit).err();
                if let Some(error) = questions.iter().find_map(too_long) {
                    self.finish_request(Err(error.into()));
                    return Ok(());
                }
                for question in questions {
                    self.outbound.push_question(id, question);
                }
            }
        }
        Ok(())
    }

    /// Handles the status line that answers the front question.
    pub(super) fn on_answer(&mut self, line: Bytes) -> Result<(), Error> {
        let Some(PendingRequest {
            work: Work::Question(question),
            id,
            ..
        }) = self.outbound.front()
        else {
            return Ok(());
        };
        let confirmation = *id;
        let (verb, number) = (question.command.verb, question.number);
        let kind = question.kind();
        let (answered, got) = match self.read_status(line) {
            Answer::Other(got) => {
                return Err(ProtocolError::bad_status(verb, got).into());
            }
            Answer::Ok { status, shown } => {
                self.end.last_err.answered(None, self.timers.last());
                let got = shown.text.detach();
                (question.check(status.text.as_bytes()), got)
            }
            Answer::Err(reply) => {
                let text = reply.text.clone();
                let refusal = self.refusal(verb, Some(number), reply);
                let now = self.timers.last();
                self.end.last_err.answered(Some(&refusal), now);
                (Answered::Refused(refusal), text)
            }
        };
        let synchronized = match self.outbound.confirmation_mut(confirmation) {
            Some(run) => run.count(kind, answered),
            // The confirmation was abandoned, so it does not matter how many questions were
            // refused.
            None => !matches!(answered, Answered::Wrong),
        };
        if !synchronized {
            return Err(Unconfirmed::WrongAnswer { verb, number, got }.into());
        }
        self.observe_answered(&Ok(()));
        self.outbound.pop_answered();
        // All questions of a confirmation count as one operation.
        if !self.outbound.is_asking() {
            self.timers.operation(self.outbound.in_flight() > 0);
        }
        // No command is waiting for octets that are buffered now. Do not send more, because reading
        // them ends the connection.
        if self.outbound.is_confirmation_due() && self.inbound.is_empty() {
            self.send_confirmation()?;
        }
        Ok(())
    }

    /// Converts an error that ends the connection during a confirmation to
    /// [`Unconfirmed::CutShort`].
    pub(super) fn in_confirmation(&self, error: Error) -> Error {
        match error {
            Error::Unconfirmed(_) => error,
            error if self.outbound.is_confirming() => Unconfirmed::CutShort(error).into(),
            error => error,
        }
    }
}
