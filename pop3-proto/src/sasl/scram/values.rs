//! Values that a login chooses before the exchange begins.

use core::fmt;
use core::ops::RangeInclusive;

use crate::channel::EndPoint;

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
    /// `p=tls-server-end-point`, for a `-PLUS` mechanism: the hash of the server's certificate (RFC
    /// 5929 section 4).
    TlsServerEndPoint(EndPoint),
}

impl Binding {
    /// Returns the flag of the GS2 header (RFC 5802 section 7).
    #[cfg(feature = "scram")]
    pub(super) fn flag(&self) -> &'static str {
        match self {
            Self::Off => "n",
            Self::NotOffered => "y",
            Self::TlsExporter(_) => "p=tls-exporter",
            Self::TlsServerEndPoint(_) => "p=tls-server-end-point",
        }
    }

    /// Returns the channel binding data, which follows the GS2 header in `c=`.
    #[cfg(feature = "scram")]
    pub(super) fn data(&self) -> &[u8] {
        match self {
            Self::Off | Self::NotOffered => &[],
            Self::TlsExporter(material) => material,
            Self::TlsServerEndPoint(end_point) => end_point.as_bytes(),
        }
    }

    /// Returns whether it needs a `-PLUS` mechanism.
    pub(crate) fn is_bound(&self) -> bool {
        match self {
            Self::Off | Self::NotOffered => false,
            Self::TlsExporter(_) | Self::TlsServerEndPoint(_) => true,
        }
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::NotOffered => "NotOffered",
            Self::TlsExporter(_) => "TlsExporter(..)",
            Self::TlsServerEndPoint(_) => "TlsServerEndPoint(..)",
        })
    }
}
