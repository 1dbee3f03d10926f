//! Which servers are trusted.

use alloc::vec::Vec;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::options::not_configured;
use crate::error::TlsError;

/// Which certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Any server: **no certificate is verified at all**. This is for a test network only.
    ///
    /// Everyone on the network path can then pretend to be the server, read the password and the
    /// mail, and change both. A login with SCRAM and required
    /// [`ChannelBinding`](crate::login::ChannelBinding) still detects that; other logins do not.
    /// [`TlsInfo::unverified`](super::TlsInfo::unverified) is true, and its `Display` shows it. A
    /// server with a self-signed certificate does not need this: use [`Roots::Only`] or
    /// [`Roots::Pinned`].
    DangerAcceptAnyCertificate,
}

impl Roots {
    /// Trusts only the certificates in a PEM text.
    ///
    /// # Errors
    ///
    /// [`NotConfigured`](crate::error::TlsErrorKind::NotConfigured) if the text contains no
    /// certificate, or a damaged one.
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
