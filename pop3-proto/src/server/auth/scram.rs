//! SCRAM (RFC 5802, RFC 7677), with or without channel binding (RFC 9266, RFC 5929).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::config::ServerConfig;
use super::credentials::{prepared, same_octets};
use super::gs2::{self, Flag, Header};
use super::offer::Bindings;
use super::{INVALID_CREDENTIALS, MALFORMED, ServerExchange, ServerStep};
use crate::base64;
use crate::channel::EndPoint;
use crate::sasl::ScramHash;
use crate::sasl::nonce::is_nonce;
use crate::sasl::scram::derive::{self, Keys};

pub(super) struct ServerScram {
    hash: ScramHash,
    binding: ServerBinding,
    state: State,
}

/// What the chosen mechanism, and the list that it was chosen from, mean for channel binding.
pub(super) enum ServerBinding {
    /// No `-PLUS` was offered.
    NotOffered,
    /// A `-PLUS` was offered, but this mechanism has none.
    Offered,
    /// This mechanism is a `-PLUS`: the client binds to one of these.
    Required(Bindings),
}

/// What the server waits for.
enum State {
    /// The client's first message.
    First,
    /// The client's proof.
    Proof(Challenged),
    /// An empty response to the signature. The client is then logged in.
    Nothing,
}

/// The data that the proof is checked against.
struct Challenged {
    /// Whether the client sent the name of this account. If not, only the proof fails, as for a
    /// wrong password.
    known: bool,
    /// The expected value of `c=`: the GS2 header, followed by the channel binding data.
    binding: Vec<u8>,
    nonce: String,
    /// The first messages of both sides, each followed by a comma.
    auth_message: String,
}

impl ServerScram {
    pub(super) fn new(hash: ScramHash, binding: ServerBinding) -> Self {
        Self {
            hash,
            binding,
            state: State::First,
        }
    }

    /// Parses `client-first-message`, and returns `server-first-message`.
    fn first(
        &self,
        message: &str,
        config: &ServerConfig,
    ) -> Result<(String, Challenged), &'static str> {
        let (header, bare) = Header::read(message).ok_or(MALFORMED)?;
        let exported = self.binding.check(&header.flag)?;
        let (username, client_nonce) = first_bare(bare).ok_or(MALFORMED)?;
        let authzid = header.authzid.as_deref().unwrap_or_default();
        let nonce = [client_nonce, &config.sasl.server_nonce].concat();
        let salt = base64::encode(&config.sasl.salt);
        let answer = format!("r={nonce},s={},i={}", *salt, config.sasl.iterations);
        let challenged = Challenged {
            known: config.is_user(username.as_bytes()) & config.may_act_as(authzid.as_bytes()),
            binding: [header.text.as_bytes(), exported].concat(),
            nonce,
            auth_message: format!("{bare},{answer},"),
        };
        Ok((answer, challenged))
    }

    /// Parses `client-final-message`. Returns `server-final-message` if it proves the password.
    fn last(
        &self,
        message: &str,
        challenged: &Challenged,
        config: &ServerConfig,
    ) -> Result<String, &'static str> {
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(MALFORMED)?;
        let proof = base64::decode(proof.as_bytes()).ok_or(MALFORMED)?;
        let mut attributes = without_proof.split(',');
        let binding = attribute(&mut attributes, "c=")
            .and_then(|binding| base64::decode(binding.as_bytes()))
            .ok_or(MALFORMED)?;
        let nonce = attribute(&mut attributes, "r=").ok_or(MALFORMED)?;
        // A man in the middle fails here. Neither of the errors concerns the credentials.
        if binding != challenged.binding {
            return Err("the channel binding is that of another channel");
        }
        if nonce != challenged.nonce {
            return Err("the nonce is that of another exchange");
        }
        let auth_message = [&challenged.auth_message, without_proof].concat();
        let keys = self
            .keys(&auth_message, config)
            .ok_or(INVALID_CREDENTIALS)?;
        if !(same_octets(&proof, &keys.proof) & challenged.known) {
            return Err(INVALID_CREDENTIALS);
        }
        Ok(format!("v={}", *base64::encode(&keys.server_signature)))
    }

    /// Returns the proof that the client must send, and the signature for it. `None` if SASLprep
    /// rejects the password of the account.
    fn keys(&self, auth_message: &str, config: &ServerConfig) -> Option<Keys> {
        let password = prepared(&config.secret)?;
        let iterations = config.sasl.iterations;
        let mut derivation = derive::begin(self.hash, &password, &config.sasl.salt, iterations);
        while !derivation.iterate(iterations) {}
        Some(derivation.conclude(auth_message.as_bytes()))
    }
}

impl ServerBinding {
    /// Checks the client's flag (RFC 5802 section 6), and returns the octets to bind to.
    fn check(&self, flag: &Flag<'_>) -> Result<&[u8], &'static str> {
        match (self, flag) {
            (Self::Required(bindings), Flag::Bound(kind)) => {
                let exporter = bindings.exporter.as_ref().map(<[u8; 32]>::as_slice);
                let end_point = bindings.end_point.as_ref().map(EndPoint::as_bytes);
                match *kind {
                    "tls-exporter" => exporter,
                    "tls-server-end-point" => end_point,
                    _ => None,
                }
                .ok_or("the channel binding is of another type")
            }
            (Self::Required(_), _) => Err("the mechanism demands channel binding"),
            (_, Flag::Bound(_)) => Err("the mechanism knows no channel binding"),
            (Self::Offered, Flag::NotOffered) => Err("channel binding is offered here"),
            _ => Ok(&[]),
        }
    }
}

/// Parses `n=username,r=nonce`. Extensions after it are ignored; a mandatory one (`m=`) is before
/// it.
fn first_bare(bare: &str) -> Option<(String, &str)> {
    let mut attributes = bare.split(',');
    let username = gs2::name(attribute(&mut attributes, "n=")?)?;
    // The name must be valid for SASLprep (RFC 5802 section 5.1).
    prepared(username.as_bytes())?;
    let nonce = attribute(&mut attributes, "r=").filter(|nonce| is_nonce(nonce))?;
    Some((username, nonce))
}

fn attribute<'a>(attributes: &mut impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    attributes.next()?.strip_prefix(name)
}

impl ServerExchange for ServerScram {
    fn respond(
        &mut self,
        response: &[u8],
        config: &ServerConfig,
    ) -> Result<ServerStep, &'static str> {
        let message = core::str::from_utf8(response).map_err(|_| MALFORMED)?;
        let (challenge, state) = match &self.state {
            State::First => {
                let (challenge, challenged) = self.first(message, config)?;
                (challenge, State::Proof(challenged))
            }
            State::Proof(challenged) => (self.last(message, challenged, config)?, State::Nothing),
            State::Nothing if message.is_empty() => return Ok(ServerStep::LoggedIn),
            State::Nothing => return Err(MALFORMED),
        };
        self.state = state;
        Ok(ServerStep::Challenge(challenge.into()))
    }
}
