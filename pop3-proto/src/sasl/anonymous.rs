//! ANONYMOUS (RFC 4505): the client sends one message, a trace for the server's log.
//!
//! It is the mechanism of an anonymous login.

use super::one_message::OneMessage;
use super::{Mechanism, Progress, Response, SaslError};
use crate::misuse::{Argument, Misuse};

/// The longest trace, in characters (RFC 4505 section 2).
const MAX_TRACE: usize = 255;

/// ANONYMOUS (RFC 4505): an anonymous login, for public maildrops.
#[derive(Debug)]
pub struct Anonymous(OneMessage);

impl Anonymous {
    /// Creates the mechanism. The trace is written to the server's log: a mail address, a word for
    /// the administrator, or nothing.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the trace contains a control character or more than 255 characters.
    pub fn new(trace: &str) -> Result<Self, Misuse> {
        if trace.chars().any(char::is_control) || trace.chars().count() > MAX_TRACE {
            return Err(Misuse::Argument(Argument::Trace));
        }
        Ok(Self(OneMessage::new(Response::new(trace))))
    }
}

impl Mechanism for Anonymous {
    fn name(&self) -> &str {
        "ANONYMOUS"
    }

    fn initial_response(&mut self) -> Option<Response> {
        self.0.take()
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        self.0.respond()
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        self.0.finish()
    }

    /// Returns false: its only message does not depend on a challenge.
    fn reads_challenge(&self) -> bool {
        false
    }
}
