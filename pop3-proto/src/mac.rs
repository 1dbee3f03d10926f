//! HMAC (RFC 2104) for CRAM-MD5 and SCRAM.

use hmac::{EagerHash, Hmac, KeyInit as _};

/// Creates an HMAC with a key of any length.
pub(crate) fn keyed<D: EagerHash>(key: &[u8]) -> Hmac<D> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104 section 2)")
}
