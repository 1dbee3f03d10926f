//! PLAIN (RFC 4616).

use super::super::config::ServerConfig;
use super::credentials::same;
use super::{MALFORMED, ServerExchange, ServerStep, verdict};

pub(super) struct ServerPlain;

impl ServerExchange for ServerPlain {
    /// Checks `[authzid] NUL authcid NUL passwd`, where only the first may be empty.
    fn respond(
        &mut self,
        response: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str> {
        let mut parts = response.split(|octet| *octet == 0);
        let (Some(authzid), Some(authcid), Some(passwd), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(MALFORMED);
        };
        if authcid.is_empty() || passwd.is_empty() {
            return Err(MALFORMED);
        }
        // Evaluate all of them, so that the time does not reveal which one was wrong.
        verdict(config.is_user(authcid) & same(passwd, &config.secret) & config.may_act_as(authzid))
    }
}
