//! Base64, decoded strictly (RFC 4648 section 4) as RFC 5034 section 4 requires.

use alloc::string::String;
use alloc::vec::Vec;

use ::base64::Engine as _;
// Only the standard alphabet with canonical padding and no non-zero trailing bits is accepted.
use ::base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Encodes octets in a string that is never reallocated, so that no copy of a secret stays in
/// memory.
pub(crate) fn encode(octets: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(octets))
}

/// Decodes a text. `None` if it is not valid base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
