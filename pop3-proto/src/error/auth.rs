//! Why there is no login, and what to do about it.

use alloc::boxed::Box;
use core::fmt;

use thiserror::Error as ThisError;

use super::Advice;
use crate::login_plan::LoginPlan;
use crate::method::Method;
use crate::refusal::Refusal;
use crate::sasl::{OAuthError, SaslError};
use crate::status::ErrReply;

/// Why there is no login. [`AuthError::advice`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum AuthError {
    /// The server said no.
    #[error(transparent)]
    Rejected(Rejected),
    /// This side broke an exchange off, and the server took note: its challenge made no sense, or it
    /// ended the exchange itself. No other way was tried.
    #[error("login with {name} was broken off: {cause}{}{}", Said(reply), Instead(name, *.try_instead))]
    BrokenOff {
        /// The mechanism.
        name: Box<str>,
        /// Why.
        cause: SaslError,
        /// The server's `-ERR` to that; empty if the connection ended before.
        reply: ErrReply,
        /// As [`Rejected::try_instead`], where it was the server that ended the exchange.
        try_instead: Option<Method>,
    },
    /// Nothing was sent: every way to log in that the policy allows is unsafe or unavailable here.
    #[error("no safe way to log in: {0}")]
    NoSafeLogin(LoginPlan),
    /// The application provided no token.
    #[error("there is no token to log in with: {why}")]
    NoToken {
        /// Why, in its words: the error of the function that provides tokens.
        why: Box<str>,
        /// Why the server refused the token before, if a fresh one was requested.
        refused: Option<Box<AuthError>>,
    },
}

/// A login that the server refused.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub struct Rejected {
    /// Which way was tried.
    pub method: Method,
    /// Its name, such as `SCRAM-SHA-256-PLUS`.
    pub name: Box<str>,
    /// The `-ERR`, with the server's words.
    pub refusal: Refusal,
    /// What the server said about a token before that, or in an unexpected challenge after a
    /// password: a proxy that logs in to another server by a token forwards its reasons.
    pub oauth: Option<OAuthError>,
    /// What to do about it.
    pub advice: Advice,
    /// A weaker way that may work, for a caller who wants to name it: a server that stores only a
    /// hash of the password cannot do SCRAM, and takes the password itself by PLAIN.
    pub try_instead: Option<Method>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "login with {} failed: {}", self.name, self.refusal)?;
        match &self.oauth {
            Some(oauth) if self.method.takes_token() && oauth.is_blank() => {}
            Some(oauth) if self.method.takes_token() => {
                write!(f, "; of the token it says: {oauth}")?;
            }
            Some(oauth) if oauth.is_blank() => {
                f.write_str("; before that it sent an unexpected empty challenge")?;
            }
            Some(oauth) => write!(
                f,
                "; before that it said in an unexpected challenge: {oauth}"
            )?,
            None => {}
        }
        write!(
            f,
            " ({}{})",
            self.advice,
            Instead(&self.name, self.try_instead)
        )
    }
}

/// What the server wrote, if it wrote anything.
struct Said<'a>(&'a ErrReply);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.text.is_blank() {
            return Ok(());
        }
        write!(f, "; the server said: {}", self.0.text)
    }
}

/// A hint at a weaker way.
struct Instead<'a>(&'a str, Option<Method>);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, Some(method)) = self else {
            return Ok(());
        };
        let account = "an account of which the server keeps only a hash";
        write!(f, "; {account} cannot use {name}, but perhaps {method}")
    }
}

impl AuthError {
    /// A weaker way that may work, for a caller who wants to name it: see [`Rejected::try_instead`].
    pub fn try_instead(&self) -> Option<Method> {
        match self {
            Self::Rejected(Rejected { try_instead, .. }) | Self::BrokenOff { try_instead, .. } => {
                *try_instead
            }
            Self::NoSafeLogin(_) | Self::NoToken { .. } => None,
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> Advice {
        if let Self::BrokenOff { reply, .. } = self
            && let Some(advice) = Advice::of_code(reply.code.as_ref())
        {
            return advice;
        }
        match self {
            Self::Rejected(rejected) => rejected.advice,
            // RFC 5802 section 7 has a list of these.
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
