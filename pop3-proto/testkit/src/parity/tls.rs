//! TLS between the client and the scripted server: TLS 1.2, which like `! tls` of a transcript has
//! nothing to bind SCRAM to.

use std::sync::{Arc, LazyLock};

use pop3_proto::rustls::{ClientConfig, ServerConfig, version};
use pop3_proto::tls::ClientTls;

use crate::tls::authority::{Authority, names};

/// One certificate for all.
static TLS: LazyLock<(Arc<ClientConfig>, Arc<ServerConfig>)> = LazyLock::new(|| {
    let authority = Authority::new();
    let server = authority.certify(names(&["localhost"]));
    let server = server.server_with(&[&version::TLS12]);
    (authority.trust(), Arc::new(server))
});

pub(super) fn server() -> Arc<ServerConfig> {
    Arc::clone(&TLS.1)
}

/// What a client takes for its server: by its name, or by one that its certificate has not.
pub(super) fn client(is_right: bool) -> ClientTls {
    let name = if is_right { "localhost" } else { "elsewhere" };
    ClientTls::new(Arc::clone(&TLS.0), name).expect("a name")
}
