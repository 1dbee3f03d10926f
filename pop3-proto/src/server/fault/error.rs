//! Rules that cannot work.

use alloc::string::String;

use thiserror::Error;

/// Why a [`Fault`](super::Fault) was not created: the rule could never have the effect that it asks
/// for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FaultError {
    /// [`On::message`](super::On::message) or [`On::unique_id`](super::On::unique_id) with a place
    /// that has no message.
    #[error(
        "a message number or unique-id selects nothing here; use it with On::command and LIST, \
         UIDL, RETR, TOP or DELE"
    )]
    NoMessage,
    /// A count of zero.
    #[error("{0}(0) never happens; messages, sessions and visits are counted from 1")]
    CountOfZero(&'static str),
    /// A text with a line end.
    #[error(
        "the text of a refusal is one line, but it contains CR or LF: {0:?}; use replace() to \
             send other octets"
    )]
    LineEnd(String),
    /// A text that is too long for a status line (RFC 1939 section 3).
    #[error(
        "the text of a refusal has {0} octets, and a status line at most 512 with -ERR and CRLF; \
             use replace() to send a longer one"
    )]
    TooLong(usize),
    /// An action that cannot happen at this place.
    #[error("{action}() cannot happen at this place; {instead}")]
    NotHere {
        /// The method of [`On`](super::On).
        action: &'static str,
        /// What to use instead.
        instead: &'static str,
    },
    /// Segments without octets.
    #[error("segments of 0 octets never send anything; use at least 1")]
    EmptySegments,
}
