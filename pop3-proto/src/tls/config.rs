//! Whom to trust, and with which cryptography.

use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::pinned::PinnedRoots;
use crate::error::{TlsError, TlsErrorKind};

/// How a [`Connection`](crate::Connection) does TLS: to which name, and by which rules.
#[derive(Clone)]
pub struct ClientTls {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
    pub(super) alpn: bool,
}

impl ClientTls {
    /// TLS to `host`, by the rules of `config`. The certificate has to be for `host`, a DNS name or
    /// an IP address: the name that the user gave, never one that the network told (RFC 2595
    /// section 2.4).
    ///
    /// # Errors
    ///
    /// [`TlsErrorKind::Certificate`] when `host` is no name that a certificate could have.
    pub fn new(config: Arc<ClientConfig>, host: &str) -> Result<Self, TlsError> {
        let name = ServerName::try_from(host.to_string()).map_err(|_| {
            TlsError::new(
                TlsErrorKind::Certificate,
                "no certificate can be for this host name",
            )
        })?;
        Ok(Self {
            config,
            name,
            alpn: true,
        })
    }

    /// Does not offer the protocol `pop3` (ALPN, RFC 7301): for a server that hangs up on it. ALPN
    /// keeps other services' TLS from being mistaken for POP3.
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

/// Whose certificates are trusted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Roots {
    /// Mozilla's list, compiled in.
    #[cfg(feature = "webpki-roots")]
    Webpki,
    /// The operating system's verifier.
    #[cfg(feature = "platform-verifier")]
    Platform,
    /// These and no others. A server may present one of them as its own certificate, also one of an
    /// authority (`CA:TRUE`): self-signed certificates of appliances often are. Names and dates are
    /// verified as always.
    Only(Vec<CertificateDer<'static>>),
}

impl Roots {
    /// The certificates in PEM text, and no others.
    ///
    /// # Errors
    ///
    /// [`TlsErrorKind::NotConfigured`] when the text holds no certificate, or a damaged one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsError> {
        let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match roots {
            Ok(roots) if !roots.is_empty() => Ok(Self::Only(roots)),
            Ok(_) => Err(not_configured("there is no certificate in the PEM text")),
            Err(error) => Err(not_configured(&error)),
        }
    }

    /// Mozilla's list if it is compiled in, else the operating system's verifier if that is.
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

/// The provider that the process installed, else ring if it is compiled in, else aws-lc-rs if that
/// is. Enabling another feature somewhere in a program does not change a choice that was made.
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

/// A client configuration: TLS 1.2 and 1.3, certificates verified against `roots`, no client
/// certificate, no early data. For anything else build a [`ClientConfig`] by hand.
///
/// # Errors
///
/// [`TlsErrorKind::NotConfigured`] when no cryptography provider is compiled in or installed, or
/// when the roots cannot be used.
pub fn client_config(roots: Roots) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = default_provider().ok_or_else(|| {
        not_configured("no cryptography: enable the feature `ring` or `aws-lc-rs`")
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
                    .map_err(|error| not_configured(&error))?;
            }
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                .build()
                .map_err(|error| not_configured(&error))?;
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(PinnedRoots { roots, inner }))
        }
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

fn not_configured(cause: &(impl fmt::Display + ?Sized)) -> TlsError {
    TlsError::new(TlsErrorKind::NotConfigured, cause.to_string())
}
