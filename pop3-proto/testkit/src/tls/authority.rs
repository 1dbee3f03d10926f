//! Certificates, made for one test.

use std::sync::Arc;

use pop3_proto::tls::{ClientTls, Roots, client_config};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ServerConfig, SupportedProtocolVersion};

/// An authority, to be trusted or not.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// What a server presents.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Default for Authority {
    fn default() -> Self {
        Self::named("the authority")
    }
}

impl Authority {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn named(name: &str) -> Self {
        // Where the tests are built without a provider in the library.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    pub fn certify(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::new(&certificate, &key)
    }

    /// A client's configuration that trusts this authority alone.
    pub fn trust(&self) -> Arc<ClientConfig> {
        client_config(Roots::Only(vec![self.certificate.clone()])).unwrap()
    }

    /// How a client does TLS to this host.
    pub fn client(&self, host: &str) -> ClientTls {
        ClientTls::new(self.trust(), host).unwrap()
    }

    /// A server that is `localhost` in the eyes of whoever trusts this authority.
    pub fn server(&self) -> ServerConfig {
        self.certify(names(&["localhost"])).server()
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            chain: self.chain.clone(),
            key: self.key.clone_key(),
        }
    }
}

impl Identity {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            chain: vec![certificate.der().clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }

    pub fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self::new(&certificate, &key)
    }

    /// A certificate with the key that another one has.
    pub fn self_signed_again(&self, params: &CertificateParams) -> Self {
        let PrivateKeyDer::Pkcs8(key) = &self.key else {
            panic!("it was made here");
        };
        let key = KeyPair::try_from(key).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self::new(&certificate, &key)
    }

    /// The same certificate, presented by somebody who does not have its key.
    pub fn without_its_key(self) -> Self {
        let key = KeyPair::generate().unwrap();
        Self {
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            ..self
        }
    }

    /// A client's configuration that has this certificate as its only root.
    pub fn trust(&self) -> Arc<ClientConfig> {
        client_config(Roots::Only(vec![self.certificate()])).unwrap()
    }

    pub fn certificate(&self) -> CertificateDer<'static> {
        self.chain[0].clone()
    }

    pub fn server(self) -> ServerConfig {
        self.server_with(rustls::ALL_VERSIONS)
    }

    pub fn server_with(self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(self.key).unwrap();
        // Whether the key is the certificate's is not looked at, unlike with `with_single_cert`.
        let identity = SingleCertAndKey::from(CertifiedKey::new(self.chain, key));
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(identity))
    }
}

/// A certificate for these DNS names and IP addresses.
pub fn names(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}
