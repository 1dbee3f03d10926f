//! The state of a session (RFC 1939 section 3), and the only place where it changes.
//!
//! A connection that has ended is reported as [`Phase::Closed`], whatever phase it ended in.
//!
//! ```text
//!  Greeting ──+OK──▶ Authorization ──PASS, APOP, AUTH: +OK──▶ Transaction
//!     │               │   ▲                                        │
//!     │-ERR           │   └── STLS, USER, CAPA                     │ QUIT
//!     ▼               │ QUIT                                       ▼
//!   Closed ◀──────────┴─────────────────────────────────────── Closed
//! ```

use core::fmt;

use crate::verb::Verb;

/// The state of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// The server has not greeted yet.
    Greeting,
    /// Not logged in: RFC 1939's AUTHORIZATION state.
    Authorization,
    /// Logged in: RFC 1939's TRANSACTION state.
    Transaction,
    /// Over, by `QUIT` or by an error. (RFC 1939's UPDATE state is the server's alone: it is in
    /// it while it answers `QUIT`.)
    Closed,
}

impl Phase {
    /// The server greeted with `+OK`.
    pub(crate) fn greeted(&mut self) {
        *self = Self::Authorization;
    }

    /// The server answered `verb` with `+OK` or `-ERR`.
    pub(crate) fn answered(&mut self, verb: Verb, ok: bool) {
        *self = match (*self, verb, ok) {
            (Self::Authorization, Verb::Pass | Verb::Apop | Verb::Auth, true) => Self::Transaction,
            // The server closes whether it says +OK or -ERR (RFC 1939 sections 4 and 6).
            (_, Verb::Quit, _) => Self::Closed,
            (phase, _, _) => phase,
        };
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "GREETING",
            Self::Authorization => "AUTHORIZATION",
            Self::Transaction => "TRANSACTION",
            Self::Closed => "CLOSED",
        })
    }
}
