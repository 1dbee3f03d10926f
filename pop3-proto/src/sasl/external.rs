//! EXTERNAL (RFC 4422 appendix A): the client sends at most an authorization identity.
//!
//! The server already knows the user from a TLS client certificate.

use super::one_message::OneMessage;
use super::{Mechanism, Progress, Response, SaslError};
use crate::types::Username;

/// EXTERNAL (RFC 4422 appendix A): the server identifies the user by the TLS client certificate.
#[derive(Debug)]
pub struct External(OneMessage);

impl External {
    /// Creates the mechanism. It logs in as the user of the certificate. With an `authzid`, it logs
    /// in as that user instead, if the user of the certificate may act as `authzid`.
    pub fn new(authzid: Option<&Username>) -> Self {
        let authzid = authzid.map_or("", Username::as_str);
        Self(OneMessage::new(Response::new(authzid)))
    }
}

impl Mechanism for External {
    fn name(&self) -> &str {
        "EXTERNAL"
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
