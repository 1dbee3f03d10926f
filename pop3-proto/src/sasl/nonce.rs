use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use super::base64;
use crate::error::{Argument, Misuse};

/// The client's nonce for one SCRAM exchange (RFC 5802 section 5.1).
///
/// It has to be unpredictable and used once: whoever knows it before can replay an exchange. It is
/// no `Clone` for that reason.
pub struct ClientNonce(Zeroizing<String>);

impl ClientNonce {
    /// A nonce of 24 octets from a cryptographic random number generator: the operating system's.
    pub fn from_random(octets: [u8; 24]) -> Self {
        let octets = Zeroizing::new(octets);
        // The alphabet of base64 has no comma.
        Self(base64::encode(octets.as_slice()))
    }

    /// A nonce as it stands, for tests: they repeat exchanges.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when it is empty or holds anything but printable ASCII, or a comma.
    pub fn new(nonce: impl Into<String>) -> Result<Self, Misuse> {
        let nonce = Zeroizing::new(nonce.into());
        if !is_nonce(&nonce) {
            return Err(Misuse::Argument(Argument::Nonce));
        }
        Ok(Self(nonce))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `printable` of RFC 5802 section 7, one or more: `!` to `~` without the comma.
pub(super) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic() && c != b',')
}

impl fmt::Debug for ClientNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientNonce(..)")
    }
}
