//! Certificates for a single test.

use std::sync::Arc;

use pop3_proto::tls::{ClientTls, Roots, TlsOptions};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    PKCS_ED25519, PublicKeyData as _,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ServerConfig, SupportedProtocolVersion};

/// A certificate authority, trusted or not.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// The certificate and key that a server presents.
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
        Self::with_key(name, KeyPair::generate().unwrap())
    }

    /// Returns an authority that signs with Ed25519. Its certificates have no
    /// `tls-server-end-point` channel binding.
    pub fn ed25519() -> Self {
        Self::with_key(
            "the authority",
            KeyPair::generate_for(&PKCS_ED25519).unwrap(),
        )
    }

    pub fn with_key(name: &str, key: KeyPair) -> Self {
        // Install a provider, because the library may be built without one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
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

    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// Returns a client configuration that trusts only this authority.
    pub fn trust(&self) -> Arc<ClientConfig> {
        TlsOptions::trusting(Roots::Only(vec![self.certificate.clone()]))
            .client_config()
            .unwrap()
    }

    /// Returns the TLS settings of a client for this host.
    pub fn client(&self, host: &str) -> ClientTls {
        ClientTls::new(self.trust(), host).unwrap()
    }

    /// Returns a server configuration for `localhost`, with a certificate of this authority.
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

    /// Returns a certificate with the key of an existing one.
    pub fn self_signed_again(&self, params: &CertificateParams) -> Self {
        let key = self.key_pair();
        let certificate = params.self_signed(&key).unwrap();
        Self::new(&certificate, &key)
    }

    /// Returns the same certificate with another key, for a server that does not have the right
    /// key.
    pub fn without_its_key(self) -> Self {
        let key = KeyPair::generate().unwrap();
        Self {
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            ..self
        }
    }

    /// Returns a client configuration that has this certificate as its only root.
    pub fn trust(&self) -> Arc<ClientConfig> {
        TlsOptions::trusting(Roots::Only(vec![self.certificate()]))
            .client_config()
            .unwrap()
    }

    pub fn certificate(&self) -> CertificateDer<'static> {
        self.chain[0].clone()
    }

    /// Returns its public key (`SubjectPublicKeyInfo`) in DER.
    pub fn public_key(&self) -> Vec<u8> {
        self.key_pair().subject_public_key_info()
    }

    fn key_pair(&self) -> KeyPair {
        let PrivateKeyDer::Pkcs8(key) = &self.key else {
            panic!("the key is not in PKCS#8");
        };
        KeyPair::try_from(key).unwrap()
    }

    pub fn server(self) -> ServerConfig {
        self.server_with(rustls::ALL_VERSIONS)
    }

    pub fn server_with(self, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(self.key).unwrap();
        // Unlike `with_single_cert`, this does not check whether the key belongs to the
        // certificate.
        let identity = SingleCertAndKey::from(CertifiedKey::new(self.chain, key));
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(identity))
    }
}

/// Returns parameters of a certificate for these DNS names and IP addresses.
pub fn names(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}
