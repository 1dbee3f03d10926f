//! The server side of AUTH (RFC 5034): who offers what is in [`Offer`], and each mechanism is an
//! [`ServerExchange`] of its own.
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
pub(super) use offer::Offer;

use super::command::trim_line_end;
use super::config::ServerConfig;
use super::stream::Answer;
use crate::base64;

/// The longest response line in octets, CRLF included. The limit of command lines does not hold for
/// them (RFC 5034 section 4), and a bearer token may take kibibytes.
pub(super) const RESPONSE_OCTETS: usize = 64 * 1024;

/// RFC 3206 section 5: the one refusal that is about the credentials. It does not say which of them.
pub(super) const INVALID_CREDENTIALS: &str = "[AUTH] invalid credentials";

/// A response that its mechanism does not know.
const MALFORMED: &str = "the response makes no sense";

/// One mechanism at work, for one AUTH. After an error it is dropped.
pub(super) trait ServerExchange: Send + Sync {
    /// What the server says first, or `None` where the client does.
    fn opening(&self, _config: &ServerConfig) -> Option<Vec<u8>> {
        None
    }

    /// Whether the client may answer [`opening`](Self::opening) with the command already.
    fn takes_initial_response(&self) -> bool {
        false
    }

    /// Reads a response, which was decoded from base64, or gives the text of the `-ERR`.
    fn respond(
        &mut self,
        response: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str>;
}

/// What the server makes of a response.
pub(super) enum ServerStep {
    /// It says this, and waits for the response to it.
    Challenge(Vec<u8>),
    /// It knows who the client is.
    LoggedIn,
}

/// The end of an exchange that asks for credentials.
fn verdict(valid: bool) -> Result<ServerStep, &'static str> {
    if valid {
        Ok(ServerStep::LoggedIn)
    } else {
        Err(INVALID_CREDENTIALS)
    }
}

/// A challenge as it is sent. The SP stays where there is nothing behind it (RFC 5034 section 4).
pub(super) fn challenge(octets: &[u8]) -> Answer {
    Answer::line(["+ ", &base64::encode(octets)].concat())
}

/// An initial response, which stands in the command: `=` is an empty one (RFC 5034 section 4).
pub(super) fn initial_response(argument: &[u8]) -> Result<Vec<u8>, &'static str> {
    match argument {
        b"=" => Ok(Vec::new()),
        b"" => Err("argument missing"),
        _ => decode(argument),
    }
}

/// A response on a line of its own.
pub(super) fn response(line: &[u8]) -> Result<Vec<u8>, &'static str> {
    match trim_line_end(line) {
        b"*" => Err("authentication cancelled"),
        response => decode(response),
    }
}

fn decode(response: &[u8]) -> Result<Vec<u8>, &'static str> {
    base64::decode(response).ok_or("the response is not base64")
}
