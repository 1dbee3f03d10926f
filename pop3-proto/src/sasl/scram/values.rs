//! What a login decides about SCRAM before there is an exchange.

use core::fmt;
use core::ops::RangeInclusive;

/// Fewest and most iterations that are computed unless a policy says otherwise.
pub(crate) const ITERATIONS: RangeInclusive<u32> = 4_096..=1_000_000;

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScramHash {
    /// SHA-1 (RFC 5802). HMAC still bears it.
    Sha1,
    /// SHA-256 (RFC 7677).
    Sha256,
    /// SHA-512, as RFC 7677 with the name changed.
    Sha512,
}

/// What the client says about channel binding: the flag of the GS2 header (RFC 5802 section 6).
///
/// Bound to its TLS channel, an exchange that somebody in the middle passes on fails.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binding {
    /// `n`: this side cannot, or does not want to.
    Off,
    /// `y`: this side can, and the server lists no `-PLUS`. One that does list it then knows that
    /// somebody took it out of the list.
    NotOffered,
    /// `p=tls-exporter`, which makes it a `-PLUS` mechanism: 32 octets of keying material that TLS
    /// 1.3 exports under the label `EXPORTER-Channel-Binding` without a context (RFC 9266).
    TlsExporter([u8; 32]),
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::NotOffered => "NotOffered",
            Self::TlsExporter(_) => "TlsExporter(..)",
        })
    }
}
