//! Pinned public keys, which replace the verification of certificates.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use sha2::{Digest as _, Sha256};

use crate::hex;

/// Accepts a server that proves, by the signatures of the handshake, that it has one of these keys.
///
/// The key identifies the server, so the issuer, the names and the dates of the certificate are
/// ignored. RFC 7671 section 5.1 has the same rule for the TLSA records `3 1 1`.
#[derive(Debug)]
pub(super) struct PinnedKeys {
    /// SHA-256 digests of `SubjectPublicKeyInfo` in DER.
    pub(super) digests: Vec<[u8; 32]>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

/// The digest of a server's key that is not pinned.
#[derive(Debug)]
pub(super) struct UnknownKey([u8; 32]);

impl fmt::Display for UnknownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the server's public key is not pinned (Roots::Pinned): its SHA-256 digest is ",
        )?;
        f.write_str(&hex::lower(&self.0))
    }
}

impl core::error::Error for UnknownKey {}

impl ServerCertVerifier for PinnedKeys {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let digest = Sha256::digest(&key).into();
        if self.digests.contains(&digest) {
            return Ok(ServerCertVerified::assertion());
        }
        let unknown = OtherError(Arc::new(UnknownKey(digest)));
        Err(CertificateError::Other(unknown).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
