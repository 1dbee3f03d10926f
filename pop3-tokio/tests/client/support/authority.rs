//! Certificates, made once.

use std::sync::{Arc, LazyLock};

use pop3_testkit::tls::authority::Authority;
use pop3_tokio::Connector;
use rustls::client::Resumption;
use rustls::{ClientConfig, ServerConfig};

/// TLS of a client and of the server that it trusts, which is `localhost`.
static TLS: LazyLock<(Arc<ClientConfig>, Arc<ServerConfig>)> = LazyLock::new(|| {
    let authority = Authority::new();
    let mut client = (*authority.trust()).clone();
    // Each session is to be like the one before.
    client.resumption = Resumption::disabled();
    (Arc::new(client), Arc::new(authority.server()))
});

/// A client's settings that trust the server of [`tls`].
pub(crate) fn connector() -> Connector {
    let mut connector = Connector::default();
    connector.tls = Some(Arc::clone(&TLS.0));
    connector
}

/// TLS of a server that is `localhost`.
pub(crate) fn tls() -> Arc<ServerConfig> {
    Arc::clone(&TLS.1)
}
