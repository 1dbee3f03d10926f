//! A certificate and TLS configurations for both sides that make runs repeatable. Random values
//! have a fixed length, so an offset is the same place in every run.

use std::sync::{Arc, LazyLock};

use pop3_proto::tls::ClientTls;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion, version,
};

/// Provides constant octets instead of random ones, so that runs are repeatable. The ephemeral keys
/// are still random, but always have the same length.
#[derive(Debug)]
struct Always(u8);

impl SecureRandom for Always {
    fn fill(&self, octets: &mut [u8]) -> Result<(), GetRandomFailed> {
        octets.fill(self.0);
        Ok(())
    }
}

/// A certificate for `localhost`, created once per process.
static IDENTITY: LazyLock<(CertificateDer<'static>, PrivateKeyDer<'static>)> =
    LazyLock::new(|| {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.serial_number = Some(7.into());
        // Use a kind of key whose signatures have a fixed length.
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        (
            certificate,
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
    });

fn provider(secure_random: &'static Always) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        secure_random,
        ..ring::default_provider()
    })
}

/// A client configuration that trusts the server. Sessions do not depend on earlier ones.
static CLIENT: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add(IDENTITY.0.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider(&Always(1)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Arc::new(config)
});

static TLS12: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| server_config(&version::TLS12));
static TLS13: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| server_config(&version::TLS13));

fn server_config(version: &'static SupportedProtocolVersion) -> Arc<ServerConfig> {
    let (certificate, key) = &*IDENTITY;
    let config = ServerConfig::builder_with_provider(provider(&Always(2)))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.clone_key())
        .unwrap();
    Arc::new(config)
}

/// Returns the TLS settings of a client for this server.
pub fn client() -> ClientTls {
    ClientTls::new(Arc::clone(&CLIENT), "localhost").unwrap()
}

/// Returns a server configuration for `localhost`, with TLS 1.3.
pub fn server() -> Arc<ServerConfig> {
    Arc::clone(&TLS13)
}

/// Returns a server configuration for `localhost`, with TLS 1.2.
pub fn old_server() -> Arc<ServerConfig> {
    Arc::clone(&TLS12)
}

/// Returns the server's side of a connection.
pub fn accept() -> ServerConnection {
    ServerConnection::new(server()).unwrap()
}
