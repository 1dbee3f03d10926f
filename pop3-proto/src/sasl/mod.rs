//! The SASL mechanisms (RFC 4422) for `AUTH` (RFC 5034).
//!
//! A [`Mechanism`] is a state machine that reads challenges and returns [`Response`]s. It does not
//! handle base64, command lines or randomness. A [`Connection`](crate::Connection) drives it
//! through `AUTH`:
//!
//! ```text
//!                          ┌──── Mechanism ────┐
//!  AUTH NAME [response] ◀──│ initial_response  │
//!                          │                   │
//!  + challenge ───────────▶│ respond ─▶ Work ──│─▶ work, until there is a response
//!  response ◀──────────────│                   │
//!           …              │                   │
//!  +OK ───────────────────▶│ finish            │   the user is logged in only now
//!  -ERR ──────────────────▶│ refused           │
//!                          └───────────────────┘
//! ```
//!
//! | mechanism | what it is | what the server learns |
//! |---|---|---|
//! | [`Scram`] | RFC 5802, RFC 7677; mutual authentication | nothing that allows it to log in to other servers |
//! | [`Plain`] | RFC 4616 | the password |
//! | [`Login`] | an expired draft; like PLAIN, but name and password are sent separately | the password |
//! | [`CramMd5`] | RFC 2195 | enough to guess the password offline |
//! | [`OAuthBearer`], [`XOAuth2`] | RFC 7628, and Google's earlier mechanism | a token |
//! | [`External`] | RFC 4422 appendix A | nothing: the TLS certificate identifies the user |
//! | [`Anonymous`] | RFC 4505 | a trace, if any |
//!
//! To add others, such as GSSAPI or NTLM, implement [`Mechanism`]. A mechanism with channel binding
//! must be created when TLS is active, for example after [`StartTls`](crate::command::StartTls).
//! Its binding data is [`TlsInfo::exporter`](crate::tls::TlsInfo::exporter) or
//! [`TlsInfo::end_point`](crate::tls::TlsInfo::end_point).
//!
//! # GSSAPI
//!
//! The repository contains GSSAPI (RFC 4752) with Kerberos as a custom mechanism, in `.ci/gssapi`.
//! Its tests log in to a real server. The package is not published, because it needs the C library
//! of Kerberos; copy `mechanism.rs` to use it. [`Mechanism::initial_response`] cannot fail, and
//! getting a service ticket may block. So the constructor creates the first token, and reports that
//! there is no ticket.

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

/// The client's side of an authentication exchange (RFC 4422 section 3), for one login.
///
/// The methods are called in the order of the diagram in the documentation of the [module](self).
/// After an error, the mechanism is dropped. Its `Debug` output goes into logs, so it must not
/// contain secrets. Wipe secrets as soon as they are not needed.
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
    /// Returns the name for `AUTH`: 1 to 20 characters out of `A` to `Z`, digits, `-` and `_` (RFC
    /// 4422 section 3.1).
    fn name(&self) -> &str;

    /// Returns the initial response, or `None` if the server sends the first challenge.
    ///
    /// It is called once, before any other method except `name`. The response is sent with the
    /// command if that is allowed and it fits (RFC 5034 section 4). Otherwise it answers an empty
    /// challenge, which is not passed to [`respond`](Self::respond). An empty initial response is
    /// sent as `=`.
    fn initial_response(&mut self) -> Option<Response>;

    /// Answers a challenge, which was decoded from base64. It is called only after the
    /// [`initial_response`](Self::initial_response), if there is one, was sent.
    ///
    /// # Errors
    ///
    /// Any [`SaslError`] ends the exchange, and `*` is sent. The connection can still be used after
    /// [`BadChallenge`](SaslError::BadChallenge), [`ServerError`](SaslError::ServerError) and
    /// [`Other`](SaslError::Other). The same is true for the first
    /// [`NothingLeft`](SaslError::NothingLeft), unless the mechanism [is mutual](Self::is_mutual).
    /// After any other error the connection ends.
    fn respond(&mut self, challenge: &[u8]) -> Result<Progress, SaslError>;

    /// Continues the computation that [`Progress::Work`] announced, for at most a few milliseconds,
    /// so that other tasks can run on this thread.
    ///
    /// # Errors
    ///
    /// As for [`respond`](Self::respond). The default implementation always fails. That is
    /// sufficient for a mechanism that never returns [`Progress::Work`], because `work` is then
    /// never called.
    fn work(&mut self) -> Result<Progress, SaslError> {
        Err(SaslError::Other(
            "there is no computation to continue".into(),
        ))
    }

    /// Ends the exchange after `+OK`. If it returns `Ok`, the login has succeeded.
    ///
    /// # Errors
    ///
    /// [`SaslError::NotDone`] if the exchange is not complete.
    /// [`SaslError::ServerNotAuthenticated`] if the server has not proved its identity yet. Any
    /// error ends the connection, because it is not known which user the server has logged in.
    fn finish(&mut self) -> Result<(), SaslError>;

    /// Ends the exchange after `-ERR`. Returns the reason that the server sent during the exchange,
    /// if any.
    fn refused(&mut self) -> Option<OAuthError> {
        None
    }

    /// Returns whether the server must prove its identity, too. No deviations are tolerated in such
    /// an exchange.
    fn is_mutual(&self) -> bool {
        false
    }

    /// Returns whether the content of the next challenge matters. If it does not, as for the
    /// prompts of LOGIN, a challenge that cannot be decoded may be passed on as an empty one.
    fn reads_challenge(&self) -> bool {
        true
    }
}

/// The result of processing a challenge.
#[derive(Debug)]
#[must_use]
pub enum Progress {
    /// Send this response.
    Respond(Response),
    /// A long computation is necessary: call [`Mechanism::work`] until it returns a response, and
    /// let other tasks run between the calls.
    Work,
}

/// A response of the client, before it is encoded in base64. It is wiped from memory when it is
/// dropped.
#[derive(Default)]
pub struct Response(Zeroizing<Vec<u8>>);

impl Response {
    /// Creates a response. Build the octets without reallocation, because a vector that grows
    /// leaves copies in memory.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(octets.into()))
    }

    /// Creates an empty response: `=` as an initial response, an empty line later.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Returns the octets, including any secrets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the response in base64. An empty response is an empty string, even if it is sent as
    /// `=`.
    pub fn to_base64(&self) -> Zeroizing<String> {
        base64::encode(&self.0)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Response(..)")
    }
}
