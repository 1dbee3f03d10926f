//! Digests in hexadecimal, as `APOP` and CRAM-MD5 send them.

use alloc::string::String;

use zeroize::Zeroizing;

/// Encodes a digest in lower-case hexadecimal, in a string that is never reallocated.
pub(crate) fn lower(digest: &[u8]) -> Zeroizing<String> {
    let mut hex = Zeroizing::new(String::with_capacity(2 * digest.len()));
    for octet in digest {
        for nibble in [octet >> 4, octet & 15] {
            hex.extend(char::from_digit(nibble.into(), 16));
        }
    }
    hex
}
