//! The client certificate, from PEM.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use thiserror::Error as ThisError;
use zeroize::Zeroizing;

use super::options::not_configured;
use crate::error::{Error, TlsError};

/// A certificate that the client presents, with its private key.
///
/// A server can verify it in the handshake, and derive the user from it: see
/// [`Login::certificate`](crate::Login::certificate). This copy of the private key is wiped from
/// memory when the last clone is dropped. The cryptography provider makes its own copies, and may
/// not wipe them.
#[derive(Clone)]
pub struct ClientCertificate {
    inner: Arc<Inner>,
}

struct Inner {
    chain: Vec<CertificateDer<'static>>,
    key: Zeroizing<PrivateKeyDer<'static>>,
}

/// Why a client certificate cannot be used: which part of the PEM text is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ClientCertificateError {
    /// The first text contains no certificate.
    #[error(
        "no certificate found: the PEM text needs a section -----BEGIN CERTIFICATE-----, with the \
         client's own certificate first"
    )]
    NoCertificate,
    /// A certificate cannot be decoded.
    #[error("certificate {number} in the PEM text is damaged")]
    DamagedCertificate {
        /// Its position in the text, from 1.
        number: usize,
    },
    /// The second text contains no private key.
    #[error("no private key found: the PEM text needs a section -----BEGIN PRIVATE KEY-----")]
    NoKey,
    /// The private key is encrypted with a passphrase.
    #[error(
        "the private key is encrypted with a passphrase: decrypt it first, with openssl pkey -in \
         key.pem -out decrypted.pem"
    )]
    EncryptedKey,
    /// The private key cannot be decoded.
    #[error("the private key in the PEM text is damaged")]
    DamagedKey,
    /// The private key belongs to another certificate.
    #[error("the private key does not belong to the first certificate")]
    KeyMismatch,
    /// The cryptography provider does not accept the key.
    #[error("the private key cannot be used: {0}")]
    UnsupportedKey(String),
}

impl From<ClientCertificateError> for TlsError {
    fn from(error: ClientCertificateError) -> Self {
        not_configured(&alloc::format!("client certificate: {error}"))
    }
}

impl From<ClientCertificateError> for Error {
    fn from(error: ClientCertificateError) -> Self {
        TlsError::from(error).into()
    }
}

impl ClientCertificate {
    /// Parses PEM texts (RFC 7468): one with the certificate of the client, followed by those of the
    /// authorities that issued it, if the server needs them; and one with the private key, in
    /// PKCS#8, PKCS#1 or SEC1. If both are in one text, pass it twice.
    ///
    /// Whether the key belongs to the certificate is checked when TLS is set up, because that needs
    /// the cryptography provider. [`TlsOptions::client_config`](super::TlsOptions::client_config)
    /// checks it immediately.
    ///
    /// # Errors
    ///
    /// The part that is missing or wrong.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, ClientCertificateError> {
        let mut chain = Vec::new();
        for (number, found) in (1..).zip(CertificateDer::pem_slice_iter(certificate)) {
            let damaged = ClientCertificateError::DamagedCertificate { number };
            let der = found.map_err(|_| damaged.clone())?;
            ParsedCertificate::try_from(&der).map_err(|_| damaged)?;
            chain.push(der);
        }
        if chain.is_empty() {
            return Err(ClientCertificateError::NoCertificate);
        }
        let key = match PrivateKeyDer::from_pem_slice(key) {
            Ok(key) => Zeroizing::new(key),
            Err(_) if is_encrypted(key) => return Err(ClientCertificateError::EncryptedKey),
            Err(PemError::NoItemsFound) => return Err(ClientCertificateError::NoKey),
            Err(_) => return Err(ClientCertificateError::DamagedKey),
        };
        let inner = Arc::new(Inner { chain, key });
        Ok(Self { inner })
    }

    /// Checks the key with this provider, and returns what rustls needs.
    pub(super) fn resolver(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Arc<dyn ResolvesClientCert>, ClientCertificateError> {
        let Inner { chain, key } = &*self.inner;
        let certified = CertifiedKey::from_der(chain.clone(), key.clone_key(), provider);
        match certified {
            Ok(certified) => Ok(Arc::new(SingleCertAndKey::from(certified))),
            Err(rustls::Error::InconsistentKeys(_)) => Err(ClientCertificateError::KeyMismatch),
            Err(error) => Err(ClientCertificateError::UnsupportedKey(error.to_string())),
        }
    }
}

/// Returns whether a PEM text has an encrypted private key, in PKCS#8 (RFC 7468 section 11) or in
/// the older form of OpenSSL (RFC 1421 section 4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let contains = |text: &[u8]| memchr::memmem::find(pem, text).is_some();
    contains(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || contains(b"Proc-Type: 4,ENCRYPTED")
}

/// Two values are equal if one is a clone of the other.
impl PartialEq for ClientCertificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for ClientCertificate {}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("certificates", &self.inner.chain.len())
            .finish_non_exhaustive()
    }
}
