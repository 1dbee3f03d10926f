//! The server side of AUTH (RFC 5034). [`Offer`] has the mechanisms that a channel offers, and each
//! mechanism is a [`ServerExchange`].
//!
//! ```text
//!  AUTH NAME ────────────▶ opening
//!  + challenge ◀───────────│   what the server says first, or nothing
//!  response ─────────────▶ respond ──▶ ServerStep::LoggedIn ──▶ +OK
//!  + challenge ◀───────────│      └──▶ Err ───────────────────▶ -ERR
//!           …
//! ```

mod anonymous;
mod bearer;
mod cram;
mod credentials;
mod external;
mod gs2;
mod login;
mod mechanism;
mod offer;
mod plain;
mod scram;

use alloc::vec::Vec;

pub(super) use mechanism::OfferedMechanism;
pub(super) use offer::{Bindings, Offer};

use super::command::trim_line_end;
use super::config::ServerConfig;
use super::stream::Answer;
use crate::base64;

/// The longest response line in octets, with CRLF. The limit of command lines does not apply to
/// responses (RFC 5034 section 4), and a bearer token may be several KiB long.
pub(super) const RESPONSE_OCTETS: usize = 64 * 1024;

/// The only refusal that concerns the credentials (RFC 3206 section 5). It does not say whether the
/// user name or the secret is wrong.
pub(super) const INVALID_CREDENTIALS: &str = "[AUTH] invalid credentials";

/// The error for a response that the mechanism cannot parse.
const MALFORMED: &str = "the response is malformed";

/// An exchange with one mechanism, for one AUTH. After an error it is dropped.
pub(super) trait ServerExchange: Send + Sync {
    /// Returns the first challenge, or `None` if the client sends the first message.
    fn opening(&self, _config: &ServerConfig) -> Option<Vec<u8>> {
        None
    }

    /// Returns whether the client may answer [`opening`](Self::opening) with the command already.
    fn takes_initial_response(&self) -> bool {
        false
    }

    /// Processes a response, which was decoded from base64, or returns the text of the `-ERR`.
    fn respond(
        &mut self,
        response: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str>;
}

/// The result of processing a response.
pub(super) enum ServerStep {
    /// Send this challenge, and wait for the response.
    Challenge(Vec<u8>),
    /// The client is authenticated.
    LoggedIn,
}

/// Returns the result of an exchange that checked credentials.
fn verdict(valid: bool) -> Result<ServerStep, &'static str> {
    if valid {
        Ok(ServerStep::LoggedIn)
    } else {
        Err(INVALID_CREDENTIALS)
    }
}

/// Returns a challenge as it is sent. The SP is sent even if the challenge is empty (RFC 5034
/// section 4).
pub(super) fn challenge(octets: &[u8]) -> Answer {
    Answer::line(["+ ", &base64::encode(octets)].concat())
}

/// Decodes the initial response in a command: `=` is an empty one (RFC 5034 section 4).
pub(super) fn initial_response(argument: &[u8]) -> Result<Vec<u8>, &'static str> {
    match argument {
        b"=" => Ok(Vec::new()),
        b"" => Err("argument missing"),
        _ => decode(argument),
    }
}

/// Decodes a response on its own line.
pub(super) fn response(line: &[u8]) -> Result<Vec<u8>, &'static str> {
    match trim_line_end(line) {
        b"*" => Err("authentication cancelled"),
        response => decode(response),
    }
}

fn decode(response: &[u8]) -> Result<Vec<u8>, &'static str> {
    base64::decode(response).ok_or("the response is not base64")
}
