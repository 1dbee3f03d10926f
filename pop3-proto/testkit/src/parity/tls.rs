//! TLS between the client and the scripted server: TLS 1.2, which like `! tls` of a transcript has
//! nothing to bind SCRAM to.

use std::sync::{Arc, LazyLock};

use pop3_proto::rustls::pki_types::PrivateKeyDer;
use pop3_proto::rustls::{ClientConfig, ServerConfig, version};
use pop3_proto::{ClientTls, Roots, client_config, default_provider};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};

/// One certificate for all.
static CERTIFIED: LazyLock<CertifiedKey<KeyPair>> =
    LazyLock::new(|| generate_simple_self_signed(["localhost".into()]).expect("a certificate"));

static CLIENT: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let roots = Roots::from_pem(CERTIFIED.cert.pem().as_bytes()).expect("a certificate");
    client_config(roots).expect("a configuration")
});

static SERVER: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
    let key = PrivateKeyDer::Pkcs8(CERTIFIED.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(default_provider().expect("a provider"))
        .with_protocol_versions(&[&version::TLS12])
        .expect("TLS 1.2")
        .with_no_client_auth()
        .with_single_cert(vec![CERTIFIED.cert.der().clone()], key);
    Arc::new(config.expect("a configuration"))
});

pub(super) fn server() -> Arc<ServerConfig> {
    Arc::clone(&SERVER)
}

/// What a client takes for its server: by its name, or by one that its certificate has not.
pub(super) fn client(is_right: bool) -> ClientTls {
    let name = if is_right { "localhost" } else { "elsewhere" };
    ClientTls::new(Arc::clone(&CLIENT), name).expect("a name")
}
