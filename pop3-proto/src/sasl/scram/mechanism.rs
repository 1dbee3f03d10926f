//! The SCRAM mechanism: the exchange with the proofs of both sides.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;
use core::ops::RangeInclusive;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::{ClientNonce, Mechanism, Progress, Response, SaslError};
use super::derive::{self, Derivation};
use super::messages::{self, ServerFirst};
use super::values::{Binding, ITERATIONS, ScramHash};
use crate::base64;
use crate::misuse::{Argument, Misuse};
use crate::saslprep::{saslname, saslprep};
use crate::secret::Secret;
use crate::types::Username;

/// SCRAM (RFC 5802, RFC 7677): both sides prove that they know the password, and neither sends it.
///
/// User name and password are prepared with SASLprep (RFC 4013). After the server's challenge,
/// [`respond`](Mechanism::respond) returns [`Progress::Work`]: the response requires several
/// thousand iterations of PBKDF2.
pub struct Scram {
    hash: ScramHash,
    username: String,
    authzid: String,
    nonce: ClientNonce,
    binding: Binding,
    iterations: RangeInclusive<u32>,
    state: State,
}

/// What the mechanism waits for.
enum State {
    /// The server's first message.
    First { password: Zeroizing<String> },
    /// The computation of the proof, which the server waits for.
    Working {
        derivation: Box<dyn Derivation>,
        auth_message: String,
        without_proof: String,
    },
    /// The server's signature, which must be this one.
    Final { signature: Zeroizing<Box<[u8]>> },
    /// The server's `+OK`.
    Verified,
    /// Nothing: an error ended the exchange.
    Failed,
}

impl Scram {
    /// The default bounds of the iteration count, unless [`with_iterations`](Self::with_iterations)
    /// changes them. RFC 7677 section 4 requires at least 4,096; a million iterations take up to a
    /// second.
    pub const ITERATIONS: RangeInclusive<u32> = ITERATIONS;

    /// The maximum number of iterations in one call of [`Mechanism::work`].
    pub const SLICE: u32 = 10_000;

    /// Creates the mechanism for `username`, without channel binding.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if SASLprep prohibits the name or the password: control characters,
    /// text that mixes directions, code points that are not in Unicode 3.2, or octets that are not
    /// UTF-8. Without the feature `std`, everything beyond ASCII is rejected.
    pub fn new(
        hash: ScramHash,
        username: &Username,
        password: &Secret,
        nonce: ClientNonce,
    ) -> Result<Self, Misuse> {
        let password = core::str::from_utf8(password.expose())
            .ok()
            .and_then(saslprep)
            .ok_or(Misuse::Argument(Argument::UnpreparedPassword))?;
        Ok(Self {
            hash,
            username: name(username)?,
            authzid: String::new(),
            nonce,
            binding: Binding::Off,
            iterations: Self::ITERATIONS,
            state: State::First { password },
        })
    }

    /// Sets the channel binding. With [`Binding::TlsExporter`] and [`Binding::TlsServerEndPoint`], the
    /// mechanism's name ends in `-PLUS`.
    #[must_use]
    pub fn with_binding(mut self, binding: Binding) -> Self {
        self.binding = binding;
        self
    }

    /// Sets the authorization identity `authzid`: the user to act as, with the credentials of the
    /// user name.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if SASLprep prohibits the name.
    pub fn with_authzid(mut self, authzid: &Username) -> Result<Self, Misuse> {
        self.authzid = format!("a={}", name(authzid)?);
        Ok(self)
    }

    /// Sets the bounds of the iteration count, instead of [`Scram::ITERATIONS`]. The fewer
    /// iterations a fake server requests, the more easily it can guess the password from the
    /// response.
    #[must_use]
    pub fn with_iterations(mut self, iterations: RangeInclusive<u32>) -> Self {
        self.iterations = iterations;
        self
    }

    /// Returns the `gs2-header` of RFC 5802 section 7.
    fn gs2_header(&self) -> String {
        format!("{},{},", self.binding.flag(), self.authzid)
    }

    /// Returns the `client-first-message-bare`.
    fn first_bare(&self) -> String {
        format!("n={},r={}", self.username, self.nonce.as_str())
    }

    /// Parses the server's first message, and prepares the long computation.
    fn first(&self, challenge: &[u8], password: &str) -> Result<State, SaslError> {
        let text = core::str::from_utf8(challenge)
            .map_err(|_| SaslError::Scram("its first message is not UTF-8"))?;
        let server = ServerFirst::read(text, &self.nonce, &self.iterations)?;
        let mut binding = self.gs2_header().into_bytes();
        binding.extend_from_slice(self.binding.data());
        let without_proof = format!("c={},r={}", *base64::encode(&binding), server.nonce);
        let auth_message = format!("{},{text},{without_proof}", self.first_bare());
        Ok(State::Working {
            derivation: derive::begin(self.hash, password, &server.salt, server.iterations),
            auth_message,
            without_proof,
        })
    }
}

/// Returns a name in the form of the messages.
fn name(username: &Username) -> Result<String, Misuse> {
    saslprep(username.as_str())
        .map(|prepared| saslname(&prepared))
        .ok_or(Misuse::Argument(Argument::UnpreparedUsername))
}

impl Mechanism for Scram {
    fn name(&self) -> &str {
        match (self.hash, self.binding.is_bound()) {
            (ScramHash::Sha1, false) => "SCRAM-SHA-1",
            (ScramHash::Sha1, true) => "SCRAM-SHA-1-PLUS",
            (ScramHash::Sha256, false) => "SCRAM-SHA-256",
            (ScramHash::Sha256, true) => "SCRAM-SHA-256-PLUS",
            (ScramHash::Sha512, false) => "SCRAM-SHA-512",
            (ScramHash::Sha512, true) => "SCRAM-SHA-512-PLUS",
        }
    }

    fn initial_response(&mut self) -> Option<Response> {
        let first = [self.gs2_header(), self.first_bare()].concat();
        Some(Response::new(first))
    }

    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError> {
        // If anything below fails, the state stays `Failed` and no secret is left in it.
        match core::mem::replace(&mut self.state, State::Failed) {
            State::First { password } => {
                self.state = self.first(challenge, &password)?;
                Ok(Progress::Work)
            }
            State::Final { signature } => {
                let verifier = messages::verifier(challenge)?;
                if !bool::from(signature.ct_eq(&verifier)) {
                    return Err(SaslError::ServerNotAuthenticated);
                }
                self.state = State::Verified;
                Ok(Progress::Respond(Response::empty()))
            }
            State::Working { .. } | State::Verified | State::Failed => Err(SaslError::NothingLeft),
        }
    }

    fn work(&mut self) -> Result<Progress, SaslError> {
        let State::Working {
            derivation,
            auth_message,
            without_proof,
        } = &mut self.state
        else {
            return Err(SaslError::Other(
                "there is no computation to continue".into(),
            ));
        };
        if !derivation.iterate(Self::SLICE) {
            return Ok(Progress::Work);
        }
        let keys = derivation.conclude(auth_message.as_bytes());
        let response = [without_proof.as_str(), ",p=", &base64::encode(&keys.proof)].concat();
        self.state = State::Final {
            signature: keys.server_signature,
        };
        Ok(Progress::Respond(Response::new(response)))
    }

    fn is_mutual(&self) -> bool {
        true
    }

    fn finish(&mut self) -> Result<(), SaslError> {
        match self.state {
            State::Verified => Ok(()),
            _ => Err(SaslError::ServerNotAuthenticated),
        }
    }
}

impl fmt::Debug for Scram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scram")
            .field("name", &self.name())
            .field("username", &self.username)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First { .. } => "First",
            Self::Working { .. } => "Working",
            Self::Final { .. } => "Final",
            Self::Verified => "Verified",
            Self::Failed => "Failed",
        })
    }
}
