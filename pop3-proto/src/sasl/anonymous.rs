use super::one_message::OneMessage;
use super::{Mechanism, Progress, Response, SaslError};
use crate::misuse::{Argument, Misuse};

/// Longest trace, in characters (RFC 4505 section 2).
const MAX_TRACE: usize = 255;

/// ANONYMOUS (RFC 4505): a login as nobody, for maildrops that are open to all.
#[derive(Debug)]
pub struct Anonymous(OneMessage);

impl Anonymous {
    /// Logs in, leaving a trace in the server's log: a mail address, a word that means something to
    /// its operator, or nothing.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when the trace holds a control character, or more than 255 characters.
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

    /// What it says is said before the server says anything.
    fn reads_challenge(&self) -> bool {
        false
    }
}
