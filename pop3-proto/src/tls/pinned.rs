//! Trusted certificates that a server presents as its own.

use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// Verifies certificates as rustls does, with one exception: the server's own certificate may be a
/// CA certificate (`CA:TRUE`) if it is identical to one of the roots. Many appliances have such a
/// certificate. A user who configures it as a root already trusts it to sign any other certificate.
///
/// Its dates, its names and the signatures of the handshake are still verified.
#[derive(Debug)]
pub(super) struct PinnedRoots {
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) inner: Arc<WebPkiServerVerifier>,
}

impl PinnedRoots {
    /// Returns whether the only error of a certificate, apart from its names, is that it is a CA
    /// certificate.
    fn is_valid_except_for_ca(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
        error: &Error,
    ) -> bool {
        if !is_ca_as_end_entity(error) {
            return false;
        }
        // This is only safe if the verifier checks the dates before it reports a CA certificate. To
        // make sure, verify again at the latest possible time: the error must then be about the
        // date. If rustls ever changes the order, nothing more is accepted than before.
        let end_of_time = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        let verified_late = self
            .inner
            .verify_server_cert(end_entity, &[], name, &[], end_of_time);
        matches!(
            verified_late,
            Err(Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. }
            ))
        )
    }
}

/// Returns whether a server's certificate was rejected because it is a CA certificate.
pub(super) fn is_ca_as_end_entity(error: &Error) -> bool {
    // rustls has no variant for this error and hides its type. All versions of rustls print the
    // name of webpki's variant.
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::Other(other))
            if other.0.to_string() == "CaUsedAsEndEntity"
    )
}

impl ServerCertVerifier for PinnedRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.inner
                .verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
        match verified {
            Err(error)
                if self.roots.iter().any(|root| root == end_entity)
                    && self.is_valid_except_for_ca(end_entity, name, &error) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
