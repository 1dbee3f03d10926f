use fastrand::Rng;

/// A number below two to the power of `bits`: small ones are as likely as large ones.
pub(crate) fn spread(rng: &mut Rng, bits: u32) -> usize {
    let bits = rng.u32(..=bits);
    rng.usize(..1 << bits)
}
