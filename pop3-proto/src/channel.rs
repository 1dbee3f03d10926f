//! How the octets of a connection are transported, and the result of a TLS handshake.

use alloc::string::String;
use core::fmt;

/// How the octets of a connection are transported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The result of a TLS handshake.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The protocol version, such as `TLSv1_3`.
    pub protocol: Option<String>,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: Option<String>,
    /// Whether the server agreed to the protocol `pop3` (ALPN, RFC 7301).
    pub alpn: bool,
    /// The `tls-exporter` channel binding (RFC 9266). Only TLS 1.3 has it.
    pub exporter: Option<[u8; 32]>,
}

/// Writes version and cipher suite, such as `TLS 1.3, TLS13_AES_256_GCM_SHA384`.
impl fmt::Display for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.protocol.as_deref() {
            Some("TLSv1_3") => "TLS 1.3",
            Some("TLSv1_2") => "TLS 1.2",
            Some(protocol) => protocol,
            None => "TLS",
        })?;
        match &self.cipher_suite {
            Some(suite) => write!(f, ", {suite}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for TlsInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsInfo")
            .field("protocol", &self.protocol)
            .field("cipher_suite", &self.cipher_suite)
            .field("alpn", &self.alpn)
            .finish_non_exhaustive()
    }
}
