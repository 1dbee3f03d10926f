//! The nonces of SCRAM, and the seed from which a connection derives them.
//!
//! This crate has no source of randomness. The caller seeds a connection once, and all later random
//! values are derived from that seed.

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
/// It must be unpredictable and used only once: an attacker who knows it in advance can replay an
/// exchange. For this reason it does not implement `Clone`.
#[cfg_attr(
    not(feature = "scram"),
    allow(dead_code, reason = "only SCRAM uses it")
)]
pub struct ClientNonce(Zeroizing<String>);

impl ClientNonce {
    /// Creates a nonce from 24 octets of a cryptographic random number generator, such as the
    /// operating system's.
    pub fn from_random(octets: [u8; 24]) -> Self {
        let octets = Zeroizing::new(octets);
        // The alphabet of base64 has no comma.
        Self(base64::encode(octets.as_slice()))
    }

    /// Creates a nonce with a fixed value, for tests that repeat an exchange.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if it is empty, or contains a comma or anything but printable ASCII.
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

/// The secret from which the nonces and questions of one connection are derived. It comes from the
/// operating system.
pub(crate) struct Seed(Zeroizing<[u8; 32]>);

impl Seed {
    pub(crate) fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Returns the nonce of one attempt of one login. It is a keyed hash, so no nonce reveals
    /// another.
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

    /// Returns the key for the questions of one [`Confirm`](crate::Confirm). A nonce does not
    /// reveal it, because the input of the hash is shorter for nonces.
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

/// Returns whether a text is one or more `printable` of RFC 5802 section 7: `!` to `~` without the
/// comma.
pub(crate) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic() && c != b',')
}

impl fmt::Debug for ClientNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientNonce(..)")
    }
}
