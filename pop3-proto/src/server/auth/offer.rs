//! Which mechanisms a channel is offered.

use alloc::boxed::Box;
use alloc::string::String;

use super::super::config::ServerConfig;
use super::Exchange;
use super::anonymous::Anonymous;
use super::bearer::Bearer;
use super::cram::CramMd5;
use super::external::External;
use super::login::Login;
use super::mechanism::Mechanism;
use super::plain::Plain;
use super::scram::{ChannelBinding, Scram};

/// The mechanisms of the configuration, as far as this channel bears them.
pub(in crate::server) struct Offer<'a> {
    pub(in crate::server) config: &'a ServerConfig,
    /// Whether a secret may be shown here.
    pub(in crate::server) accepts_passwords: bool,
    /// What TLS exports, where there is TLS.
    pub(in crate::server) exporter: Option<[u8; 32]>,
}

impl Offer<'_> {
    /// What stands behind `SASL` in the answer to CAPA.
    pub(in crate::server) fn listed(&self) -> impl Iterator<Item = &str> {
        let names = self.config.sasl.mechanisms.iter().map(String::as_str);
        names.filter(|name| Mechanism::named(name).is_none_or(|known| self.bears(known).is_ok()))
    }

    /// Begins with the mechanism of this name, or gives the text that refuses it.
    pub(in crate::server) fn begin(&self, name: &[u8]) -> Result<Box<dyn Exchange>, &'static str> {
        let mut names = self.config.sasl.mechanisms.iter();
        let mechanism = names
            .find(|offered| offered.as_bytes().eq_ignore_ascii_case(name))
            .and_then(|offered| Mechanism::named(offered))
            .ok_or(NOT_OFFERED)?;
        self.bears(mechanism)?;
        Ok(match mechanism {
            Mechanism::Anonymous => Box::new(Anonymous),
            Mechanism::CramMd5 => Box::new(CramMd5),
            Mechanism::External => Box::new(External),
            Mechanism::Login => Box::new(Login::default()),
            Mechanism::OAuthBearer => Box::new(Bearer::oauthbearer()),
            Mechanism::Plain => Box::new(Plain),
            Mechanism::Scram(hash) => Box::new(Scram::new(hash, self.unbound())),
            Mechanism::ScramPlus(hash) => {
                let exporter = self.exporter.ok_or(NOT_OFFERED)?;
                Box::new(Scram::new(hash, ChannelBinding::Required(exporter)))
            }
            Mechanism::XOAuth2 => Box::new(Bearer::xoauth2()),
        })
    }

    /// Whether the mechanism can be used on this channel.
    fn bears(&self, mechanism: Mechanism) -> Result<(), &'static str> {
        match mechanism {
            _ if mechanism.shows_the_secret() && !self.accepts_passwords => {
                Err("passwords only under TLS")
            }
            Mechanism::ScramPlus(_) if self.exporter.is_none() => Err(NOT_OFFERED),
            Mechanism::External if self.config.sasl.external.is_none() => Err(NOT_OFFERED),
            _ => Ok(()),
        }
    }

    /// What a mechanism without `-PLUS` has to know: a client that sees no `-PLUS` where there is
    /// one, whatever its hash, was told another list (RFC 5802 section 6).
    fn unbound(&self) -> ChannelBinding {
        let is_plus = |name| matches!(Mechanism::named(name), Some(Mechanism::ScramPlus(_)));
        if self.listed().any(is_plus) {
            ChannelBinding::Offered
        } else {
            ChannelBinding::NotOffered
        }
    }
}

const NOT_OFFERED: &str = "mechanism is not offered";
