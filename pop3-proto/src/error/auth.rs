//! Errors of a login.

use alloc::boxed::Box;
use core::fmt;

use thiserror::Error as ThisError;

use super::Advice;
use crate::login_plan::LoginPlan;
use crate::method::Method;
use crate::refusal::Refusal;
use crate::sasl::{OAuthError, SaslError};
use crate::status::ErrReply;

/// Why a login failed. [`AuthError::advice`] returns what to do.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum AuthError {
    /// The server refused the login.
    #[error(transparent)]
    Rejected(Rejected),
    /// The client cancelled the authentication exchange, because a challenge was invalid or because
    /// the server reported an error in the exchange. The server confirmed the cancellation, unless
    /// the connection ended first. No other login method was tried.
    #[error("login with {name} failed: {cause}{}{}", Said(reply), Instead(name, *.try_instead))]
    BrokenOff {
        /// The mechanism.
        name: Box<str>,
        /// Why the exchange was cancelled.
        cause: SaslError,
        /// The server's `-ERR` to the cancellation. It is empty if the connection ended before the
        /// reply.
        reply: ErrReply,
        /// The same as [`Rejected::try_instead`]. It is set only if the server ended the exchange.
        try_instead: Option<Method>,
    },
    /// Nothing was sent: every login method that the policy allows is unsafe or unavailable here.
    #[error("no safe login method is available: {0}")]
    NoSafeLogin(LoginPlan),
    /// The application provided no token.
    #[error("no token to log in with: {why}{}", RefusedBefore(refused))]
    NoToken {
        /// The error of the function that provides tokens.
        why: Box<str>,
        /// The server's refusal of the previous token, if a fresh one was requested.
        refused: Option<Box<AuthError>>,
    },
}

/// A login that the server refused.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub struct Rejected {
    /// The login method that was tried.
    pub method: Method,
    /// The name of the method, such as `SCRAM-SHA-256-PLUS`.
    pub name: Box<str>,
    /// The `-ERR`, with the server's text.
    pub refusal: Refusal,
    /// The error about a token that the server sent before the refusal. After a login with a
    /// password, this is the content of an unexpected challenge: a proxy that logs in to another
    /// server with a token may forward that server's error.
    pub oauth: Option<OAuthError>,
    /// What the user can do.
    pub advice: Advice,
    /// A weaker login method that may work if the caller enables it. For example, a server that
    /// stores only a hash of the password may refuse SCRAM, but accept the password itself with
    /// PLAIN.
    pub try_instead: Option<Method>,
    /// The length of the longest line that was sent for this login, in octets with CR LF. It is set
    /// only if the length may be the reason for the refusal: the server gave no response code, and
    /// the line is longer than 128 octets, the default limit of nginx's mail proxy.
    pub long_line: Option<usize>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "login with {} failed: {}", self.name, self.refusal)?;
        match &self.oauth {
            Some(oauth) if self.method.takes_token() && oauth.is_blank() => {}
            Some(oauth) if self.method.takes_token() => {
                write!(f, "; it said about the token: {oauth}")?;
            }
            Some(oauth) if oauth.is_blank() => {
                f.write_str("; before that it sent an unexpected empty challenge")?;
            }
            Some(oauth) => write!(f, "; before that it sent an unexpected challenge: {oauth}")?,
            None => {}
        }
        if let Some(octets) = self.long_line {
            write!(
                f,
                "; a line of {octets} octets was sent, perhaps too long for this server"
            )?;
            if self.method != Method::UserPass && !self.method.takes_token() {
                write!(f, ": try {}", Method::UserPass)?;
            }
        }
        write!(f, " (")?;
        match (self.advice, self.method) {
            (Advice::CheckCredentials, Method::External) => {
                f.write_str("check the client certificate, and whether it belongs to the account")?;
            }
            (Advice::CheckCredentials, Method::Anonymous) => {
                f.write_str("the server may not allow anonymous access")?;
            }
            (Advice::CheckCredentials, Method::Custom) => {
                f.write_str("check the credentials and the account")?;
            }
            (Advice::Unknown, Method::External) => {
                f.write_str("the server did not say whether the client certificate is wrong")?;
            }
            (advice, _) => advice.fmt(f)?,
        }
        write!(f, "{})", Instead(&self.name, self.try_instead))
    }
}

/// Writes the server's text, if it is not blank.
struct Said<'a>(&'a ErrReply);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.text.is_blank() {
            return Ok(());
        }
        write!(f, "; the server said: {}", self.0.text)
    }
}

/// Writes the refusal of the previous token, as the end of a sentence.
struct RefusedBefore<'a>(&'a Option<Box<AuthError>>);

impl fmt::Display for RefusedBefore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(refused) => write!(f, "; the previous token was refused: {refused}"),
            None => Ok(()),
        }
    }
}

/// Writes a hint to try a weaker login method.
struct Instead<'a>(&'a str, Option<Method>);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, Some(method)) = self else {
            return Ok(());
        };
        write!(
            f,
            "; {name} fails if the server stores only a hash of the password: try {method}"
        )
    }
}

impl AuthError {
    /// Returns a weaker login method that may work if the caller enables it: see
    /// [`Rejected::try_instead`].
    pub fn try_instead(&self) -> Option<Method> {
        match self {
            Self::Rejected(Rejected { try_instead, .. }) | Self::BrokenOff { try_instead, .. } => {
                *try_instead
            }
            Self::NoSafeLogin(_) | Self::NoToken { .. } => None,
        }
    }

    /// Returns what the user can do about this error.
    pub fn advice(&self) -> Advice {
        if let Self::BrokenOff { reply, .. } = self
            && let Some(advice) = Advice::of_code(reply.code.as_ref())
        {
            return advice;
        }
        match self {
            Self::Rejected(rejected) => rejected.advice,
            // RFC 5802 section 7 lists these values.
            Self::BrokenOff {
                cause: SaslError::ServerError(error),
                ..
            } => match error.as_bytes() {
                b"invalid-proof" | b"unknown-user" => Advice::CheckCredentials,
                _ => Advice::Unknown,
            },
            Self::BrokenOff {
                cause: SaslError::ExtraChallenge(said),
                ..
            } if said.is_about_credentials() => Advice::CheckCredentials,
            Self::BrokenOff {
                cause: SaslError::Other(_) | SaslError::ExtraChallenge(_),
                ..
            } => Advice::Unknown,
            Self::BrokenOff {
                cause:
                    SaslError::BadChallenge(_)
                    | SaslError::NothingLeft
                    | SaslError::NotDone
                    | SaslError::Scram(_)
                    | SaslError::ScramIterations { .. }
                    | SaslError::ServerNotAuthenticated,
                ..
            } => Advice::AskOperator,
            Self::NoSafeLogin(plan) => {
                let refused = plan.capa_refused.as_deref();
                Advice::of_code(refused.and_then(|refusal| refusal.code.as_ref()))
                    .unwrap_or(Advice::ChangePolicy)
            }
            Self::NoToken { .. } => Advice::SignIn,
        }
    }
}
