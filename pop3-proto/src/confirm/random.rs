//! Random numbers that cannot be predicted without the key: a keyed hash in counter mode.

use core::fmt;

use hmac::Mac as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::mac::keyed;

/// A generator of random numbers.
pub(crate) struct Random {
    key: Zeroizing<[u8; 32]>,
    blocks: u64,
    block: [u8; 32],
    used: usize,
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(..)")
    }
}

impl Random {
    pub(super) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self {
            key,
            blocks: 0,
            block: [0; 32],
            used: 32,
        }
    }

    fn next(&mut self) -> u64 {
        if self.used >= self.block.len() {
            let mac = keyed::<Sha256>(self.key.as_slice()).chain_update(self.blocks.to_be_bytes());
            self.block = mac.finalize().into_bytes().into();
            self.blocks += 1;
            self.used = 0;
        }
        let word = self.block.iter().skip(self.used).take(8);
        self.used += 8;
        word.fold(0, |word, octet| word << 8 | u64::from(*octet))
    }

    /// Returns a number below `limit`; 0 if that is 0.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // The high half of a product is uniform to within 2^-32 for any listing, and needs no
        // division.
        let product = u128::from(self.next()) * limit as u128;
        (product >> 64) as usize
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}
