//! Deadlines: one at a time, for what the connection waits for now.

use core::time::Duration;

use crate::command::Verb;
use crate::config::Timeouts;
use crate::error::Timeout;
use crate::time::Instant;

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    Tls,
    Greeting,
    Send,
    FirstOctet(Verb),
    Rest,
    /// Nothing; a keep-alive is due after a while.
    Idle,
}

/// The clock side of a connection.
#[derive(Debug)]
pub(super) struct Timers {
    /// When there was progress last: octets in or out, or the begin of the wait.
    progress: Instant,
    /// Since when the request is awaited that is answered next.
    operation: Operation,
    /// The application took its time; the deadline starts anew with the next look at the clock.
    rearm: bool,
}

#[derive(Debug)]
enum Operation {
    None,
    /// It just became the next; the time will be told.
    New,
    Since(Instant),
}

impl Timers {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            progress: now,
            operation: Operation::None,
            rearm: false,
        }
    }

    /// There was progress at `now`.
    pub(super) fn progress(&mut self, now: Instant) {
        // Octets that were held back while the application took its time bear an old date.
        if self.rearm && now <= self.progress {
            return;
        }
        self.progress = now;
        self.rearm = false;
        if matches!(self.operation, Operation::New) {
            self.operation = Operation::Since(now);
        }
    }

    /// The last time that is known.
    pub(super) fn last(&self) -> Instant {
        self.progress
    }

    /// The present wait began, or went on, at a time that is not known.
    pub(super) fn rearm(&mut self) {
        self.rearm = true;
    }

    /// Another request is answered next, or none.
    pub(super) fn operation(&mut self, under_way: bool) {
        self.operation = if under_way {
            Operation::New
        } else {
            Operation::None
        };
    }

    /// Starts the deadline anew if that was wanted.
    pub(super) fn rearmed(&mut self, now: Instant) -> bool {
        let rearmed = core::mem::take(&mut self.rearm);
        if rearmed {
            self.progress(now);
        }
        rearmed
    }

    /// When what is awaited is too late.
    pub(super) fn deadline(
        &self,
        awaited: Awaited,
        timeouts: &Timeouts,
        idle: Option<Duration>,
    ) -> Option<Instant> {
        let span = match awaited {
            Awaited::Tls => timeouts.tls,
            Awaited::Greeting => timeouts.greeting,
            Awaited::Send => timeouts.send,
            Awaited::FirstOctet(Verb::Quit) => timeouts.quit,
            Awaited::FirstOctet(_) => timeouts.first_octet,
            Awaited::Rest => timeouts.stall,
            Awaited::Idle => idle?,
        };
        // Due at once: the clock is needed to start the deadline anew.
        Some(if self.rearm {
            self.progress
        } else {
            self.progress + span
        })
    }

    /// When the operation under way is too late, whatever its progress.
    pub(super) fn total(&self, timeouts: &Timeouts) -> Option<Instant> {
        match self.operation {
            Operation::Since(start) => Some(start + timeouts.total?),
            Operation::None | Operation::New => None,
        }
    }
}

impl Awaited {
    /// The error when it does not come and so many commands are unanswered; `None` if nothing is lost.
    /// `lf_dot` is whether the last octets were LF `.` CR LF in a multi-line reply.
    pub(super) fn missed(self, outstanding: usize, lf_dot: bool) -> Option<Timeout> {
        Some(match self {
            Self::Tls => Timeout::TlsHandshake,
            Self::Greeting => Timeout::Greeting,
            Self::Send => Timeout::Send,
            Self::FirstOctet(verb) => Timeout::FirstOctet {
                verb,
                outstanding,
                first_batch: false,
                last_err: None,
            },
            Self::Rest => Timeout::Stall {
                outstanding,
                first_batch: false,
                lf_dot,
            },
            Self::Idle => return None,
        })
    }
}
