//! The last `-ERR` of the session: often the reason why the connection ends after it.

use core::time::Duration;

use bytes::Bytes;

use super::Core;
use super::receive::Answer;
use super::request::PendingRequest;
use crate::error::{Closed, Error};
use crate::phase::Phase;
use crate::refusal::Refusal;
use crate::time::Instant;

/// A server that closes because of what it answered with `-ERR` does so within this time. An
/// inactivity timeout takes longer: the shortest that is known is a minute.
const RECENT: Duration = Duration::from_secs(30);

/// The last reply, while it is a `-ERR`. Any `+OK` after it shows that the session went on.
#[derive(Debug, Default)]
pub(super) struct LastErr(Option<Kept>);

#[derive(Debug)]
struct Kept {
    refusal: Refusal,
    at: Instant,
    /// Whether it was the result of a request: the application knows it, or abandoned the request.
    reported: bool,
}

impl LastErr {
    /// The server answered a command, with `-ERR` or not.
    pub(super) fn answered(&mut self, refusal: Option<&Refusal>, now: Instant) {
        self.0 = refusal.map(|refusal| Kept {
            refusal: refusal.clone(),
            at: now,
            reported: false,
        });
    }

    /// A request has failed with this error.
    pub(super) fn reported(&mut self, error: &Error) {
        if let Some(kept) = &mut self.0 {
            // By code and text: a login reports the refusal of one of its commands.
            kept.reported |= error.server_text() == Some(&kept.refusal.text);
        }
    }

    /// Whether it has a response code: it names a cause, and that is not pipelining.
    pub(super) fn has_code(&self) -> bool {
        let kept = self.0.as_ref();
        kept.is_some_and(|kept| kept.refusal.code.is_some())
    }

    /// The `-ERR` that explains why the connection ends at this time.
    fn explains(&self, now: Instant) -> Option<&Refusal> {
        let kept = self.0.as_ref()?;
        (!kept.reported || now < kept.at + RECENT).then_some(&kept.refusal)
    }
}

impl Core {
    /// Reads a `-ERR` whose line end will never come: its text may still say why the connection
    /// ends. Returns it if it answers no command, and keeps it if it answers one.
    pub(super) fn unfinished_err(&mut self) -> Option<Error> {
        if self.wants_tls() {
            return None;
        }
        let line = Bytes::copy_from_slice(self.inbound.unfinished_line()?);
        let Answer::Err(reply) = self.read_status(line) else {
            return None;
        };
        if self.state.phase() == Phase::Greeting {
            return Some(Closed::GreetingRefused(reply).into());
        }
        let front = self.outbound.front();
        let sent = front.filter(|_| self.outbound.is_front_sent());
        let Some(sent) = sent.and_then(PendingRequest::line) else {
            return Some(Closed::UnsolicitedErr(reply).into());
        };
        let refusal = self.refusal(sent.verb(), sent.number(), reply);
        self.end
            .last_err
            .answered(Some(&refusal), self.timers.last());
        None
    }

    /// The error with the `-ERR` that came before it, if one explains it.
    pub(super) fn explained(&self, error: Error) -> Error {
        match self.end.last_err.explains(self.timers.last()) {
            Some(refusal) => error.after(refusal),
            None => error,
        }
    }
}
