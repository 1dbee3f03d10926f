//! LOGIN. It is not specified in any RFC, but many clients use it.

use alloc::vec::Vec;

use super::super::config::ServerConfig;
use super::credentials::same;
use super::{ServerExchange, ServerStep, verdict};

/// The user name, once the client has sent it.
#[derive(Default)]
pub(super) struct ServerLogin(Option<Vec<u8>>);

impl ServerExchange for ServerLogin {
    fn opening(&self, _config: &ServerConfig) -> Option<Vec<u8>> {
        Some(b"Username:".into())
    }

    /// Accepts the user name: Dovecot accepts it, and clients such as curl send it.
    fn takes_initial_response(&self) -> bool {
        true
    }

    fn respond(
        &mut self,
        response: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str> {
        match &self.0 {
            None => {
                self.0 = Some(response.into());
                Ok(ServerStep::Challenge(b"Password:".into()))
            }
            Some(username) => verdict(config.is_user(username) & same(response, &config.secret)),
        }
    }
}
