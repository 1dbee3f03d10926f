//! PLAIN (RFC 4616): the client sends user name and password in one message.
//!
//! It is used only if the connection is encrypted or trusted, or if the caller allows logins in
//! cleartext.

use super::one_message::OneMessage;
use super::{Mechanism, Progress, Response, SaslError};
use crate::secret::Secret;
use crate::types::Username;

/// PLAIN (RFC 4616): user name and password in one message, unprotected.
///
/// Their octets are sent unchanged, because SASLprep is the server's task.
#[derive(Debug)]
pub struct Plain(OneMessage);

impl Plain {
    /// Creates the mechanism for the user `authcid`.
    pub fn new(authcid: &Username, password: &Secret) -> Self {
        Self::message("", authcid, password)
    }

    /// Creates the mechanism with the credentials of the user `authcid`, who acts as the user
    /// `authzid`.
    pub fn acting_as(authzid: &Username, authcid: &Username, password: &Secret) -> Self {
        Self::message(authzid.as_str(), authcid, password)
    }

    /// Builds `[authzid] NUL authcid NUL passwd`. Neither a [`Username`] nor a [`Secret`] contains
    /// a NUL.
    fn message(authzid: &str, authcid: &Username, password: &Secret) -> Self {
        let parts = [
            authzid.as_bytes(),
            authcid.as_str().as_bytes(),
            password.expose(),
        ];
        Self(OneMessage::new(Response::new(parts.join(&0))))
    }
}

impl Mechanism for Plain {
    fn name(&self) -> &str {
        "PLAIN"
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
