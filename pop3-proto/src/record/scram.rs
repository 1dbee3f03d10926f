//! The server's side of SCRAM in a recording.
//!
//! The signature of the server would allow anyone to guess the password offline, so it is replaced
//! by the one that fits the password that replaces the real one.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::base64;
use crate::method::Method;
use crate::sasl::scram::derive;
use crate::saslprep::saslprep;

/// How many iterations are computed at a time.
const SLICE: u32 = 10_000;

/// The messages of the exchange so far.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    method: Option<Method>,
    client_first: String,
    server_first: String,
    without_proof: String,
}

impl Exchange {
    /// Reads a line that the client sent.
    pub(super) fn sent(&mut self, line: &[u8]) {
        let Ok(line) = core::str::from_utf8(line) else {
            return;
        };
        let line = line.trim_end();
        let response = match line.strip_prefix("AUTH ") {
            Some(rest) => {
                let (name, response) = rest.split_once(' ').unwrap_or((rest, ""));
                let name = name.strip_suffix("-PLUS").unwrap_or(name);
                *self = Self::default();
                self.method = name.parse().ok().filter(|it: &Method| it.scram().is_some());
                response
            }
            None => line,
        };
        let Some(message) = decoded(response).filter(|_| self.method.is_some()) else {
            return;
        };
        if let Some((without_proof, _)) = message.split_once(",p=") {
            self.without_proof = without_proof.to_string();
        } else if let Some((_, bare)) = message.split_once(",n=") {
            self.client_first = format!("n={bare}");
        }
    }

    /// Reads a line of the server. Returns its replacement, if it is the signature.
    /// `accepted`: the client accepted it.
    pub(super) fn received(
        &mut self,
        line: &[u8],
        password: &[u8],
        accepted: bool,
    ) -> Option<Vec<u8>> {
        let method = self.method?;
        let text = core::str::from_utf8(line).ok()?;
        let rest = text.strip_prefix("+ ")?;
        let challenge = rest.trim_end();
        let end = rest.get(challenge.len()..)?;
        if self.without_proof.is_empty() {
            if let Some(message) = decoded(challenge).filter(|it| it.starts_with("r=")) {
                self.server_first = message;
            }
            return None;
        }
        // After the proof, every challenge may contain the signature, in whatever form. Only an error
        // of RFC 5802 section 7 is kept: it is too short for a signature.
        let is_error = |message: &String| message.starts_with("e=") && message.len() <= 40;
        if decoded(challenge).is_some_and(|message| is_error(&message)) {
            return None;
        }
        let own = self.own_signature(challenge, method, password, accepted);
        let own = own.filter(|own| own.len() == challenge.len());
        let own = own.unwrap_or_else(|| "A".repeat(challenge.len()));
        Some(format!("+ {own}{end}").into_bytes())
    }

    /// Returns a challenge with another signature than the server's: one that fits this password if
    /// the client has accepted the exchange, otherwise one that is wrong. An attacker can demand any
    /// number of iterations, but the client does not accept that.
    fn own_signature(
        &self,
        challenge: &str,
        method: Method,
        password: &[u8],
        accepted: bool,
    ) -> Option<String> {
        let message = decoded(challenge)?;
        let value = message.strip_prefix("v=")?;
        let (value, extensions) = value.split_at(value.find(',').unwrap_or(value.len()));
        let length = base64::decode(value.as_bytes())?.len();
        let own = if accepted {
            self.signature(method, password)
        } else {
            None
        };
        let signature = own.unwrap_or_else(|| alloc::vec![0; length]);
        let message = format!("v={}{extensions}", *base64::encode(&signature));
        Some(base64::encode(message.as_bytes()).to_string())
    }

    fn signature(&self, method: Method, password: &[u8]) -> Option<Vec<u8>> {
        let auth_message = format!(
            "{},{},{}",
            self.client_first, self.server_first, self.without_proof
        );
        let attribute = |name: &str| {
            let mut attributes = self.server_first.split(',');
            attributes.find_map(|it| it.strip_prefix(name))
        };
        let salt = base64::decode(attribute("s=")?.as_bytes())?;
        let iterations: u32 = attribute("i=")?.parse().ok()?;
        let password = saslprep(core::str::from_utf8(password).ok()?)?;
        let mut derivation = derive::begin(method.scram()?, &password, &salt, iterations);
        while !derivation.iterate(SLICE) {}
        let keys = derivation.conclude(auth_message.as_bytes());
        Some(keys.server_signature.to_vec())
    }
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(base64::decode(text.as_bytes())?).ok()
}
