//! The mechanisms that a channel offers.

use alloc::boxed::Box;
use alloc::string::String;

use super::super::config::ServerConfig;
use super::ServerExchange;
use super::anonymous::ServerAnonymous;
use super::bearer::ServerBearer;
use super::cram::ServerCramMd5;
use super::external::ServerExternal;
use super::login::ServerLogin;
use super::mechanism::OfferedMechanism;
use super::plain::ServerPlain;
use super::scram::{ServerBinding, ServerScram};
use crate::channel::EndPoint;

/// The mechanisms of the configuration that this channel supports.
pub(in crate::server) struct Offer<'a> {
    pub(in crate::server) config: &'a ServerConfig,
    /// Whether mechanisms that reveal the secret are allowed.
    pub(in crate::server) accepts_passwords: bool,
    /// The channel binding data of TLS, if it is active.
    pub(in crate::server) bindings: Bindings,
}

/// The channel binding data of TLS, as far as the caller has provided it.
#[derive(Clone, Copy, Default)]
pub(in crate::server) struct Bindings {
    /// `tls-exporter` (RFC 9266).
    pub(in crate::server) exporter: Option<[u8; 32]>,
    /// `tls-server-end-point` (RFC 5929).
    pub(in crate::server) end_point: Option<EndPoint>,
}

impl Bindings {
    fn is_empty(&self) -> bool {
        self.exporter.is_none() && self.end_point.is_none()
    }
}

impl Offer<'_> {
    /// Returns the mechanisms after `SASL` in the reply to CAPA.
    pub(in crate::server) fn listed(&self) -> impl Iterator<Item = &str> {
        let names = self.config.sasl.mechanisms.iter().map(String::as_str);
        names.filter(|name| {
            OfferedMechanism::named(name).is_none_or(|known| self.supports(known).is_ok())
        })
    }

    /// Begins an exchange with the mechanism of this name, or returns the text of the refusal.
    pub(in crate::server) fn begin(
        &self,
        name: &[u8],
    ) -> Result<Box<dyn ServerExchange>, &'static str> {
        let mut names = self.config.sasl.mechanisms.iter();
        let mechanism = names
            .find(|offered| offered.as_bytes().eq_ignore_ascii_case(name))
            .and_then(|offered| OfferedMechanism::named(offered))
            .ok_or(NOT_OFFERED)?;
        self.supports(mechanism)?;
        Ok(match mechanism {
            OfferedMechanism::Anonymous => Box::new(ServerAnonymous),
            OfferedMechanism::CramMd5 => Box::new(ServerCramMd5),
            OfferedMechanism::External => Box::new(ServerExternal),
            OfferedMechanism::Login => Box::new(ServerLogin::default()),
            OfferedMechanism::OAuthBearer => Box::new(ServerBearer::oauthbearer()),
            OfferedMechanism::Plain => Box::new(ServerPlain),
            OfferedMechanism::Scram(hash) => Box::new(ServerScram::new(hash, self.unbound())),
            OfferedMechanism::ScramPlus(hash) => {
                let required = ServerBinding::Required(self.bindings);
                Box::new(ServerScram::new(hash, required))
            }
            OfferedMechanism::XOAuth2 => Box::new(ServerBearer::xoauth2()),
        })
    }

    /// Checks whether the mechanism can be used on this channel.
    fn supports(&self, mechanism: OfferedMechanism) -> Result<(), &'static str> {
        match mechanism {
            _ if mechanism.reveals_the_secret() && !self.accepts_passwords => {
                Err("passwords only under TLS")
            }
            OfferedMechanism::ScramPlus(_) if self.bindings.is_empty() => Err(NOT_OFFERED),
            OfferedMechanism::External if self.config.sasl.external.is_none() => Err(NOT_OFFERED),
            _ => Ok(()),
        }
    }

    /// Returns what a mechanism without `-PLUS` must know about the offer. If any `-PLUS` is
    /// offered, whatever its hash, and the client has seen none, an attacker has changed the list
    /// (RFC 5802 section 6).
    fn unbound(&self) -> ServerBinding {
        let is_plus = |name| {
            matches!(
                OfferedMechanism::named(name),
                Some(OfferedMechanism::ScramPlus(_))
            )
        };
        if self.listed().any(is_plus) {
            ServerBinding::Offered
        } else {
            ServerBinding::NotOffered
        }
    }
}

const NOT_OFFERED: &str = "mechanism is not offered";
