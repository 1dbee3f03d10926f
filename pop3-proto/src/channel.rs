//! How the octets of a connection are transported, and the result of a TLS handshake.

use alloc::string::String;
use core::fmt;

use thiserror::Error as ThisError;

/// How the octets of a connection are transported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Channel {
    /// Cleartext, usually on port 110. STLS can encrypt it.
    Plain,
    /// Implicit TLS: TLS from the first octet, usually on port 995 (RFC 8314). Preferred.
    ImplicitTls,
    /// Cleartext over a transport that the caller trusts, such as a Unix socket or a tunnel. Logins
    /// treat it like a connection with TLS.
    TrustedByCaller,
}

/// How a TLS handshake was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handshake {
    /// A full handshake: the server presented its certificate.
    Full,
    /// A full handshake with one more round trip, because the server wanted another key exchange
    /// (`HelloRetryRequest`, RFC 8446 section 4.1.4).
    FullWithRetry,
    /// An earlier session was resumed. The server proved that it knows the secret of that session,
    /// and its certificate was not verified again.
    Resumed,
}

/// The `tls-server-end-point` channel binding: a hash of the server's certificate (RFC 5929 section
/// 4).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EndPoint {
    octets: [u8; 64],
    len: u8,
}

impl EndPoint {
    /// Creates the value from the hash of a certificate, for a caller whose TLS stack computes it.
    /// `None` unless it has the length of SHA-224, SHA-256, SHA-384 or SHA-512.
    ///
    /// `tls::server_end_point` computes it from the certificate.
    pub fn from_hash(hash: &[u8]) -> Option<Self> {
        if !matches!(hash.len(), 28 | 32 | 48 | 64) {
            return None;
        }
        let mut octets = [0; 64];
        octets.get_mut(..hash.len())?.copy_from_slice(hash);
        let len = u8::try_from(hash.len()).ok()?;
        Some(Self { octets, len })
    }

    /// Returns the hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.len.into()).unwrap_or_default()
    }
}

impl fmt::Debug for EndPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndPoint(..)")
    }
}

/// Why a connection has no `tls-server-end-point` channel binding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum NoEndPoint {
    /// The TLS stack of the caller did not provide it (`TlsInfo::end_point`).
    #[default]
    #[error("the TLS stack provided no hash of the server's certificate (TlsInfo::end_point)")]
    NotProvided,
    /// The server presented no certificate.
    #[error("the server presented no certificate")]
    NoCertificate,
    /// The algorithm of the certificate's signature has no hash function of its own, so RFC 5929
    /// does not define the binding. Examples are Ed25519 and Ed448.
    #[error(
        "RFC 5929 defines no hash for a certificate that is signed with Ed25519 or a similar \
         algorithm"
    )]
    Undefined,
    /// The algorithm of the certificate's signature is unknown.
    #[error("the certificate is signed with an algorithm whose hash is unknown")]
    UnknownAlgorithm,
    /// The certificate is not valid DER.
    #[error("the server's certificate is damaged")]
    Damaged,
}

/// The result of a TLS handshake.
///
/// A caller with its own TLS stack passes it to
/// [`Connection::tls_established`](crate::Connection::tls_established). Start from the default, and
/// set the fields that the stack knows.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The protocol version, such as `TLSv1_3`.
    pub protocol: Option<String>,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: Option<String>,
    /// Whether the server agreed to the protocol `pop3` (ALPN, RFC 7301).
    pub alpn: bool,
    /// Whether the handshake was full or resumed an earlier session, if that is known.
    pub handshake: Option<Handshake>,
    /// Whether the certificate of the server was accepted without verification
    /// (`Roots::DangerAcceptAnyCertificate`). The server may then be an attacker.
    pub unverified: bool,
    /// The `tls-exporter` channel binding (RFC 9266). Only TLS 1.3 has it.
    pub exporter: Option<[u8; 32]>,
    /// The `tls-server-end-point` channel binding (RFC 5929), or why there is none. It is used if
    /// there is no [`exporter`](Self::exporter).
    pub end_point: Result<EndPoint, NoEndPoint>,
}

impl Default for TlsInfo {
    fn default() -> Self {
        Self {
            protocol: None,
            cipher_suite: None,
            alpn: false,
            handshake: None,
            unverified: false,
            exporter: None,
            end_point: Err(NoEndPoint::default()),
        }
    }
}

/// Writes version and cipher suite, such as `TLS 1.3, TLS13_AES_256_GCM_SHA384`, and a warning if
/// the certificate was not verified.
impl fmt::Display for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.protocol.as_deref() {
            Some("TLSv1_3") => "TLS 1.3",
            Some("TLSv1_2") => "TLS 1.2",
            Some(protocol) => protocol,
            None => "TLS",
        })?;
        if let Some(suite) = &self.cipher_suite {
            write!(f, ", {suite}")?;
        }
        if self.unverified {
            f.write_str(", CERTIFICATE NOT VERIFIED")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInfo")
            .field("protocol", &self.protocol)
            .field("cipher_suite", &self.cipher_suite)
            .field("alpn", &self.alpn)
            .field("handshake", &self.handshake)
            .field("unverified", &self.unverified)
            .finish_non_exhaustive()
    }
}
