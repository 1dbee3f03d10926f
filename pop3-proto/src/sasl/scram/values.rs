//! Values that a login chooses before the exchange begins.

use core::fmt;
use core::ops::RangeInclusive;

/// The bounds of the iteration count, unless a policy changes them.
pub(crate) const ITERATIONS: RangeInclusive<u32> = 4_096..=1_000_000;

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScramHash {
    /// SHA-1 (RFC 5802). It is still secure in HMAC.
    Sha1,
    /// SHA-256 (RFC 7677).
    Sha256,
    /// SHA-512. The mechanism works as in RFC 7677, with another hash function.
    Sha512,
}

/// The client's flag for channel binding in the GS2 header (RFC 5802 section 6).
///
/// An exchange that is bound to its TLS channel fails if a man in the middle forwards it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binding {
    /// `n`: the client does not support channel binding, or does not use it.
    Off,
    /// `y`: the client supports channel binding, but the server does not advertise a `-PLUS`
    /// mechanism. A server that did advertise one can detect from this flag that an attacker
    /// removed it from the list.
    NotOffered,
    /// `p=tls-exporter`, for a `-PLUS` mechanism: 32 octets of keying material that TLS 1.3 exports
    /// under the label `EXPORTER-Channel-Binding` without a context (RFC 9266).
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
