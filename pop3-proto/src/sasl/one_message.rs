//! What PLAIN, EXTERNAL and ANONYMOUS have in common: the client says one thing, and that is all.

use super::{Progress, Response, SaslError};

/// A message that leaves once.
#[derive(Debug)]
pub(super) struct OneMessage(Option<Response>);

impl OneMessage {
    pub(super) fn new(message: Response) -> Self {
        Self(Some(message))
    }

    pub(super) fn take(&mut self) -> Option<Response> {
        self.0.take()
    }

    /// A challenge: the message's turn, unless it left before.
    pub(super) fn respond(&mut self) -> Result<Progress, SaslError> {
        self.take()
            .map(Progress::Respond)
            .ok_or(SaslError::NothingLeft)
    }

    pub(super) fn finish(&self) -> Result<(), SaslError> {
        match self.0 {
            None => Ok(()),
            Some(_) => Err(SaslError::NotDone),
        }
    }
}
