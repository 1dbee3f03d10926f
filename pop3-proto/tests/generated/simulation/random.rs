//! Random numbers of all magnitudes.
//!
//! Uniform numbers would nearly always be large, so small sizes and delays would not be tested.

use fastrand::Rng;

/// Returns a number below two to the power of `bits`. Small numbers are as likely as large ones.
pub(crate) fn spread(rng: &mut Rng, bits: u32) -> usize {
    let bits = rng.u32(..=bits);
    rng.usize(..1 << bits)
}
