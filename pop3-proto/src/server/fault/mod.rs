//! Faults: how a test makes the server misbehave, and where.
//!
//! [`On`] is the place. Its methods for actions check the rule and return a [`Fault`].

mod action;
mod alteration;
mod effects;
mod error;
mod on;

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

use action::Action;
pub use action::End;
pub(super) use alteration::Alteration;
pub(super) use effects::Effects;
pub use error::FaultError;
pub use on::On;
pub(super) use on::{Place, Subject};

/// A rule that makes a [`Server`](super::Server) misbehave: a place ([`On`]) and what happens there.
///
/// Pass faults to [`ServerConfig::fault`](super::ServerConfig::fault). If several faults match, all
/// of them apply, in the order in which they were added.
///
/// A clone shares its counters with the original. `On::first(2)` therefore counts over all sessions
/// whose configurations are clones of each other, and [`hits`](Self::hits) of a clone that a test
/// has kept says whether the fault has happened.
///
/// ```
/// use pop3_proto::command::Verb;
/// use pop3_proto::server::{Maildrop, On, Server, ServerConfig};
///
/// // The second message cannot be retrieved at the first attempt.
/// let fault = On::command(Verb::Retr).message(2).first(1).refuse("[SYS/TEMP] try again")?;
/// let config = ServerConfig::new("joe", "secret").fault(fault.clone());
/// let mail = Maildrop::from_iter([("a", "one\r\n"), ("b", "two\r\n")]);
/// let mut server = Server::new(config, mail);
/// server.exchange(b"USER joe\r\nPASS secret\r\n");
///
/// assert_eq!(server.exchange(b"RETR 1\r\n"), b"+OK 5 octets\r\none\r\n.\r\n");
/// assert_eq!(server.exchange(b"RETR 2\r\n"), b"-ERR [SYS/TEMP] try again\r\n");
/// assert_eq!(server.exchange(b"RETR 2\r\n"), b"+OK 5 octets\r\ntwo\r\n.\r\n");
/// assert_eq!(fault.hits(), 1);
/// # Ok::<(), pop3_proto::server::FaultError>(())
/// ```
#[derive(Clone)]
pub struct Fault {
    on: On,
    action: Action,
    counts: Arc<Counts>,
}

/// What a fault and its clones have counted.
#[derive(Default)]
struct Counts {
    /// How many times the place was reached.
    seen: AtomicUsize,
    /// How many times the fault was applied.
    hits: AtomicUsize,
}

impl Fault {
    fn new(on: On, action: Action) -> Self {
        Self {
            on,
            action,
            counts: Arc::default(),
        }
    }

    /// Returns how many times this fault and its clones have happened.
    #[must_use]
    pub fn hits(&self) -> usize {
        self.counts.hits.load(Ordering::Relaxed)
    }

    /// Returns whether the fault is about this place in this session. Nothing is counted.
    pub(super) fn is_at(&self, place: Place, message: Subject<'_>, session: usize) -> bool {
        self.on.matches(place, message) && self.on.session.is_none_or(|only| only == session)
    }

    /// Returns the octet of the session that the fault is about.
    pub(super) fn octet(&self, session: usize) -> Option<u64> {
        match self.on.place {
            Place::Octet(at) if self.is_at(self.on.place, Subject::default(), session) => Some(at),
            _ => None,
        }
    }

    /// Returns whether the fault would happen at the next visit of its place.
    pub(super) fn is_due(&self) -> bool {
        self.on
            .times
            .allows(self.counts.seen.load(Ordering::Relaxed) + 1)
    }

    /// Counts a visit of the place. Returns the action if it happens now.
    pub(super) fn visit(&self) -> Option<&Action> {
        let visit = self.counts.seen.fetch_add(1, Ordering::Relaxed) + 1;
        if !self.on.times.allows(visit) {
            return None;
        }
        self.counts.hits.fetch_add(1, Ordering::Relaxed);
        Some(&self.action)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("on", &self.on)
            .field("action", &self.action)
            .field("hits", &self.hits())
            .finish()
    }
}
