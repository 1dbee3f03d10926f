//! The `-ERR` reply to a command, which errors and login plans contain.

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use thiserror::Error as ThisError;

use crate::status::{ErrReply, ResponseCode};
use crate::text::{Reason, ServerText};
use crate::types::MessageNumber;
use crate::verb::Verb;

/// A `-ERR` reply to a command (RFC 1939 section 3).
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub struct Refusal {
    /// The command that was refused.
    pub verb: Verb,
    /// The message that the command was about.
    pub number: Option<MessageNumber>,
    /// The response code (RFC 2449 section 8, RFC 3206). It is parsed even if the server does not
    /// advertise response codes.
    pub code: Option<ResponseCode>,
    /// The minimum delay between two logins, if the code is `[LOGIN-DELAY]` and the server
    /// advertises `LOGIN-DELAY` (RFC 2449 section 6.5).
    pub login_delay: Option<Duration>,
    /// The text after `-ERR`, including any response code.
    pub text: ServerText,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused {}", self.verb)?;
        if let Some(number) = self.number {
            write!(f, " {number}")?;
        }
        Reason(&self.text).fmt(f)
    }
}

impl From<Refusal> for ErrReply {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code,
            text: refusal.text,
        }
    }
}

/// The `-ERR` that came before an error, as the end of the error's text.
pub(crate) struct Before<'a>(pub(crate) &'a Option<Box<Refusal>>);

impl fmt::Display for Before<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(refusal) => write!(f, "; before that {refusal}"),
            None => Ok(()),
        }
    }
}
