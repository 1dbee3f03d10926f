//! Comparing the client's credentials with those of the account.

use alloc::string::String;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::config::ServerConfig;
use crate::saslprep::saslprep;

/// Returns whether two names or passwords are equal after SASLprep, as RFC 4616 section 2
/// recommends. A value that SASLprep rejects is compared unchanged.
pub(super) fn same(said: &[u8], known: &[u8]) -> bool {
    match (prepared(said), prepared(known)) {
        (Some(said), Some(known)) => same_octets(said.as_bytes(), known.as_bytes()),
        _ => same_octets(said, known),
    }
}

/// Returns the text after SASLprep, or `None` if SASLprep rejects it.
pub(super) fn prepared(octets: &[u8]) -> Option<Zeroizing<String>> {
    core::str::from_utf8(octets).ok().and_then(saslprep)
}

/// Compares in a time that depends only on the length.
pub(super) fn same_octets(said: &[u8], known: &[u8]) -> bool {
    said.ct_eq(known).into()
}

impl ServerConfig {
    /// Returns whether this is the user name of the account.
    pub(super) fn is_user(&self, name: &[u8]) -> bool {
        same(name, &self.username)
    }

    /// Returns whether the user may act as this authorization identity: only as itself.
    pub(super) fn may_act_as(&self, authzid: &[u8]) -> bool {
        authzid.is_empty() || self.is_user(authzid)
    }
}
