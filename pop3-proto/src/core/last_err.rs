//! The last `-ERR` of the session, which is often the reason why the connection ends after it.

use core::time::Duration;

use bytes::Bytes;

use super::Core;
use super::receive::Answer;
use super::request::PendingRequest;
use crate::error::{Closed, Error};
use crate::phase::Phase;
use crate::refusal::Refusal;
use crate::time::Instant;

/// The time within which a server closes the connection because of a `-ERR`. After more time, the
/// cause may be an inactivity timeout. The shortest known one is a minute.
const RECENT: Duration = Duration::from_secs(30);

/// The last reply, if it was a `-ERR`. Any `+OK` after it shows that the session continued.
#[derive(Debug, Default)]
pub(super) struct LastErr(Option<Kept>);

#[derive(Debug)]
struct Kept {
    refusal: Refusal,
    at: Instant,
    /// Whether it was the result of a request. Then the application has received it, or has
    /// abandoned the request.
    reported: bool,
}

impl LastErr {
    /// Handles the reply to a command, with its refusal if it is a `-ERR`.
    pub(super) fn answered(&mut self, refusal: Option<&Refusal>, now: Instant) {
        self.0 = refusal.map(|refusal| Kept {
            refusal: refusal.clone(),
            at: now,
            reported: false,
        });
    }

    /// Notes that a request has failed with this error.
    pub(super) fn reported(&mut self, error: &Error) {
        if let Some(kept) = &mut self.0 {
            // Compare the server's texts, because the error of a login contains the refusal of one
            // of its commands.
            kept.reported |= error.server_text() == Some(&kept.refusal.text);
        }
    }

    /// Returns whether the last `-ERR` has a response code. The code states the cause, so the cause
    /// is not missing support for pipelining.
    pub(super) fn has_code(&self) -> bool {
        let kept = self.0.as_ref();
        kept.is_some_and(|kept| kept.refusal.code.is_some())
    }

    /// Returns the `-ERR` that explains why the connection ends at this time.
    fn explains(&self, now: Instant) -> Option<&Refusal> {
        let kept = self.0.as_ref()?;
        (!kept.reported || now < kept.at + RECENT).then_some(&kept.refusal)
    }
}

impl Core {
    /// Reads a `-ERR` whose line end will never be received, because its text may say why the
    /// connection ends. Returns it if it answers no command, and keeps it if it answers one.
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

    /// Adds the preceding `-ERR` to an error that it explains, if there is one.
    pub(super) fn explained(&self, error: Error) -> Error {
        match self.end.last_err.explains(self.timers.last()) {
            Some(refusal) => error.after(refusal),
            None => error,
        }
    }
}
