//! What an exchange may know of the connection.

use alloc::vec::Vec;

use crate::capability::Capabilities;
use crate::config::{CapaPolicy, Config};
use crate::method::Method;
use crate::phase::Phase;
use crate::refusal::Refusal;
use crate::sasl::{ClientNonce, Seed};

/// What an exchange may know of the connection.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    /// The capabilities of the present channel, if they are known.
    pub(crate) capabilities: Option<&'a Capabilities>,
    /// Whether `CAPA` was answered in the present channel, be it with `-ERR`.
    pub(crate) capa_answered: bool,
    /// The `-ERR` to the last `CAPA` in the present channel, if it was one.
    pub(crate) capa_refused: Option<&'a Refusal>,
    pub(crate) phase: Phase,
    /// Whether TLS is in place.
    pub(crate) tls: bool,
    /// Whether credentials are private on the present channel.
    pub(crate) private: bool,
    /// Whether this channel was upgraded by STLS: the greeting came in cleartext then.
    pub(crate) upgraded: bool,
    /// Whether the greeting that came in this channel holds a challenge.
    pub(crate) challenge: bool,
    /// Whether commands may be pipelined on this channel.
    pub(crate) pipelining: bool,
    /// Whether the application abandoned the request.
    pub(crate) abandoned: bool,
    /// What SCRAM can be bound to on this channel.
    pub(crate) exporter: Option<[u8; 32]>,
    /// What nonces are made of.
    pub(crate) seed: Option<&'a Seed>,
    /// The number of the request.
    pub(crate) request: u64,
}

impl Context<'_> {
    /// Whether `CAPA` is still to be asked on this channel.
    pub(crate) fn wants_capa(&self) -> bool {
        self.config.capa == CapaPolicy::Auto && !self.capa_answered
    }

    /// The mechanisms that the server lists on this channel, if it lists any.
    pub(crate) fn mechanisms(&self) -> Option<Vec<&[u8]>> {
        self.capabilities?.sasl()
    }

    /// Whether the server lists a mechanism, in any case.
    pub(crate) fn lists(&self, name: &str) -> bool {
        let listed = self.mechanisms();
        listed
            .iter()
            .flatten()
            .any(|listed| listed.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Whether the server lists a form of SCRAM that binds to its channel.
    pub(crate) fn lists_binding(&self) -> bool {
        Method::all()
            .filter_map(Method::plus)
            .any(|plus| self.lists(&plus))
    }

    /// The nonce for one attempt of a login.
    pub(crate) fn nonce(&self, attempt: u32) -> Option<ClientNonce> {
        Some(self.seed?.nonce(self.request, attempt))
    }
}
