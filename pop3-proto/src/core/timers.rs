//! The deadlines of a connection. There is one at a time; it depends on what the connection is
//! waiting for.

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

/// The minimum interval of keep-alives. With a shorter one, the session would do nothing else.
const LEAST_KEEP_ALIVE: Duration = Duration::from_secs(1);

/// What a connection is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Tls,
    Greeting,
    Send,
    FirstOctet(Verb),
    /// The reply to `QUIT` when no message is marked as deleted.
    QuitWithoutDeletions,
    /// The rest of a reply, or of a line that answers no command.
    Rest(Option<Verb>),
    /// Nothing. A keep-alive becomes due later.
    Idle,
}

/// The timers of a connection.
#[derive(Debug)]
pub(super) struct Timers {
    /// The time of the last progress: octets were sent or received, or the wait began.
    progress: Instant,
    /// When the wait for the next reply began.
    operation: Operation,
    /// Whether the deadline starts again at the next time that the caller passes, because the
    /// connection had to wait for the application.
    rearm: bool,
}

#[derive(Debug)]
enum Operation {
    None,
    /// The operation has just begun, and its time is not known yet.
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

    /// Notes progress at `now`.
    pub(super) fn progress(&mut self, now: Instant) {
        // Octets that were held back for the application come with the time at which they were
        // received. That is too early to start the deadline again.
        if self.rearm && now <= self.progress {
            return;
        }
        self.progress = now;
        self.rearm = false;
        if matches!(self.operation, Operation::New) {
            self.operation = Operation::Since(now);
        }
    }

    /// Returns the last known time.
    pub(super) fn last(&self) -> Instant {
        self.progress
    }

    /// Requests that the deadline starts again, because the current wait began or continued at an
    /// unknown time.
    pub(super) fn rearm(&mut self) {
        self.rearm = true;
    }

    /// Notes that the server now answers another request, or none.
    pub(super) fn operation(&mut self, under_way: bool) {
        self.operation = if under_way {
            Operation::New
        } else {
            Operation::None
        };
    }

    /// Starts the deadline again if that was requested.
    fn rearmed(&mut self, now: Instant) -> bool {
        let rearmed = core::mem::take(&mut self.rearm);
        if rearmed {
            self.progress(now);
        }
        rearmed
    }

    /// Returns when the current wait times out.
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
            Awaited::QuitWithoutDeletions => timeouts.quit_without_deletions,
            Awaited::Rest(_) => timeouts.stall,
            Awaited::Idle => idle?,
        };
        // Due immediately: the caller then passes the time from which the deadline starts again. That
        // does not apply to an idle session: the server has counted since the last octet.
        Some(if self.rearm && awaited != Awaited::Idle {
            self.progress
        } else {
            self.progress + span
        })
    }

    /// Returns when the current operation times out, regardless of its progress.
    fn total(&self, timeouts: &Timeouts) -> Option<Instant> {
        match self.operation {
            Operation::Since(start) => Some(start + timeouts.total?),
            Operation::None | Operation::New => None,
        }
    }
}

impl Awaited {
    /// Returns the error for a deadline that passed, or `None` if the connection was idle.
    fn missed(self, core: &Core) -> Option<Timeout> {
        let channel = core.state.channel();
        let outstanding = core.outbound.in_flight();
        let number = core.unanswered_number();
        let lf_dot = core.inbound.stops_at_lf_dot();
        Some(match self {
            Self::Tls => Timeout::TlsHandshake { channel },
            Self::Greeting => Timeout::Greeting { channel },
            Self::Send => Timeout::Send,
            Self::FirstOctet(verb) => Timeout::FirstOctet {
                verb,
                number,
                outstanding,
                first_batch: false,
                last_err: None,
            },
            Self::QuitWithoutDeletions => return Self::FirstOctet(Verb::Quit).missed(core),
            Self::Rest(verb) => Timeout::Stall {
                verb,
                number,
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
    /// Returns the time at which [`handle_timeout`](Core::handle_timeout) must be called at the
    /// latest.
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

    /// Handles deadlines that have passed, and continues a computation. Does nothing if nothing is
    /// due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.end.outcome.is_some() {
            return;
        }
        self.observe_time(now);
        if self
            .timers
            .total(&self.config.timeouts)
            .is_some_and(|total| total <= now)
        {
            #[cfg(feature = "record")]
            self.record_at(now, crate::inputs::Input::TimedOut);
            return self.close(Err(Timeout::Total.into()));
        }
        if self.is_computing() {
            self.timers.progress(now);
            if let Err(error) = self.step_exchange(Input::Work) {
                self.close(Err(error));
            }
            return self.advance();
        }
        if !self.events.is_empty() || (self.awaited() != Awaited::Idle && self.timers.rearmed(now))
        {
            return;
        }
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        #[cfg(feature = "record")]
        self.record_at(now, crate::inputs::Input::TimedOut);
        let missed = self.awaited().missed(self);
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

    /// Notes progress with octets of TLS records, which do not reach this state machine.
    #[cfg(feature = "rustls")]
    pub(crate) fn note_progress(&mut self, now: Instant) {
        // A partial record is not the beginning of a reply, and a handshake has one deadline that
        // progress does not change.
        if matches!(self.awaited(), Awaited::Send | Awaited::Rest(_)) {
            self.timers.progress(now);
        }
    }

    /// Starts the deadline again when a request ends the idle time.
    pub(super) fn rearm_if_idle(&mut self) {
        if self.awaited() == Awaited::Idle {
            self.timers.rearm();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        // No deadline applies while an event is pending or the application must provide a token.
        if !self.events.is_empty() || self.wants_token() {
            return None;
        }
        let idle = self
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
            if verb == Verb::Quit && !self.state.has_deleted() {
                Awaited::QuitWithoutDeletions
            } else {
                Awaited::FirstOctet(verb)
            }
        } else if self.end.write_failed.is_some() {
            // An unsolicited -ERR of the server, or the end of the stream.
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
