//! CRAM-MD5 (RFC 2195): the client answers a challenge with a keyed digest.
//!
//! It is implemented for old servers that offer nothing better. A policy must select it explicitly,
//! because an eavesdropper can guess the password offline.

use core::fmt;

use hmac::{Hmac, Mac as _};
use md5::Md5;

use super::{Mechanism, Progress, Response, SaslError};
use crate::hex;
use crate::mac;
use crate::secret::Secret;
use crate::types::Username;

/// CRAM-MD5 (RFC 2195): a keyed digest of the server's challenge.
///
/// An eavesdropper does not see the password, but can guess it offline from a recorded exchange.
/// The server does not prove its identity.
pub struct CramMd5 {
    username: Username,
    /// The state of the HMAC that is keyed with the password, until it is used.
    keyed: Option<Hmac<Md5>>,
}

impl CramMd5 {
    /// Creates the mechanism for `username`.
    pub fn new(username: &Username, password: &Secret) -> Self {
        Self {
            username: username.clone(),
            keyed: Some(mac::keyed(password.expose())),
        }
    }
}

impl Mechanism for CramMd5 {
    fn name(&self) -> &str {
        "CRAM-MD5"
    }

    fn initial_response(&mut self) -> Option<Response> {
        None
    }

    /// Returns `username SP digest`. An empty challenge is rejected: the response to it could be
    /// replayed in any exchange.
    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError> {
        let keyed = self.keyed.take().ok_or(SaslError::NothingLeft)?;
        if challenge.is_empty() {
            return Err(SaslError::BadChallenge("it is empty"));
        }
        let digest = hex::lower(&keyed.chain_update(challenge).finalize().into_bytes());
        let username = self.username.as_str().as_bytes();
        let response = [username, b" ", digest.as_bytes()].concat();
        Ok(Progress::Respond(Response::new(response)))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        match self.keyed {
            None => Ok(()),
            Some(_) => Err(SaslError::NotDone),
        }
    }

    fn reads_challenge(&self) -> bool {
        self.keyed.is_some()
    }
}

impl fmt::Debug for CramMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CramMd5")
            .field("username", &self.username)
            .field("answered", &self.keyed.is_none())
            .finish_non_exhaustive()
    }
}
