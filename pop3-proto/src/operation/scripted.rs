//! The replacement of a mechanism of an application, which a transcript does not contain.

use alloc::string::{String, ToString as _};

use crate::login::{Credentials, CustomMechanism};
use crate::misuse::Misuse;
use crate::sasl::{Mechanism, Progress, Response, SaslError};

/// Sends as many responses as the mechanism that was recorded.
#[derive(Debug)]
pub(super) struct Scripted {
    name: String,
    initial: bool,
    left: u32,
}

/// The text of each response.
const RESPONSE: &str = "recorded";

impl Scripted {
    pub(super) fn credentials(
        name: &str,
        initial: bool,
        responses: u32,
    ) -> Result<Credentials, Misuse> {
        let mechanism = CustomMechanism::new(Self {
            name: name.to_string(),
            initial,
            left: responses,
        })?;
        Ok(Credentials::Mechanism(mechanism))
    }
}

impl Mechanism for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    fn initial_response(&mut self) -> Option<Response> {
        if !self.initial || self.left == 0 {
            return None;
        }
        self.left -= 1;
        Some(Response::new(RESPONSE))
    }

    fn respond(&mut self, _challenge: &[u8]) -> Result<Progress, SaslError> {
        if self.left == 0 {
            return Err(SaslError::NothingLeft);
        }
        self.left -= 1;
        Ok(Progress::Respond(Response::new(RESPONSE)))
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        Ok(())
    }

    fn reads_challenge(&self) -> bool {
        false
    }
}
