//! Comparing what a client says with what is known of the account.

use alloc::string::String;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::config::ServerConfig;
use crate::saslprep::saslprep;

/// Whether two names or passwords are the same after SASLprep, as RFC 4616 section 2 recommends.
/// What cannot be prepared is compared as it is.
pub(super) fn same(said: &[u8], known: &[u8]) -> bool {
    match (prepared(said), prepared(known)) {
        (Some(said), Some(known)) => same_octets(said.as_bytes(), known.as_bytes()),
        _ => same_octets(said, known),
    }
}

/// The text by SASLprep, if that takes it.
pub(super) fn prepared(octets: &[u8]) -> Option<Zeroizing<String>> {
    core::str::from_utf8(octets).ok().and_then(saslprep)
}

/// In a time that tells the length only.
pub(super) fn same_octets(said: &[u8], known: &[u8]) -> bool {
    said.ct_eq(known).into()
}

impl ServerConfig {
    /// Whether this is the user name of the account.
    pub(super) fn is_user(&self, name: &[u8]) -> bool {
        same(name, &self.username)
    }

    /// Whether the user may act as this authorization identity: as none but itself.
    pub(super) fn may_act_as(&self, authzid: &[u8]) -> bool {
        authzid.is_empty() || self.is_user(authzid)
    }
}
