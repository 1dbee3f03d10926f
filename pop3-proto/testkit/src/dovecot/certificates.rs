//! A certificate authority for a single server, and the certificates that it signs.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer};
use rcgen::{Certificate, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Signs the certificates of a server and of its clients.
#[derive(Debug)]
pub(super) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate for a client, with its key.
#[derive(Debug)]
pub struct ClientCertificate {
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
}

impl Authority {
    /// Creates an authority and a certificate for `localhost` and 127.0.0.1, and writes `ca.pem`,
    /// `cert.pem` and `key.pem`.
    pub(super) fn write_certificates(dir: &Path) -> Self {
        let authority = Self::new("pop3 test authority");
        let (cert, key) = authority.sign(
            "localhost",
            &["localhost", "127.0.0.1"],
            ExtendedKeyUsagePurpose::ServerAuth,
        );
        fs::write(dir.join("ca.pem"), &authority.pem).expect("write ca.pem");
        fs::write(dir.join("cert.pem"), cert.pem()).expect("write cert.pem");
        fs::write(dir.join("key.pem"), key.serialize_pem()).expect("write key.pem");
        authority
    }

    fn new(name: &str) -> Self {
        let mut ca = CertificateParams::default();
        ca.distinguished_name.push(DnType::CommonName, name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().expect("key of the authority");
        let cert = ca.self_signed(&key).expect("certificate of the authority");
        Self {
            pem: cert.pem(),
            issuer: Issuer::new(ca, key),
        }
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns a certificate whose subject is `name`.
    pub(super) fn client(&self, name: &str) -> ClientCertificate {
        let (cert, key) = self.sign(name, &[], ExtendedKeyUsagePurpose::ClientAuth);
        ClientCertificate {
            certificate: cert.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }

    fn sign(
        &self,
        common_name: &str,
        hosts: &[&str],
        usage: ExtendedKeyUsagePurpose,
    ) -> (Certificate, KeyPair) {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut leaf = CertificateParams::new(hosts).expect("names of hosts");
        leaf.distinguished_name
            .push(DnType::CommonName, common_name);
        leaf.extended_key_usages = vec![usage];
        let key = KeyPair::generate().expect("key of a certificate");
        let cert = leaf.signed_by(&key, &self.issuer).expect("certificate");
        (cert, key)
    }
}

impl ClientCertificate {
    /// Returns a certificate for `name` from an authority that no server trusts. The name of this
    /// authority must differ from the name of the trusted authority. Otherwise Dovecot closes the
    /// connection, because the error in OpenSSL's queue makes the next read fail.
    pub fn untrusted(name: &str) -> Self {
        Authority::new("a stranger").client(name)
    }
}
