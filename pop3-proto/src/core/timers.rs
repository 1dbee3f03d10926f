//! The clock side: deadlines, one at a time, for what the connection waits for now.

use core::time::Duration;

use super::Core;
use super::request::PendingRequest;
use crate::command::Request;
use crate::command_line::{Arguments, CommandLine};
use crate::config::Timeouts;
use crate::error::Timeout;
use crate::exchange::Input;
use crate::phase::Phase;
use crate::time::Instant;
use crate::verb::Verb;

/// The shortest interval of keep-alives, whatever the application sets. A shorter one would keep the
/// session busy with nothing else.
const LEAST_KEEP_ALIVE: Duration = Duration::from_secs(1);

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Tls,
    Greeting,
    Send,
    FirstOctet(Verb),
    /// More of a reply, or of a line that answers no command.
    Rest(Option<Verb>),
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
    /// It just became the next; the time is not known yet.
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
        // Octets that were held back while the application took its time have an old date.
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

    /// Starts the deadline anew if that is due.
    fn rearmed(&mut self, now: Instant) -> bool {
        let rearmed = core::mem::take(&mut self.rearm);
        if rearmed {
            self.progress(now);
        }
        rearmed
    }

    /// When what is awaited is late.
    fn deadline(
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
            Awaited::Rest(_) => timeouts.stall,
            Awaited::Idle => idle?,
        };
        // Due at once: the clock is needed to start the deadline anew.
        Some(if self.rearm {
            self.progress
        } else {
            self.progress + span
        })
    }

    /// When the present operation is late, whatever its progress.
    fn total(&self, timeouts: &Timeouts) -> Option<Instant> {
        match self.operation {
            Operation::Since(start) => Some(start + timeouts.total?),
            Operation::None | Operation::New => None,
        }
    }
}

impl Awaited {
    /// The error when it is not received in time and so many commands are unanswered; `None` if nothing
    /// is lost. `lf_dot` is whether the last octets were LF `.` CR LF in a multi-line reply.
    fn missed(self, outstanding: usize, lf_dot: bool) -> Option<Timeout> {
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
            Self::Rest(verb) => Timeout::Stall {
                verb,
                outstanding,
                first_batch: false,
                lf_dot,
                last_err: None,
            },
            Self::Idle => return None,
        })
    }
}

/// The clock side.
impl Core {
    /// Returns when to call [`handle_timeout`](Core::handle_timeout) at the latest.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        if self.end.outcome.is_some() {
            return None;
        }
        if self.is_computing() {
            return Some(Instant::ORIGIN);
        }
        let total = self.timers.total(&self.config.timeouts);
        match (self.deadline(), total) {
            (Some(deadline), Some(total)) => Some(deadline.min(total)),
            (deadline, total) => deadline.or(total),
        }
    }

    /// Returns whether a login has a computation to continue.
    pub(crate) fn is_computing(&self) -> bool {
        self.events.is_empty()
            && self
                .outbound
                .front()
                .is_some_and(PendingRequest::is_computing)
    }

    /// Reports the time, and continues a computation. Does nothing when nothing is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.end.outcome.is_some() {
            return;
        }
        if self
            .timers
            .total(&self.config.timeouts)
            .is_some_and(|total| total <= now)
        {
            return self.close(Err(Timeout::Total.into()));
        }
        if self.is_computing() {
            self.timers.progress(now);
            if let Err(error) = self.step_exchange(Input::Work) {
                self.close(Err(error));
            }
            return self.advance();
        }
        if !self.events.is_empty() || self.timers.rearmed(now) {
            return;
        }
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let missed = self
            .awaited()
            .missed(self.outbound.in_flight(), self.inbound.stops_at_lf_dot());
        match (missed, self.end.write_failed.take()) {
            (Some(_), Some(cause)) => self.close(Err(cause.into())),
            (Some(timeout), None) => {
                let error = self.unfinished_err().unwrap_or(timeout.into());
                self.timers.progress(now);
                self.close(Err(error));
            }
            (None, _) => self.keep_alive(now),
        }
    }

    /// Notes that octets of TLS records moved, which the connection does not see itself.
    #[cfg(feature = "rustls")]
    pub(crate) fn note_progress(&mut self, now: Instant) {
        // A part of a record is not the beginning of a reply, and a handshake has one deadline, whatever
        // moves in the meantime.
        if matches!(self.awaited(), Awaited::Send | Awaited::Rest(_)) {
            self.timers.progress(now);
        }
    }

    /// Starts the deadline anew when a request ends the idle time.
    pub(super) fn rearm_if_idle(&mut self) {
        if self.awaited() == Awaited::Idle {
            self.timers.rearm();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        // None runs while the application has something to take, or to provide.
        if !self.events.is_empty() || self.wants_token() {
            return None;
        }
        let idle = self
            .config
            .keep_alive
            .filter(|_| self.state.phase() == Phase::Transaction)
            .map(|idle| idle.max(LEAST_KEEP_ALIVE));
        self.timers
            .deadline(self.awaited(), &self.config.timeouts, idle)
    }

    fn awaited(&self) -> Awaited {
        if self.wants_tls() {
            Awaited::Tls
        } else if self.wants_write() {
            Awaited::Send
        } else if self.inbound.is_in_reply() {
            Awaited::Rest(self.unanswered())
        } else if self.state.phase() == Phase::Greeting {
            Awaited::Greeting
        } else if let Some(verb) = self.outbound.front().and_then(PendingRequest::verb) {
            Awaited::FirstOctet(verb)
        } else if self.end.write_failed.is_some() {
            // An unsolicited -ERR of the server, or the end of file.
            Awaited::Rest(None)
        } else {
            Awaited::Idle
        }
    }

    fn keep_alive(&mut self, now: Instant) {
        self.timers.progress(now);
        let noop = CommandLine::new(Verb::Noop, Arguments::None);
        self.outbound.push_next(Request::Command(noop));
        self.advance();
    }
}
