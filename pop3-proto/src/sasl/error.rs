use alloc::borrow::Cow;
use alloc::boxed::Box;

use thiserror::Error as ThisError;

use super::oauth_error::OAuthError;
use crate::text::{Reason, ServerText};

/// Why an authentication exchange cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum SaslError {
    /// A challenge that cannot be decoded or makes no sense. The exchange is cancelled, and the
    /// connection lives on.
    #[error("the server's challenge makes no sense: {0}")]
    BadChallenge(&'static str),
    /// A challenge after the last response: the mechanism has no answer to it.
    #[error("unexpected extra challenge: all responses were sent before it")]
    NothingLeft,
    /// As [`NothingLeft`](Self::NothingLeft), with what the challenge says. A proxy that logs in to
    /// another server by a token forwards why that server refused it (RFC 7628 section 3.2.2).
    #[error("unexpected extra challenge: {}", Said(.0))]
    ExtraChallenge(Box<OAuthError>),
    /// `+OK` before the exchange was over: whom the server let in is anybody's guess.
    #[error("the server says +OK before the authentication is over")]
    NotDone,
    /// The server does not keep to SCRAM (RFC 5802 section 7): it does not know the password, or
    /// somebody tampers with the exchange.
    #[error("the server does not keep to SCRAM: {0}")]
    Scram(&'static str),
    /// A SCRAM iteration count out of bounds: too few give the password away, too many are an
    /// attack on this side. Nothing was computed.
    #[error(
        "the server wants {} iterations of SCRAM, and {least} to {most} are allowed",
        Count(*asked)
    )]
    ScramIterations {
        /// What the server asked for, or `None` when it is no number of at most ten digits.
        asked: Option<u64>,
        /// The fewest that are allowed.
        least: u32,
        /// The most that are allowed.
        most: u32,
    },
    /// The server did not prove that it knows the password: its signature is wrong or missing
    /// (RFC 5802 section 5). It may be another server than the one that was asked for.
    #[error("the server did not prove that it knows the password")]
    ServerNotAuthenticated,
    /// The server ended a SCRAM exchange with `e=` (RFC 5802 section 7). A `-ERR` follows the
    /// cancellation, and the connection lives on.
    #[error("the server ended the exchange{}", Reason(.0))]
    ServerError(ServerText),
    /// A mechanism from outside this crate failed. The exchange is cancelled, and the connection
    /// lives on. The text is shown as it is.
    #[error("{0}")]
    Other(Cow<'static, str>),
}

/// What a challenge says, which may be nothing.
struct Said<'a>(&'a OAuthError);

impl core::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.0.raw.is_empty() {
            f.write_str("it is empty")
        } else {
            write!(f, "the server says {}", self.0)
        }
    }
}

/// A number that may not be one.
struct Count(Option<u64>);

impl core::fmt::Display for Count {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(count) => write!(f, "{count}"),
            None => f.write_str("an unreadable number of"),
        }
    }
}
