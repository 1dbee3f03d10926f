//! STLS (RFC 2595 section 4): capabilities, the command, the handshake, capabilities again.

use alloc::boxed::Box;

use super::{Input, Step, send};
use crate::capability::Capabilities;
use crate::context::Context;
use crate::error::{Error, SecurityError};
use crate::reply::Reply;
use crate::verb::Verb;

/// The upgrade, alone or as the first part of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// `CAPA` was sent, to find out whether the server advertises STLS.
    Capa,
    /// `STLS` was sent.
    Stls,
    /// The handshake is in progress.
    Handshake,
    /// `CAPA` was sent again, inside TLS.
    CapaAgain,
}

impl Upgrade {
    /// Returns the next step, or `None` when TLS is active and the capabilities have been read
    /// again.
    pub(super) fn step(&mut self, context: &Context<'_>, input: Input) -> Option<Step> {
        match (*self, input) {
            (Self::Capa, Input::Begin) if context.wants_capa() => Some(send(Verb::Capa)),
            (Self::Capa, _) => {
                let listed = context.capabilities.map(Capabilities::stls);
                // A server that was not asked for its capabilities may support STLS.
                if listed == Some(true) || (listed.is_none() && !context.capa_answered) {
                    *self = Self::Stls;
                    Some(send(Verb::Stls))
                } else {
                    Some(Step::Fatal(unavailable(context)))
                }
            }
            (Self::Stls, Input::Reply(Ok(_))) => {
                *self = Self::Handshake;
                Some(Step::StartTls)
            }
            (Self::Stls, Input::Reply(Err(error))) => Some(Step::Done(Err(error))),
            (Self::Handshake, _) if context.wants_capa() => {
                *self = Self::CapaAgain;
                Some(send(Verb::Capa))
            }
            (Self::Stls | Self::Handshake | Self::CapaAgain, _) => None,
        }
    }

    pub(super) fn step_alone(&mut self, context: &Context<'_>, input: Input) -> Step {
        self.step(context, input)
            .unwrap_or_else(|| Step::Done(Ok(Reply::Capabilities(context.capabilities.cloned()))))
    }
}

/// Returns the error for a server without STLS, if TLS is required.
pub(super) fn unavailable(context: &Context<'_>) -> Error {
    let last_err = context.capa_refused.cloned().map(Box::new);
    SecurityError::StlsUnavailable { last_err }.into()
}

/// Returns the error for a refused STLS, if TLS is required.
pub(super) fn refused(error: Error) -> Error {
    match error {
        Error::Refused(refusal) => SecurityError::StlsRefused((*refusal).into()).into(),
        other => other,
    }
}
