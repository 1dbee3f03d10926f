//! What a run knows between two sessions: whether and how to dial again.

use core::time::Duration;

use super::session::End;
use crate::error::{Error, Retry};
use crate::status::ResponseCode;

/// How to open the next session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dial {
    /// How long to wait before.
    pub delay: Duration,
    /// Whether the session may use pipelining. If not, set
    /// [`Pipelining::Never`](crate::config::Pipelining::Never).
    pub pipelining: bool,
}

/// How many sessions in a row may end without any progress.
const BARREN: u32 = 3;

/// The delay before a session that follows one of this run.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Link {
    /// Whether to dial, and after which delay.
    next: Option<Duration>,
    pub(super) pipelining: bool,
    /// Whether messages are fetched and confirmed one by one.
    pub(super) single: bool,
    /// Whether the next session first asks questions whose answers no message can have forged.
    pub(super) probes: bool,
    /// Whether `TOP` works; `None` if that is not known.
    pub(super) top: Option<bool>,
    /// Whether the last session ended with our `QUIT`.
    after_quit: bool,
    /// How often opening a session has failed in a row.
    failed: u32,
    barren: u32,
    /// How many connections were lost.
    cut: u32,
    /// How many sessions were opened.
    pub(super) sessions: u32,
    /// The server's minimum time between two logins, in seconds.
    login_delay: u32,
    pub(super) fetched_messages: u32,
    pub(super) fetched_octets: u64,
    /// By how many octets confirmed messages were shorter than listed, and how many there were. Only
    /// as long as all of them were by the same number.
    pub(super) surplus: Option<(u32, u32)>,
}

impl Link {
    pub(super) fn new(single: bool) -> Self {
        Self {
            next: Some(Duration::ZERO),
            pipelining: true,
            single,
            probes: false,
            top: None,
            after_quit: false,
            failed: 0,
            barren: 0,
            cut: 0,
            sessions: 0,
            login_delay: 0,
            fetched_messages: 0,
            fetched_octets: 0,
            surplus: Some((0, 0)),
        }
    }

    pub(super) fn dial(&mut self) -> Option<Dial> {
        let delay = self.next.take()?;
        Some(Dial {
            delay,
            pipelining: self.pipelining,
        })
    }

    pub(super) fn will_dial(&self) -> bool {
        self.next.is_some()
    }

    /// Returns whether the server lets a client in again immediately.
    pub(super) fn may_return(&self) -> bool {
        self.login_delay == 0
    }

    pub(super) fn opened(&mut self, login_delay: u32) {
        self.sessions += 1;
        self.login_delay = login_delay;
    }

    /// Decides whether to dial again after an error. Returns the time after which another run may
    /// succeed, if the server refuses another session so soon after our own `QUIT`.
    pub(super) fn failed_to_open(&mut self, error: &Error, retries: u32) -> Option<Duration> {
        let too_soon = matches!(
            error.code(),
            Some(ResponseCode::InUse | ResponseCode::LoginDelay)
        );
        if self.after_quit && too_soon {
            return Some(error.retry().earliest().unwrap_or(PAUSE));
        }
        self.failed += 1;
        // A session of this run that was cut may still hold the lock for a moment.
        let retries = if self.sessions > 0 {
            retries.max(2)
        } else {
            retries
        };
        match error.retry() {
            Retry::Never => {}
            Retry::WithoutPipelining(_) if self.pipelining => {
                self.pipelining = false;
                self.next = Some(PAUSE);
            }
            Retry::After(_) | Retry::WithoutPipelining(_) if self.failed <= retries => {
                self.next = Some(self.pause());
            }
            _ => {}
        }
        None
    }

    /// Returns a delay that doubles with each failure in a row.
    fn pause(&self) -> Duration {
        PAUSE * (1 << self.failed.min(8))
    }

    /// Returns whether another session is within the retries. Only lost connections
    /// count, unless a batch was discarded that may contain good messages.
    fn may_go_on(&mut self, end: &End, retries: u32) -> bool {
        if !end.cut || end.struck {
            return true;
        }
        self.cut += 1;
        self.cut <= retries
    }

    /// Decides whether another session follows. Returns the time after which another run can go on,
    /// if the server demands one.
    pub(super) fn closed(&mut self, end: &End, retries: u32) -> Option<Duration> {
        self.after_quit = end.quit;
        self.top = end.top.or(self.top);
        self.barren = if end.progress { 0 } else { self.barren + 1 };
        if end.listed {
            self.failed = 0;
        } else {
            self.failed += 1;
        }
        let pipelining = end.error.as_ref().is_some_and(Error::suspects_pipelining);
        let again = if pipelining && self.pipelining {
            self.pipelining = false;
            Some(PAUSE)
        } else if !end.listed && end.error.is_some() {
            (self.failed <= retries).then(|| self.pause())
        } else if end.more && self.barren < BARREN && self.may_go_on(end, retries) {
            let smooth = end.quit || end.progress;
            Some(if smooth { Duration::ZERO } else { PAUSE })
        } else {
            None
        };
        if again.is_some() && !self.may_return() {
            // The next run goes on.
            return Some(Duration::from_secs(self.login_delay.into()));
        }
        self.next = again;
        None
    }
}
