//! The mechanisms of SASL (RFC 4422), with which `AUTH` logs in (RFC 5034).
//!
//! A [`Mechanism`] is a state machine of its own: challenges in, [`Response`]s out, no base64, no
//! command lines and no randomness. A [`Connection`](crate::Connection) drives it through `AUTH`:
//!
//! ```text
//!                          ┌──── Mechanism ────┐
//!  AUTH NAME [response] ◀──│ initial_response  │
//!                          │                   │
//!  + challenge ───────────▶│ respond ─▶ Work ──│─▶ work, until there is a response
//!  response ◀──────────────│                   │
//!           …              │                   │
//!  +OK ───────────────────▶│ finish            │   only now is anybody logged in
//!  -ERR ──────────────────▶│ refused           │
//!                          └───────────────────┘
//! ```
//!
//! | mechanism | what it is | what the server learns |
//! |---|---|---|
//! | [`Scram`] | RFC 5802, RFC 7677; mutual | nothing that logs in elsewhere |
//! | [`Plain`] | RFC 4616 | the password |
//! | [`Login`] | a draft that expired; PLAIN in three steps | the password |
//! | [`CramMd5`] | RFC 2195 | what lets the password be guessed |
//! | [`OAuthBearer`], [`XOAuth2`] | RFC 7628, and what Google made before it | a token |
//! | [`External`] | RFC 4422 appendix A | nothing: the TLS certificate says who this is |
//! | [`Anonymous`] | RFC 4505 | a trace, if any |
//!
//! Others, such as GSSAPI or NTLM, are yours to add: implement [`Mechanism`]. One that binds to its TLS
//! channel is made when TLS is in place, behind [`StartTls`](crate::command::StartTls) if need be:
//! [`TlsInfo::exporter`](crate::tls::TlsInfo::exporter) is what it binds to.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::base64;

mod anonymous;
mod cram;
mod error;
mod external;
mod login;
pub(crate) mod nonce;
#[cfg(feature = "oauth")]
mod oauth;
mod oauth_error;
mod one_message;
mod plain;
pub(crate) mod scram;

pub use anonymous::Anonymous;
pub use cram::CramMd5;
pub use error::SaslError;
pub use external::External;
pub use login::Login;
pub use nonce::ClientNonce;
pub(crate) use nonce::Seed;
#[cfg(feature = "oauth")]
pub use oauth::{OAuthBearer, XOAuth2};
pub use oauth_error::OAuthError;
pub(crate) use oauth_error::Stale;
pub use plain::Plain;
pub(crate) use scram::ITERATIONS;
#[cfg(feature = "scram")]
pub use scram::Scram;
pub use scram::{Binding, ScramHash};

/// One side of an authentication exchange (RFC 4422 section 3), for one login.
///
/// The methods are called in the order of the diagram in the [module](self)'s documentation. After
/// an error a mechanism is only dropped. Its `Debug` output goes into logs: keep secrets out of it,
/// and wipe them as soon as they are not needed.
///
/// ```
/// use pop3_proto::sasl::{Mechanism, Progress, Response, SaslError};
///
/// /// A mechanism that answers one challenge with its octets in reverse.
/// #[derive(Debug, Default)]
/// struct Mirror {
///     answered: bool,
/// }
///
/// impl Mechanism for Mirror {
///     fn name(&self) -> &str {
///         "X-MIRROR"
///     }
///
///     fn initial_response(&mut self) -> Option<Response> {
///         None
///     }
///
///     fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError> {
///         if self.answered {
///             return Err(SaslError::NothingLeft);
///         }
///         self.answered = true;
///         let mirrored: Vec<u8> = challenge.iter().rev().copied().collect();
///         Ok(Progress::Respond(Response::new(mirrored)))
///     }
///
///     fn finish(&mut self) -> Result<(), SaslError> {
///         self.answered.then_some(()).ok_or(SaslError::NotDone)
///     }
/// }
/// ```
pub trait Mechanism: fmt::Debug + Send + Sync {
    /// The name that follows `AUTH`: 1 to 20 of `A` to `Z`, digits, `-` and `_` (RFC 4422
    /// section 3.1).
    fn name(&self) -> &str;

    /// What the client says first, or `None` where the server speaks first.
    ///
    /// Called once, before anything else. It leaves with the command where it may and fits there
    /// (RFC 5034 section 4), and else as the answer to an empty challenge that
    /// [`respond`](Self::respond) never sees. An empty response leaves as `=`.
    fn initial_response(&mut self) -> Option<Response>;

    /// Answers a challenge, which was decoded from base64. Called only after all that
    /// [`initial_response`](Self::initial_response) gave was sent.
    ///
    /// # Errors
    ///
    /// Any [`SaslError`] ends the exchange: `*` is sent, whatever the error is. The connection lives on
    /// after [`BadChallenge`](SaslError::BadChallenge), [`ServerError`](SaslError::ServerError) and
    /// [`Other`](SaslError::Other), and, unless the mechanism [is mutual](Self::is_mutual), after the
    /// first [`NothingLeft`](SaslError::NothingLeft). It ends with any other.
    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError>;

    /// Goes on with what [`Progress::Work`] announced, for some milliseconds at most: others wait
    /// for this thread.
    ///
    /// # Errors
    ///
    /// As [`respond`](Self::respond). A mechanism that never gives `Work` keeps this default, which
    /// is never called and fails.
    fn work(&mut self) -> Result<Progress, SaslError> {
        Err(SaslError::Other("there is no work to go on with".into()))
    }

    /// The server says `+OK`. Whoever does not object here is logged in.
    ///
    /// # Errors
    ///
    /// [`SaslError::NotDone`] when the exchange is not over, [`SaslError::ServerNotAuthenticated`]
    /// when the server still has to prove who it is. Any error ends the connection: whom the server
    /// let in is not known.
    fn finish(&mut self) -> Result<(), SaslError>;

    /// The server says `-ERR`. What it told about the reason during the exchange, if anything.
    fn refused(&mut self) -> Option<OAuthError> {
        None
    }

    /// Whether the server has to prove who it is, too. Nothing odd is borne in such an exchange.
    fn is_mutual(&self) -> bool {
        false
    }

    /// Whether the next challenge says anything. Where it does not, as with the prompts of LOGIN,
    /// one that cannot be decoded may be passed on as an empty one.
    fn reads_challenge(&self) -> bool {
        true
    }
}

/// What a mechanism makes of a challenge.
#[derive(Debug)]
#[must_use]
pub enum Progress {
    /// Send this.
    Respond(Response),
    /// There is a long computation to do: call [`Mechanism::work`] until it gives a response, and
    /// let others have the thread in between.
    Work,
}

/// What a client says in an exchange: octets, before base64. Wiped from memory when it is dropped.
#[derive(Default)]
pub struct Response(Zeroizing<Vec<u8>>);

impl Response {
    /// Takes octets over. Build them in one piece: a vector that grows leaves copies behind.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(octets.into()))
    }

    /// A response without octets: `=` as an initial response, an empty line later.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The octets, secrets and all.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As the protocol writes it, without the `=` of an empty initial response.
    pub fn to_base64(&self) -> Zeroizing<String> {
        base64::encode(&self.0)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Response(..)")
    }
}
