//! TLS under a connection: what the state machine knows of it, and the layer that does it.

#[cfg(feature = "rustls")]
mod config;
#[cfg(feature = "rustls")]
mod layer;
#[cfg(not(feature = "rustls"))]
mod none;
#[cfg(feature = "rustls")]
mod pinned;

use alloc::string::String;
use core::fmt;

#[cfg(feature = "rustls")]
pub use config::{ClientTls, Roots, client_config, default_provider};
#[cfg(feature = "rustls")]
pub(crate) use layer::Layer;
#[cfg(not(feature = "rustls"))]
pub(crate) use none::{ClientTls, Layer};

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
