//! The common part of PLAIN, EXTERNAL and ANONYMOUS: the client sends only one message.

use super::{Progress, Response, SaslError};

/// A message that is sent once.
#[derive(Debug)]
pub(super) struct OneMessage(Option<Response>);

impl OneMessage {
    pub(super) fn new(message: Response) -> Self {
        Self(Some(message))
    }

    pub(super) fn take(&mut self) -> Option<Response> {
        self.0.take()
    }

    /// Answers a challenge with the message, unless it was sent before.
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
