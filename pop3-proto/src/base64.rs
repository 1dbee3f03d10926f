//! Base64 as RFC 5034 section 4 wants it read: strictly (RFC 4648 section 4).

use alloc::string::String;
use alloc::vec::Vec;

use ::base64::Engine as _;
// The standard alphabet, canonical padding, no stray bits: anything else is refused.
use ::base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The octets in base64, in a string that never grew.
pub(crate) fn encode(octets: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(octets))
}

/// The octets that a text stands for, or `None` where it is not exactly base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
