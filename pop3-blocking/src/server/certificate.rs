//! The certificate authority of one server, created when it starts.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use pop3_proto::tls::{EndPoint, server_end_point};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// The server's certificate, and the certificate of the authority that signed it.
pub(super) struct Identity {
    /// The authority's certificate.
    pub(super) ca_pem: String,
    /// The channel binding to the server's certificate.
    pub(super) end_point: Option<EndPoint>,
    pub(super) tls: ServerConfig,
}

impl Identity {
    pub(super) fn new() -> io::Result<Self> {
        let mut ca = named("pop3-blocking test authority");
        ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_key = KeyPair::generate().map_err(io::Error::other)?;
        let ca_pem = ca.self_signed(&ca_key).map_err(io::Error::other)?.pem();

        let mut leaf = named("localhost");
        leaf.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into().map_err(io::Error::other)?),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = leaf
            .signed_by(&key, &Issuer::new(ca, ca_key))
            .map_err(io::Error::other)?;

        // Select the provider explicitly: another crate of the program may have enabled a second
        // one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .map_err(io::Error::other)?;
        tls.alpn_protocols = vec![b"pop3".to_vec()];
        Ok(Self {
            ca_pem,
            end_point: server_end_point(certificate.der()).ok(),
            tls,
        })
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
