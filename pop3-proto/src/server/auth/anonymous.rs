//! ANONYMOUS (RFC 4505).

use super::super::config::ServerConfig;
use super::{MALFORMED, ServerExchange, ServerStep};

/// Longest trace, in characters (RFC 4505 section 2).
const MAX_TRACE: usize = 255;

pub(super) struct ServerAnonymous;

impl ServerExchange for ServerAnonymous {
    /// A trace, or nothing. It is not kept: a client may have taken this for another mechanism.
    fn respond(
        &mut self,
        trace: &[u8],
        _config: &ServerConfig,
    ) -> Result<ServerStep, &'static str> {
        let trace = core::str::from_utf8(trace).map_err(|_| MALFORMED)?;
        if trace.chars().any(char::is_control) || trace.chars().count() > MAX_TRACE {
            return Err(MALFORMED);
        }
        Ok(ServerStep::LoggedIn)
    }
}
