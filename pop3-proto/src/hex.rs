//! An MD5 digest as `APOP` and CRAM-MD5 write it.

use alloc::string::String;

use zeroize::Zeroizing;

/// Lower-case hexadecimal, in a string that never grew.
pub(crate) fn lower(digest: &[u8]) -> Zeroizing<String> {
    let mut hex = Zeroizing::new(String::with_capacity(2 * digest.len()));
    for octet in digest {
        for nibble in [octet >> 4, octet & 15] {
            hex.extend(char::from_digit(nibble.into(), 16));
        }
    }
    hex
}
