//! What carries the octets of a connection, and what a handshake negotiated.

use alloc::string::String;
use core::fmt;

/// What carries the octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channel {
    /// In clear, port 110; STLS can make it private.
    Plain,
    /// TLS from the first octet, port 995 (RFC 8314): the preferred way.
    ImplicitTls,
    /// In clear over what the caller trusts: a Unix socket, a tunnel. As good as TLS for policy.
    TrustedByCaller,
}

/// What a TLS handshake ended with.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The protocol version, such as `TLSv1_3`.
    pub protocol: Option<String>,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: Option<String>,
    /// Whether the server agreed to the protocol `pop3` (ALPN, RFC 7301).
    pub alpn: bool,
    /// The `tls-exporter` channel binding (RFC 9266): TLS 1.3 only.
    pub exporter: Option<[u8; 32]>,
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
