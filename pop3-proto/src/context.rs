//! The part of a connection's state that exchanges can read.

use alloc::vec::Vec;

use crate::capability::Capabilities;
use crate::channel::NoEndPoint;
use crate::config::{CapaPolicy, Config, Utf8Policy};
use crate::method::Method;
use crate::phase::Phase;
use crate::refusal::Refusal;
use crate::sasl::{Binding, ClientNonce, Seed};

/// The part of a connection's state that exchanges can read.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) config: &'a Config,
    /// The capabilities of the current channel, if they are known.
    pub(crate) capabilities: Option<&'a Capabilities>,
    /// Whether `CAPA` was answered on the current channel, with `+OK` or with `-ERR`.
    pub(crate) capa_answered: bool,
    /// The `-ERR` to the last `CAPA` on the current channel, if it was refused.
    pub(crate) capa_refused: Option<&'a Refusal>,
    pub(crate) phase: Phase,
    /// Whether TLS is active.
    pub(crate) tls: bool,
    /// Whether the server accepted `UTF8` on the current channel.
    pub(crate) utf8: bool,
    /// Whether credentials are private on the current channel.
    pub(crate) private: bool,
    /// Whether TLS was started by STLS. The greeting was then received in cleartext.
    pub(crate) upgraded: bool,
    /// Whether the greeting that was received on this channel contains a challenge.
    pub(crate) challenge: bool,
    /// Whether commands may be pipelined on this channel.
    pub(crate) pipelining: bool,
    /// Whether the application abandoned the request.
    pub(crate) abandoned: bool,
    /// The data for the channel binding of SCRAM on this channel, or why there is none: `None` if
    /// TLS is not active.
    pub(crate) binding: Result<Binding, Option<NoEndPoint>>,
    /// The secret from which nonces are derived.
    pub(crate) seed: Option<&'a Seed>,
    /// The number of the request.
    pub(crate) request: u64,
}

impl Context<'_> {
    /// Returns whether `CAPA` must still be sent on this channel.
    pub(crate) fn wants_capa(&self) -> bool {
        self.config.capa == CapaPolicy::Auto && !self.capa_answered
    }

    /// Returns whether a login must send `UTF8` before the credentials.
    pub(crate) fn wants_utf8(&self) -> bool {
        self.config.utf8 == Utf8Policy::Auto
            && !self.utf8
            && self.capabilities.is_some_and(Capabilities::utf8)
    }

    /// Returns the mechanisms that the server advertises on this channel; `None` if it advertises
    /// none.
    pub(crate) fn mechanisms(&self) -> Option<Vec<&[u8]>> {
        self.capabilities?.sasl()
    }

    /// Returns whether the server advertises a mechanism. The comparison ignores case.
    pub(crate) fn lists(&self, name: &str) -> bool {
        let listed = self.mechanisms();
        listed
            .iter()
            .flatten()
            .any(|listed| listed.eq_ignore_ascii_case(name.as_bytes()))
    }

    /// Returns whether the server advertises a SCRAM mechanism with channel binding.
    pub(crate) fn lists_binding(&self) -> bool {
        Method::all()
            .filter_map(Method::plus)
            .any(|plus| self.lists(&plus))
    }

    /// Returns the nonce for one attempt of a login.
    pub(crate) fn nonce(&self, attempt: u32) -> Option<ClientNonce> {
        Some(self.seed?.nonce(self.request, attempt))
    }
}
