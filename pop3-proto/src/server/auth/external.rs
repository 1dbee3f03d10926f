//! EXTERNAL (RFC 4422 appendix A).

use super::super::config::ServerConfig;
use super::credentials::same;
use super::{ServerExchange, ServerStep, verdict};

pub(super) struct ServerExternal;

impl ServerExchange for ServerExternal {
    /// Accepts no authorization identity, or that of the client which a lower layer has
    /// authenticated.
    fn respond(
        &mut self,
        authzid: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str> {
        let proved = config.sasl.external.as_ref();
        verdict(proved.is_some_and(|proved| authzid.is_empty() || same(authzid, proved)))
    }
}
