//! TLS between the client and the scripted server. It is TLS 1.2 with a certificate that is signed
//! with Ed25519, so it has no channel binding for SCRAM, like `! tls` of a transcript.

use std::sync::{Arc, LazyLock};

use pop3_proto::rustls::{ClientConfig, ServerConfig, version};
use pop3_proto::tls::ClientTls;

use crate::tls::authority::{Authority, names};

/// A single certificate for all tests.
static TLS: LazyLock<(Arc<ClientConfig>, Arc<ServerConfig>)> = LazyLock::new(|| {
    let authority = Authority::ed25519();
    let server = authority.certify(names(&["localhost"]));
    let server = server.server_with(&[&version::TLS12]);
    (authority.trust(), Arc::new(server))
});

pub(super) fn server() -> Arc<ServerConfig> {
    Arc::clone(&TLS.1)
}

/// Returns the TLS settings of a client, with the server's name or with a name that is not in its
/// certificate.
pub(super) fn client(is_right: bool) -> ClientTls {
    let name = if is_right { "localhost" } else { "elsewhere" };
    ClientTls::new(Arc::clone(&TLS.0), name).expect("a name")
}
