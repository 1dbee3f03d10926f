//! Why there is no login, and what to do about it.

use alloc::boxed::Box;
use core::fmt;

use thiserror::Error as ThisError;

use super::Refusal;
use crate::login::{LoginPlan, Method};
use crate::sasl::{OAuthError, SaslError};
use crate::status::ResponseCode;
use crate::text::ServerText;

/// Why there is no login. [`AuthError::advice`] says what to do.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum AuthError {
    /// The server said no.
    #[error(transparent)]
    Rejected(Rejected),
    /// This side broke an exchange off, and the server took note: its challenge made no sense, or it
    /// ended the exchange itself. No other way was tried.
    #[error("login with {name} was broken off: {cause}{}", Instead(name, *.try_instead))]
    BrokenOff {
        /// The mechanism.
        name: Box<str>,
        /// Why.
        cause: SaslError,
        /// What the server wrote behind its `-ERR` to that.
        text: ServerText,
        /// As [`Rejected::try_instead`], where it was the server that ended the exchange.
        try_instead: Option<Method>,
    },
    /// Nothing was sent: every way to log in that the policy allows is unsafe or unavailable here.
    #[error("no safe way to log in: {0}")]
    NoSafeLogin(LoginPlan),
    /// Whoever should have had a token had none.
    #[error("there is no token to log in with: {why}")]
    NoToken {
        /// Why, in its words.
        why: Box<str>,
        /// What the server said of the token before, if it was a fresh one that was wanted.
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
    /// What the server said about a token before that.
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
        if let Some(oauth) = &self.oauth {
            write!(f, "; of the token it says: {oauth}")?;
        }
        write!(
            f,
            " ({}{})",
            self.advice,
            Instead(&self.name, self.try_instead)
        )
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
                cause: SaslError::Other(_),
                ..
            } => Advice::Unknown,
            Self::BrokenOff { .. } => Advice::AskOperator,
            Self::NoSafeLogin(_) => Advice::ChangePolicy,
            Self::NoToken { .. } => Advice::SignIn,
        }
    }
}

/// What a failure asks of the user: enough for what a mail program does next.
///
/// | advice | what to do |
/// |---|---|
/// | [`CheckCredentials`](Self::CheckCredentials) | ask for the password again, or see [`try_instead`](crate::Error::try_instead) |
/// | [`FreshToken`](Self::FreshToken) | get a token and log in again |
/// | [`SignIn`](Self::SignIn) | have the user sign in where tokens are had |
/// | [`TryLater`](Self::TryLater) | wait some minutes |
/// | [`Reconnect`](Self::Reconnect) | connect again, at once or soon |
/// | [`CheckServer`](Self::CheckServer) | have host, port and kind of TLS checked |
/// | [`ChangePolicy`](Self::ChangePolicy), [`NameAnother`](Self::NameAnother) | have the settings for the login checked |
/// | [`AskOperator`](Self::AskOperator), [`NotCredentials`](Self::NotCredentials), [`Unknown`](Self::Unknown) | show the server's words |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum Advice {
    /// `[AUTH]`: user name or password is wrong (RFC 3206).
    #[error("check user name and password")]
    CheckCredentials,
    /// The token is stale or was never good.
    #[error("get a fresh token")]
    FreshToken,
    /// Whoever should have a token has none.
    #[error("sign in where tokens are had")]
    SignIn,
    /// `[IN-USE]`, `[LOGIN-DELAY]`, `[SYS/TEMP]`, or nobody there: the credentials may be right.
    #[error("the credentials may be right: try again later")]
    TryLater,
    /// The server hung up: connect again.
    #[error("the connection is lost: connect again")]
    Reconnect,
    /// There is no POP3 server of this kind at this place.
    #[error("check host, port and TLS")]
    CheckServer,
    /// The policy has to allow what the server offers, or the server has to offer more.
    #[error("the login policy or the server has to change")]
    ChangePolicy,
    /// The server refused the mechanism before it saw any credentials.
    #[error("the server does not take this mechanism: name another")]
    NameAnother,
    /// `[SYS/PERM]`, or a server that breaks the rules or cannot be trusted: somebody has to mend the
    /// server or the account (RFC 3206).
    #[error("the server's operator has to mend this")]
    AskOperator,
    /// Not the password: the server marks that (`AUTH-RESP-CODE`, RFC 3206), and did not.
    #[error("the server says that the password is not the reason")]
    NotCredentials,
    /// The server did not say: it need not be the password.
    #[error("the server did not say whether the password is wrong")]
    Unknown,
}

impl Advice {
    /// What the response code of a refusal asks for, if it has a known one.
    pub(crate) fn of_code(code: Option<&ResponseCode>) -> Option<Self> {
        Some(match code? {
            ResponseCode::Auth => Self::CheckCredentials,
            ResponseCode::InUse | ResponseCode::LoginDelay | ResponseCode::SysTemp => {
                Self::TryLater
            }
            ResponseCode::SysPerm => Self::AskOperator,
            ResponseCode::Utf8 | ResponseCode::Other(_) => return None,
        })
    }
}
