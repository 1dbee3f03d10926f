//! The errors of authentication exchanges.
//!
//! A mechanism returns them. Depending on the error, the exchange is only cancelled, or the
//! connection ends: see [`Mechanism`](super::Mechanism).

use alloc::borrow::Cow;
use alloc::boxed::Box;

use thiserror::Error as ThisError;

use super::oauth_error::OAuthError;
use crate::text::{Reason, ServerText};

/// Why an authentication exchange failed.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum SaslError {
    /// A challenge that cannot be decoded or is not valid. The exchange is cancelled, and the
    /// connection can still be used.
    #[error("the server's challenge is invalid: {0}")]
    BadChallenge(&'static str),
    /// A challenge after the last response. The mechanism has no answer to it.
    #[error("unexpected extra challenge: the client had already sent all its responses")]
    NothingLeft,
    /// The same as [`NothingLeft`](Self::NothingLeft), with the content of the challenge. A proxy
    /// that logs in to another server with a token may forward that server's error (RFC 7628
    /// section 3.2.2).
    #[error("unexpected extra challenge: {}", Said(.0))]
    ExtraChallenge(Box<OAuthError>),
    /// `+OK` before the exchange was complete. Which user the server logged in is not known.
    #[error("the server sent +OK before the authentication was complete")]
    NotDone,
    /// The server violates SCRAM (RFC 5802 section 7). It may not know the password, or an attacker
    /// may be tampering with the exchange.
    #[error("the server violates the SCRAM protocol: {0}")]
    Scram(&'static str),
    /// A SCRAM iteration count out of bounds. With too few iterations, the password can be guessed
    /// from the response. Too many iterations are a denial of service against the client. Nothing
    /// was computed.
    #[error(
        "the server asks for {} SCRAM iterations, but only {least} to {most} are allowed \
         (LoginPolicy::with_scram_iterations)",
        Count(*asked)
    )]
    ScramIterations {
        /// The number that the server requested. `None` if it is not a number of at most ten
        /// digits.
        asked: Option<u64>,
        /// The minimum that is allowed.
        least: u32,
        /// The maximum that is allowed.
        most: u32,
    },
    /// The server did not prove that it knows the password: its signature is wrong or missing
    /// (RFC 5802 section 5). It may not be the intended server.
    #[error("the server did not prove that it knows the password")]
    ServerNotAuthenticated,
    /// The server ended a SCRAM exchange with `e=` (RFC 5802 section 7). A `-ERR` follows the
    /// cancellation, and the connection can still be used.
    #[error("the server ended the exchange{}", Reason(.0))]
    ServerError(ServerText),
    /// A custom mechanism failed. The exchange is cancelled, and the connection can still be used.
    /// The text is displayed as it is.
    #[error("{0}")]
    Other(Cow<'static, str>),
}

/// Writes the content of a challenge, which may be empty.
struct Said<'a>(&'a OAuthError);

impl core::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.0.raw.is_empty() {
            f.write_str("it is empty")
        } else {
            write!(f, "the server sent {}", self.0)
        }
    }
}

/// Writes a number, or a description if it could not be parsed.
struct Count(Option<u64>);

impl core::fmt::Display for Count {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(count) => write!(f, "{count}"),
            None => f.write_str("an invalid number of"),
        }
    }
}
