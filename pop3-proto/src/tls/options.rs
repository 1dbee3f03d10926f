//! The TLS options of a [`Connector`](crate::Connector), and the configuration of rustls that is
//! built from them.

use alloc::format;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use super::any::AnyCertificate;
use super::certificate::ClientCertificate;
use super::client::ClientTls;
use super::keys::PinnedKeys;
use super::pinned::PinnedRoots;
use super::roots::Roots;
use crate::error::{TlsError, TlsErrorKind};

/// How TLS is done: which servers are trusted, and what this side presents and supports.
///
/// The default verifies the server's certificate with the [default roots](Roots::default_roots),
/// supports TLS 1.2 and 1.3, and presents no client certificate. Start from it, and change fields:
///
/// ```no_run
/// use pop3_proto::Connector;
/// use pop3_proto::tls::{ClientCertificate, Roots, TlsVersions};
///
/// let mut connector = Connector::default();
/// connector.tls.roots = Some(Roots::from_pem(&std::fs::read("ca.pem")?)?);
/// let (certificate, key) = (std::fs::read("client.pem")?, std::fs::read("client.key")?);
/// connector.tls.client_certificate = Some(ClientCertificate::from_pem(&certificate, &key)?);
/// connector.tls.versions = TlsVersions::OnlyTls13;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct TlsOptions {
    /// Which servers are trusted. `None` means [`Roots::default_roots`].
    pub roots: Option<Roots>,
    /// The certificate that this side presents if the server asks for one.
    pub client_certificate: Option<ClientCertificate>,
    /// The versions of TLS that are offered.
    pub versions: TlsVersions,
    /// The cryptography. `None` means [`default_provider`].
    pub provider: Option<Arc<CryptoProvider>>,
    /// Whether the protocol `pop3` is offered (ALPN, RFC 7301). The default is true. It makes sure
    /// that a TLS connection to another service is not used for POP3. Some servers close the
    /// connection because of it.
    pub alpn: bool,
    /// A complete configuration of rustls, for anything that the other fields do not have. It
    /// replaces `roots`, `client_certificate`, `versions` and `provider`, which must not be set then.
    /// Its ALPN protocols are offered instead of `pop3`, if it has any and `alpn` is true. Early
    /// data is never sent.
    pub config: Option<Arc<ClientConfig>>,
}

/// The versions of TLS that are offered. Older ones are not supported, because they are broken (RFC
/// 8996).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersions {
    /// TLS 1.2 and TLS 1.3; the server chooses the newest that it supports.
    #[default]
    Tls12AndTls13,
    /// Only TLS 1.3 (RFC 8446).
    OnlyTls13,
    /// Only TLS 1.2 (RFC 5246), for a server that fails when TLS 1.3 is offered.
    OnlyTls12,
}

impl TlsVersions {
    fn of_rustls(self) -> Vec<&'static SupportedProtocolVersion> {
        match self {
            Self::Tls12AndTls13 => vec![&version::TLS13, &version::TLS12],
            Self::OnlyTls13 => vec![&version::TLS13],
            Self::OnlyTls12 => vec![&version::TLS12],
        }
    }
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            roots: None,
            client_certificate: None,
            versions: TlsVersions::default(),
            provider: None,
            alpn: true,
            config: None,
        }
    }
}

impl TlsOptions {
    /// Returns the default options, with these roots.
    #[must_use]
    pub fn trusting(roots: Roots) -> Self {
        Self {
            roots: Some(roots),
            ..Self::default()
        }
    }

    /// Checks these options, and builds the configuration of rustls. A program that has no
    /// [`Connector`](crate::Connector) should keep the result, because it contains the sessions that
    /// can be resumed.
    ///
    /// # Errors
    ///
    /// [`TlsErrorKind::NotConfigured`] if the options contradict each other, if there are no roots
    /// or no cryptography provider, or if the roots or the client certificate cannot be used. Also
    /// with [`Roots::DangerAcceptAnyCertificate`], because [`TlsInfo`](super::TlsInfo) could not show
    /// it: use [`client_tls`](Self::client_tls) or a connector.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        if self.is_unverified() {
            return Err(not_configured(
                "Roots::DangerAcceptAnyCertificate needs a Connector or TlsOptions::client_tls",
            ));
        }
        self.build()
    }

    /// Checks these options, and returns the settings of one connection to `host`. See
    /// [`ClientTls::new`] about the host.
    ///
    /// # Errors
    ///
    /// [`TlsErrorKind::NotConfigured`] as for [`client_config`](Self::client_config), and
    /// [`TlsErrorKind::Certificate`] as for [`ClientTls::new`].
    pub fn client_tls(&self, host: &str) -> Result<ClientTls, TlsError> {
        let tls = ClientTls::on_demand(&Arc::default(), self, host);
        tls.check()?;
        Ok(tls)
    }

    pub(super) fn build(&self) -> Result<Arc<ClientConfig>, TlsError> {
        if let Some(config) = &self.config {
            self.check_alone()?;
            return Ok(Arc::clone(config));
        }
        let roots = self.roots.clone().or_else(Roots::default_roots);
        let roots = roots.ok_or_else(|| {
            not_configured(
                "no roots: enable the feature `webpki-roots` or `platform-verifier`, or set \
                 TlsOptions::roots",
            )
        })?;
        let provider = self.provider.clone().or_else(default_provider);
        let provider = provider.ok_or_else(|| {
            not_configured(
                "no cryptography provider: enable the feature `ring` or `aws-lc-rs`, or set \
                 TlsOptions::provider",
            )
        })?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions.of_rustls())
            .map_err(|error| not_configured(&error))?;
        let builder = match roots {
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
                let provider = Arc::clone(&provider);
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
            Roots::Pinned(digests) => {
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(PinnedKeys {
                        digests,
                        algorithms: provider.signature_verification_algorithms,
                    }))
            }
            Roots::DangerAcceptAnyCertificate => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate {
                    algorithms: provider.signature_verification_algorithms,
                })),
        };
        let config = match &self.client_certificate {
            None => builder.with_no_client_auth(),
            Some(certificate) => {
                builder.with_client_cert_resolver(certificate.resolver(&provider)?)
            }
        };
        Ok(Arc::new(config))
    }

    /// Checks that no option is set that a complete configuration replaces.
    fn check_alone(&self) -> Result<(), TlsError> {
        let set = [
            ("roots", self.roots.is_some()),
            ("client_certificate", self.client_certificate.is_some()),
            ("versions", self.versions != TlsVersions::default()),
            ("provider", self.provider.is_some()),
        ];
        match set.iter().find(|(_, is_set)| *is_set) {
            None => Ok(()),
            Some((name, _)) => Err(not_configured(&format!(
                "TlsOptions::{name} has no effect together with TlsOptions::config: set only one of \
                 them"
            ))),
        }
    }

    /// Returns whether the certificates of servers are not verified.
    pub(super) fn is_unverified(&self) -> bool {
        self.roots == Some(Roots::DangerAcceptAnyCertificate)
    }
}

/// Compares providers and configurations by identity.
impl PartialEq for TlsOptions {
    fn eq(&self, other: &Self) -> bool {
        fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
            one.map(Arc::as_ptr) == other.map(Arc::as_ptr)
        }
        let Self {
            roots,
            client_certificate,
            versions,
            provider,
            alpn,
            config,
        } = self;
        *roots == other.roots
            && *client_certificate == other.client_certificate
            && *versions == other.versions
            && same(provider.as_ref(), other.provider.as_ref())
            && *alpn == other.alpn
            && same(config.as_ref(), other.config.as_ref())
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("roots", &self.roots)
            .field("client_certificate", &self.client_certificate)
            .field("versions", &self.versions)
            .field("provider", &self.provider.is_some())
            .field("alpn", &self.alpn)
            .field("config", &self.config.is_some())
            .finish()
    }
}

/// Returns the provider that the process installed. If there is none, returns ring or aws-lc-rs,
/// whichever is compiled in.
///
/// If both are compiled in, it is **ring**. Adding the feature `aws-lc-rs` without
/// `default-features = false` therefore still uses ring, because `ring` is a default feature of the
/// client crates. The advantage is that the result does not change if another crate of the program
/// also enables `aws-lc-rs`. To choose one, set [`TlsOptions::provider`], or install one for the
/// process.
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

pub(super) fn not_configured(cause: &(impl fmt::Display + ?Sized)) -> TlsError {
    TlsError::new(TlsErrorKind::NotConfigured, cause.to_string())
}
