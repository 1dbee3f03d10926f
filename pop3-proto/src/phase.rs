//! The state of a session (RFC 1939 section 3). It is changed only here.
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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Phase {
    /// The server has not sent its greeting yet.
    Greeting,
    /// Not logged in: RFC 1939's AUTHORIZATION state.
    Authorization,
    /// Logged in: RFC 1939's TRANSACTION state.
    Transaction,
    /// Ended by `QUIT` or by an error. (The UPDATE state of RFC 1939 concerns only the server,
    /// which enters it while it answers `QUIT`.)
    Closed,
}

impl Phase {
    /// Enters the AUTHORIZATION state: the server sent a greeting with `+OK`.
    pub(crate) fn greeted(&mut self) {
        *self = Self::Authorization;
    }

    /// Changes the state after the reply to `verb`; `ok` means that it was `+OK`.
    pub(crate) fn answered(&mut self, verb: Verb, ok: bool) {
        *self = match (*self, verb, ok) {
            (Self::Authorization, Verb::Pass | Verb::Apop | Verb::Auth, true) => Self::Transaction,
            // The server closes the connection after `+OK` and after `-ERR` (RFC 1939 sections 4
            // and 6).
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
