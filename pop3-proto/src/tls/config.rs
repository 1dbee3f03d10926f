//! TLS settings: host name, trusted certificates, cryptography.

use alloc::format;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::keys::PinnedKeys;
use super::pinned::PinnedRoots;
use crate::error::{TlsError, TlsErrorKind};
use crate::text::Escaped;

/// The TLS settings of a [`Connection`](crate::Connection): the name of the server, and how it is
/// verified.
#[derive(Clone)]
pub struct ClientTls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
    pub(super) alpn: bool,
}

impl ClientTls {
    /// Creates settings for TLS to `host`. `host` is a DNS name or an IP address, and the server's
    /// certificate must be valid for it. Pass the name that the user entered, never one that came
    /// from the network (RFC 2595 section 2.4).
    ///
    /// # Errors
    ///
    /// [`TlsErrorKind::Certificate`] if `host` is neither a DNS name nor an IP address.
    pub fn new(config: Arc<ClientConfig>, host: &str) -> Result<Self, TlsError> {
        let name = ServerName::try_from(host.to_string()).map_err(|_| {
            let text = format!(
                "the host name \"{}\" is neither a DNS name nor an IP address, so no certificate can be \
                 valid for it",
                Escaped(host.as_bytes())
            );
            TlsError::new(TlsErrorKind::Certificate, text)
        })?;
        Ok(Self {
            config,
            name,
            alpn: true,
        })
    }

    /// Disables ALPN (RFC 7301), which offers the protocol `pop3`. Use this for a server that
    /// closes the connection because of ALPN. ALPN makes sure that a TLS connection to another
    /// service is not used for POP3.
    #[must_use]
    pub fn without_alpn(self) -> Self {
        Self {
            alpn: false,
            ..self
        }
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("name", &self.name)
            .field("alpn", &self.alpn)
            .finish_non_exhaustive()
    }
}

/// Which certificates are trusted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Roots {
    /// Mozilla's list of certificate authorities, which is compiled in.
    #[cfg(feature = "webpki-roots")]
    Webpki,
    /// The operating system's verifier.
    #[cfg(feature = "platform-verifier")]
    Platform,
    /// Only these certificates. A server may present one of them as its own, even if it is a CA
    /// certificate (`CA:TRUE`). The self-signed certificates of appliances often are CA
    /// certificates. Names and dates are verified as always.
    Only(Vec<CertificateDer<'static>>),
    /// Only servers that have one of these keys. Each value is the SHA-256 digest of the public key
    /// in the server's own certificate (`SubjectPublicKeyInfo` in DER, as in RFC 7469 section 2.4).
    /// The signatures of the handshake are verified. **Issuer, names and dates are ignored**,
    /// because the key identifies the server. To survive a change of the key, also pin the next
    /// one.
    ///
    /// ```sh
    /// openssl x509 -in server.pem -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum
    /// ```
    Pinned(Vec<[u8; 32]>),
}

impl Roots {
    /// Trusts only the certificates in a PEM text.
    ///
    /// # Errors
    ///
    /// [`TlsErrorKind::NotConfigured`] if the text contains no certificate, or a damaged one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsError> {
        let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match roots {
            Ok(roots) if !roots.is_empty() => Ok(Self::Only(roots)),
            Ok(_) => Err(not_configured("no certificate found in the PEM text")),
            Err(_) => Err(not_configured("a certificate in the PEM text is damaged")),
        }
    }

    /// Returns Mozilla's list if it is compiled in. Otherwise returns the operating system's
    /// verifier if that is compiled in.
    #[must_use]
    pub fn default_roots() -> Option<Self> {
        #[cfg(feature = "webpki-roots")]
        return Some(Self::Webpki);
        #[cfg(all(feature = "platform-verifier", not(feature = "webpki-roots")))]
        return Some(Self::Platform);
        #[cfg(not(any(feature = "platform-verifier", feature = "webpki-roots")))]
        return None;
    }
}

/// Returns the provider that the process installed. If there is none, returns ring or aws-lc-rs,
/// whichever is compiled in; ring is preferred. The result therefore does not change if another
/// crate also enables `aws-lc-rs`.
#[must_use]
pub fn default_provider() -> Option<Arc<CryptoProvider>> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Some(Arc::clone(installed));
    }
    #[cfg(feature = "ring")]
    return Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    return Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
    return None;
}

/// Creates a client configuration with TLS 1.2 and 1.3. Certificates are verified against `roots`.
/// There is no client certificate and no early data. For anything else, build a [`ClientConfig`]
/// yourself.
///
/// # Errors
///
/// [`TlsErrorKind::NotConfigured`] if no cryptography provider is compiled in or installed, or if
/// the roots cannot be used.
pub fn client_config(roots: Roots) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = default_provider().ok_or_else(|| {
        not_configured("no cryptography provider: enable the feature `ring` or `aws-lc-rs`")
    })?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| not_configured(&error))?;
    let config = match roots {
        #[cfg(feature = "webpki-roots")]
        Roots::Webpki => builder.with_root_certificates(RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        }),
        #[cfg(feature = "platform-verifier")]
        Roots::Platform => {
            use rustls_platform_verifier::BuilderVerifierExt as _;
            builder
                .with_platform_verifier()
                .map_err(|error| not_configured(&error))?
        }
        Roots::Only(roots) => {
            let mut store = RootCertStore::empty();
            for root in &roots {
                store
                    .add(root.clone())
                    .map_err(|_| not_configured("a root certificate is damaged"))?;
            }
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                .build()
                .map_err(|error| not_configured(&error))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(PinnedRoots { roots, inner }))
        }
        Roots::Pinned(digests) if digests.is_empty() => {
            return Err(not_configured("no key is pinned"));
        }
        Roots::Pinned(digests) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(PinnedKeys {
                digests,
                algorithms: provider.signature_verification_algorithms,
            })),
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

fn not_configured(cause: &(impl fmt::Display + ?Sized)) -> TlsError {
    TlsError::new(TlsErrorKind::NotConfigured, cause.to_string())
}
