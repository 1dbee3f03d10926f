//! What the user can do about an error.

use thiserror::Error as ThisError;

use super::{Closed, Error, Limited, Misuse, ProtocolError, SecurityError, Timeout};
use super::{TlsErrorKind, TransportErrorKind, Unconfirmed};
use crate::sasl::SaslError;
use crate::status::ResponseCode;

/// What the user can do about an error. A mail program can display it as a suggestion.
///
/// [`Retry`](crate::error::Retry) is for a program that tries again automatically; its
/// documentation has a table of all errors.
///
/// | advice | what to do |
/// |---|---|
/// | [`CheckCredentials`](Self::CheckCredentials) | ask for the password again, or see [`try_instead`](crate::Error::try_instead) |
/// | [`FreshToken`](Self::FreshToken) | get a new token and log in again |
/// | [`SignIn`](Self::SignIn) | have the user obtain a new token from the identity provider |
/// | [`TryLater`](Self::TryLater) | wait a few minutes; if it happens again, ask the user to check host and port |
/// | [`Reconnect`](Self::Reconnect) | connect again, immediately or soon |
/// | [`CheckServer`](Self::CheckServer) | ask the user to check host, port and kind of TLS |
/// | [`ChangePolicy`](Self::ChangePolicy), [`NameAnother`](Self::NameAnother) | ask the user to check the login settings |
/// | [`AskOperator`](Self::AskOperator) | show the server's text |
/// | [`Unknown`](Self::Unknown) | show the server's text, and ask for the password again |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ThisError)]
#[non_exhaustive]
pub enum Advice {
    /// `[AUTH]`: the credentials are wrong, or the account is closed or not allowed to use POP3
    /// (RFC 3206).
    #[error("check user name, password and account")]
    CheckCredentials,
    /// The token has expired or was never valid.
    #[error("log in again with a new token")]
    FreshToken,
    /// The application provided no token.
    #[error("obtain a new token from the identity provider")]
    SignIn,
    /// `[IN-USE]`, `[LOGIN-DELAY]`, `[SYS/TEMP]`, or no answer from the server: the credentials may
    /// be right.
    #[error("the credentials may be right: try again later")]
    TryLater,
    /// The connection was lost: connect again.
    #[error("the connection is lost: connect again")]
    Reconnect,
    /// No POP3 server with this kind of TLS answers on this host and port.
    #[error("check host, port and TLS (pop3s:// or pop3://)")]
    CheckServer,
    /// The login settings do not allow any method that the server offers.
    #[error("change the login settings, or have the administrator enable another login method")]
    ChangePolicy,
    /// The server refused the mechanism before it received any credentials.
    #[error("the server does not accept this mechanism: select another login method")]
    NameAnother,
    /// `[SYS/PERM]`, or a server that violates the protocol or cannot be trusted: the administrator
    /// has to fix the server or the account (RFC 3206).
    #[error("contact the server's administrator")]
    AskOperator,
    /// The server gave no reason: the password may be wrong or right.
    ///
    /// This happens even if the server advertises `AUTH-RESP-CODE`, which promises the code
    /// `[AUTH]` for a wrong password (RFC 3206). A proxy may forward this capability, but send its
    /// own replies without a code.
    #[error("the server did not say whether the password is wrong")]
    Unknown,
}

impl Advice {
    /// Returns the advice for the response code of a refusal, if it has a known one.
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

impl Error {
    /// Returns what the user can do about this error. It is most useful after a failed login.
    /// `None` if there is no advice, or if the error can be fixed only in the program.
    pub fn advice(&self) -> Option<Advice> {
        if let Self::Auth(error) = self {
            return Some(error.advice());
        }
        // The server's response code is more specific than the kind of error.
        if let Some(advice) = Advice::of_code(self.session_code()) {
            return Some(advice);
        }
        match self {
            Self::Auth(error) => Some(error.advice()),
            Self::Refused(_) => None,
            Self::Security(error) => Some(of_security(error)),
            Self::Protocol(error) => Some(of_protocol(error)),
            Self::Tls(error) => of_tls(error.kind),
            Self::Limit(limit) => of_limit(limit.what),
            Self::Closed(closed) => Some(of_closed(closed)),
            Self::Transport(error) => Some(of_transport(error.kind)),
            Self::Timeout(timeout) => Some(of_timeout(timeout)),
            Self::Misuse(misuse) => of_misuse(misuse),
            Self::Unconfirmed(why) => of_unconfirmed(why),
            Self::CallbackPanicked => None,
        }
    }
}

// No match below has a wildcard arm: each new variant needs a decision.

fn of_security(error: &SecurityError) -> Advice {
    match error {
        // The port for implicit TLS may work.
        SecurityError::StlsUnavailable { .. } | SecurityError::StlsRefused { .. } => {
            Advice::CheckServer
        }
        SecurityError::Sasl(cause) => match cause {
            SaslError::ScramIterations { .. } => Advice::ChangePolicy,
            SaslError::BadChallenge(_)
            | SaslError::NothingLeft
            | SaslError::ExtraChallenge(_)
            | SaslError::NotDone
            | SaslError::Scram(_)
            | SaslError::ServerNotAuthenticated
            | SaslError::ServerError(_)
            | SaslError::Other(_) => Advice::AskOperator,
        },
        SecurityError::ResponseInjection | SecurityError::UnexpectedSuccess => Advice::AskOperator,
    }
}

fn of_protocol(error: &ProtocolError) -> Advice {
    match error {
        ProtocolError::NotPop3 { .. } | ProtocolError::TlsRecord => Advice::CheckServer,
        ProtocolError::BadStatus { .. }
        | ProtocolError::Unsolicited { .. }
        | ProtocolError::Surplus { .. }
        | ProtocolError::BareLineFeed { .. }
        | ProtocolError::NumberMismatch { .. }
        | ProtocolError::Sasl { .. }
        | ProtocolError::Malformed { .. } => Advice::AskOperator,
    }
}

fn of_tls(kind: TlsErrorKind) -> Option<Advice> {
    match kind {
        TlsErrorKind::NotTls | TlsErrorKind::NoApplicationProtocol => Some(Advice::CheckServer),
        TlsErrorKind::NotConfigured => None,
        TlsErrorKind::UnknownIssuer
        | TlsErrorKind::Certificate
        | TlsErrorKind::Incompatible
        | TlsErrorKind::Other => Some(Advice::AskOperator),
    }
}

fn of_limit(what: Limited) -> Option<Advice> {
    match what {
        // The caller set this limit.
        Limited::Message => None,
        Limited::Line
        | Limited::Lines
        | Limited::Octets
        | Limited::Challenges
        | Limited::ChallengeOctets => Some(Advice::AskOperator),
    }
}

fn of_closed(closed: &Closed) -> Advice {
    match closed {
        Closed::GreetingRefused(_) => Advice::TryLater,
        Closed::UnsolicitedErr(reply) if reply.is_permanent() => Advice::AskOperator,
        Closed::UnsolicitedErr(_)
        | Closed::Finished
        | Closed::Idle { .. }
        | Closed::Unanswered { .. }
        | Closed::NoGreeting { .. }
        | Closed::Truncated { .. } => Advice::Reconnect,
    }
}

fn of_transport(kind: TransportErrorKind) -> Advice {
    match kind {
        // If a name server does not answer, the name may still be right.
        TransportErrorKind::NameResolution
        | TransportErrorKind::Refused
        | TransportErrorKind::Unreachable => Advice::TryLater,
        TransportErrorKind::Reset | TransportErrorKind::Other => Advice::Reconnect,
    }
}

fn of_timeout(timeout: &Timeout) -> Advice {
    match timeout {
        // The server may be overloaded: host and port may be right.
        Timeout::Connect | Timeout::TlsHandshake { .. } | Timeout::Greeting { .. } => {
            Advice::TryLater
        }
        Timeout::FirstOctet { .. } | Timeout::Stall { .. } | Timeout::Send | Timeout::Total => {
            Advice::Reconnect
        }
    }
}

fn of_unconfirmed(why: &Unconfirmed) -> Option<Advice> {
    match why {
        Unconfirmed::NoListing | Unconfirmed::NothingToAsk | Unconfirmed::Unsupported(_) => None,
        Unconfirmed::WrongAnswer { .. } | Unconfirmed::ReplyInMessage { .. } => {
            Some(Advice::AskOperator)
        }
        Unconfirmed::CutShort(cause) => cause.advice(),
    }
}

fn of_misuse(misuse: &Misuse) -> Option<Advice> {
    match misuse {
        // The only allowed login method cannot send these credentials.
        Misuse::Argument(_) | Misuse::TooLong { .. } => Some(Advice::ChangePolicy),
        Misuse::Phase { .. }
        | Misuse::TlsActive
        | Misuse::StlsAfterUtf8
        | Misuse::NotAdvertised { .. }
        | Misuse::UserFirst
        | Misuse::NoSeed
        | Misuse::TicketSpent
        | Misuse::NoTokenWanted
        | Misuse::TokenOnRequest => None,
    }
}
