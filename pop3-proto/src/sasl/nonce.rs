use alloc::string::String;
use core::fmt;

use hmac::Mac as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base64;
use crate::mac::keyed;
use crate::misuse::{Argument, Misuse};

/// The client's nonce for one SCRAM exchange (RFC 5802 section 5.1).
///
/// It has to be unpredictable and used once: whoever knows it before can replay an exchange. It is
/// no `Clone` for that reason.
#[cfg_attr(
    not(feature = "scram"),
    allow(dead_code, reason = "only SCRAM says it")
)]
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

    #[cfg(feature = "scram")]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What nonces and questions are made of on one connection: a secret from the operating system.
pub(crate) struct Seed(Zeroizing<[u8; 32]>);

impl Seed {
    pub(crate) fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// The nonce of one attempt of one login: a keyed hash, so that none tells of another.
    pub(crate) fn nonce(&self, login: u64, attempt: u32) -> ClientNonce {
        let mac = keyed::<Sha256>(self.0.as_slice())
            .chain_update(login.to_be_bytes())
            .chain_update(attempt.to_be_bytes())
            .finalize()
            .into_bytes();
        let mut octets = Zeroizing::new([0; 24]);
        octets
            .iter_mut()
            .zip(mac)
            .for_each(|(octet, random)| *octet = random);
        ClientNonce::from_random(*octets)
    }

    /// The key for the questions of one [`Confirm`](crate::Confirm). No nonce tells of it: what is
    /// hashed for a nonce is shorter.
    pub(crate) fn for_questions(&self, request: u64) -> Zeroizing<[u8; 32]> {
        let mac = keyed::<Sha256>(self.0.as_slice())
            .chain_update(b"questions of a confirmation")
            .chain_update(request.to_be_bytes());
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// `printable` of RFC 5802 section 7, one or more: `!` to `~` without the comma.
pub(crate) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic() && c != b',')
}

impl fmt::Debug for ClientNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientNonce(..)")
    }
}
