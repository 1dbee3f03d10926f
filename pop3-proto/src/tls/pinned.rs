//! Roots that servers present as their own certificate.

use alloc::string::ToString as _;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// Verifies as rustls does, with one exception: a certificate of an authority (`CA:TRUE`) may be the
/// server's own if it is one of the roots, octet for octet. Many appliances have such a certificate,
/// and whoever configures it as a root trusts it to sign any other.
///
/// Its dates, its names and the signatures of the handshake are verified all the same.
#[derive(Debug)]
pub(super) struct PinnedRoots {
    pub(super) roots: Vec<CertificateDer<'static>>,
    pub(super) inner: Arc<WebPkiServerVerifier>,
}

impl PinnedRoots {
    /// Whether the only fault of a certificate, apart from its names, is that an authority has it.
    fn is_valid_but_for_its_kind(
        &self,
        end_entity: &CertificateDer<'_>,
        name: &ServerName<'_>,
        error: &Error,
    ) -> bool {
        if !is_of_an_authority(error) {
            return false;
        }
        // That fault must have been found after the dates were checked: at the end of time, the dates
        // are at fault. If the verifier's order ever changes, nothing more is accepted than before.
        let end_of_time = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        let late = self
            .inner
            .verify_server_cert(end_entity, &[], name, &[], end_of_time);
        matches!(
            late,
            Err(Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. }
            ))
        )
    }
}

/// Whether a server's certificate was rejected because it is one of an authority.
pub(super) fn is_of_an_authority(error: &Error) -> bool {
    // rustls has no variant for it and hides the type; what it prints is the name of webpki's variant,
    // in all versions.
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
                    && self.is_valid_but_for_its_kind(end_entity, name, &error) =>
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
