//! Certificates, made once.

use std::sync::{Arc, OnceLock};

use pop3_tokio::{Connector, Roots, client_config};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::client::Resumption;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ClientConfig, ServerConfig};

struct Authority {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

/// A client's settings that trust the server of [`tls`].
pub(crate) fn connector() -> Connector {
    let mut connector = Connector::default();
    connector.tls = Some(Arc::clone(&authority().client));
    connector
}

/// TLS of a server that is `localhost`.
pub(crate) fn tls() -> Arc<ServerConfig> {
    Arc::clone(&authority().server)
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(make)
}

fn make() -> Authority {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "the authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap().der().clone();
    let issuer = Issuer::new(params, key);

    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();

    let mut client = (*client_config(Roots::Only(vec![root])).unwrap()).clone();
    // Each session is to be like the one before.
    client.resumption = Resumption::disabled();
    Authority {
        client: Arc::new(client),
        server: Arc::new(server),
    }
}
