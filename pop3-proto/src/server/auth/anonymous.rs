//! ANONYMOUS (RFC 4505).

use super::super::config::ServerConfig;
use super::{MALFORMED, ServerExchange, ServerStep};

/// The longest trace, in characters (RFC 4505 section 2).
const MAX_TRACE: usize = 255;

pub(super) struct ServerAnonymous;

impl ServerExchange for ServerAnonymous {
    /// Accepts a trace, or nothing. The trace is not kept: a client may have sent a secret by
    /// mistake.
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
