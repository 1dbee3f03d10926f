//! An MD5 digest as `APOP` and CRAM-MD5 write it.

/// Lower-case hexadecimal.
pub(crate) fn lower(digest: [u8; 16]) -> [u8; 32] {
    let mut hex = [0; 32];
    for (pair, octet) in hex.chunks_exact_mut(2).zip(digest) {
        for (digit, nibble) in pair.iter_mut().zip([octet >> 4, octet & 15]) {
            *digit = if nibble < 10 {
                b'0' + nibble
            } else {
                b'a' + nibble - 10
            };
        }
    }
    hex
}
