//! Certificates, created once.

use std::sync::{Arc, LazyLock};

use pop3_testkit::tls::authority::Authority;
use pop3_tokio::Connector;
use rustls::client::Resumption;
use rustls::{ClientConfig, ServerConfig};

/// The TLS settings of a client and of the server that it trusts, which is `localhost`.
static TLS: LazyLock<(Arc<ClientConfig>, Arc<ServerConfig>)> = LazyLock::new(|| {
    let authority = Authority::new();
    let mut client = (*authority.trust()).clone();
    // Each session must be like the one before.
    client.resumption = Resumption::disabled();
    (Arc::new(client), Arc::new(authority.server()))
});

/// Returns a client's settings that trust the server of [`tls`].
pub(crate) fn connector() -> Connector {
    let mut connector = Connector::default();
    connector.tls.config = Some(Arc::clone(&TLS.0));
    connector
}

/// Returns the TLS settings of a server for `localhost`.
pub(crate) fn tls() -> Arc<ServerConfig> {
    Arc::clone(&TLS.1)
}
