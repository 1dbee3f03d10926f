//! Whether a program should try again automatically, and when.

use core::time::Duration;

use super::{AuthError, Closed, Error, Limited, Misuse, ProtocolError, Refusal, SecurityError};
use super::{Rejected, Stage, Timeout, TlsErrorKind, TransportErrorKind, Unconfirmed};
use crate::sasl::SaslError;
use crate::status::ResponseCode;
use crate::verb::Verb;

/// Whether a program should try again automatically after an error, and the minimum delay before
/// that. For advice to the user, see [`Advice`](crate::error::Advice).
///
/// The delay starts at the failure. Double it with each consecutive failure. The library itself
/// does not wait. [`Connection::retry`](crate::Connection::retry) also takes the server's
/// `LOGIN-DELAY` into account.
///
/// [`Never`](Self::Never) means that another attempt is harmful or cannot succeed. For example, a
/// wrong password that is sent repeatedly can lock the account. A refused login without a response
/// code may be caused by a wrong password. In all other cases, a program can try again: a daemon
/// must not stop permanently because a server is overloaded, a name server does not answer, or a
/// certificate has to be renewed.
///
/// The response codes in the table are those of [`Error::code`].
///
#[doc = include_str!("retry.md")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// Do not try again until a person or the program has changed something: the credentials, the
    /// settings, the command.
    Never,
    /// Try again without changes, after this delay at the earliest.
    After(Duration),
    /// Try again with [`Pipelining::Never`](crate::config::Pipelining::Never), after this delay at
    /// the earliest; see [`Error::suspects_pipelining`].
    WithoutPipelining(Duration),
}

/// The delay after the connection is lost.
const SOON: Retry = Retry::After(Duration::from_secs(10));
/// The delay if the server or the network may be overloaded, or if another session is about to end.
const MINUTE: Retry = Retry::After(Duration::from_secs(60));
/// The delay if the server reports a temporary failure, or refuses without a reason.
const MINUTES: Retry = Retry::After(Duration::from_secs(5 * 60));
/// The delay if the server's administrator has to fix something. The error occurs before any secret
/// is sent.
const HOUR: Retry = Retry::After(Duration::from_secs(60 * 60));

impl Retry {
    /// Returns the minimum delay; `None` for [`Never`](Self::Never).
    pub fn earliest(self) -> Option<Duration> {
        match self {
            Self::Never => None,
            Self::After(earliest) | Self::WithoutPipelining(earliest) => Some(earliest),
        }
    }

    /// Raises the delay to `least` if it is shorter.
    #[must_use]
    pub fn not_before(self, least: Duration) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::After(earliest) => Self::After(earliest.max(least)),
            Self::WithoutPipelining(earliest) => Self::WithoutPipelining(earliest.max(least)),
        }
    }
}

impl Error {
    /// Returns whether a program should try again, and the minimum delay before that.
    pub fn retry(&self) -> Retry {
        if self.suspects_pipelining() {
            return Retry::WithoutPipelining(Duration::ZERO);
        }
        // The server's response code is more specific than the kind of error.
        let delay = self.last_err().and_then(|refusal| refusal.login_delay);
        if let Some(retry) = of_code(self.session_code(), delay)
            && !matches!(self, Self::Refused(_) | Self::Auth(_))
        {
            return retry;
        }
        match self {
            Self::Refused(refusal) => of_refusal(refusal),
            Self::Auth(error) => of_auth(error),
            Self::Misuse(misuse) => of_misuse(misuse),
            Self::Protocol(error) => of_protocol(error),
            Self::Security(error) => of_security(error),
            Self::Limit(limit) => of_limit(limit.what),
            Self::Timeout(timeout) => of_timeout(timeout),
            Self::Closed(closed) => of_closed(closed),
            Self::Transport(error) => of_transport(error.kind, error.stage.and_then(Stage::verb)),
            Self::Tls(error) => of_tls(error.kind),
            Self::Unconfirmed(why) => of_unconfirmed(why),
            Self::CallbackPanicked => Retry::Never,
        }
    }
}

// No match below has a wildcard arm: each new variant needs a decision, and a row in `retry.md`.

/// Returns the result for a response code, if the code determines it.
fn of_code(code: Option<&ResponseCode>, login_delay: Option<Duration>) -> Option<Retry> {
    Some(match code? {
        ResponseCode::InUse => MINUTE,
        ResponseCode::LoginDelay => login_delay
            .filter(|delay| !delay.is_zero())
            .map_or(MINUTES, Retry::After),
        ResponseCode::SysTemp => MINUTES,
        ResponseCode::SysPerm | ResponseCode::Auth => Retry::Never,
        ResponseCode::Utf8 | ResponseCode::Other(_) => return None,
    })
}

fn of_refusal(refusal: &Refusal) -> Retry {
    if let Some(retry) = of_code(refusal.code.as_ref(), refusal.login_delay) {
        return retry;
    }
    match refusal.verb {
        // The password may be wrong.
        Verb::User | Verb::Pass | Verb::Apop | Verb::Auth => Retry::Never,
        // The message was deleted, or never existed.
        _ if refusal.number.is_some() => Retry::Never,
        // A busy server may refuse these without a code.
        Verb::Stat | Verb::List | Verb::Uidl => MINUTES,
        // The server does not support the command, or not in this state.
        Verb::Capa
        | Verb::AuthMechanisms
        | Verb::Stls
        | Verb::Retr
        | Verb::Top
        | Verb::Dele
        | Verb::Noop
        | Verb::Rset
        | Verb::Quit
        | Verb::Utf8
        | Verb::Lang
        | Verb::Raw => Retry::Never,
    }
}

fn of_auth(error: &AuthError) -> Retry {
    match error {
        AuthError::Rejected(Rejected { refusal, .. }) => {
            of_code(refusal.code.as_ref(), refusal.login_delay).unwrap_or(Retry::Never)
        }
        AuthError::BrokenOff { reply, .. } => {
            of_code(reply.code.as_ref(), None).unwrap_or(Retry::Never)
        }
        AuthError::NoSafeLogin(plan) => {
            let refused = plan.capa_refused.as_deref();
            of_code(refused.and_then(|refusal| refusal.code.as_ref()), None).unwrap_or(Retry::Never)
        }
        AuthError::NoToken { .. } => Retry::Never,
    }
}

fn of_unconfirmed(why: &Unconfirmed) -> Retry {
    match why {
        // Another try in the same session would fail in the same way.
        Unconfirmed::NoListing | Unconfirmed::NothingToAsk | Unconfirmed::Unsupported(_) => {
            Retry::Never
        }
        Unconfirmed::WrongAnswer { .. } | Unconfirmed::ReplyInMessage { .. } => MINUTES,
        Unconfirmed::CutShort(cause) => cause.retry(),
    }
}

fn of_misuse(misuse: &Misuse) -> Retry {
    match misuse {
        Misuse::Phase { .. }
        | Misuse::TlsActive
        | Misuse::StlsAfterUtf8
        | Misuse::NotAdvertised { .. }
        | Misuse::UserFirst
        | Misuse::TooLong { .. }
        | Misuse::NoSeed
        | Misuse::Argument(_)
        | Misuse::TicketSpent
        | Misuse::NoTokenWanted
        | Misuse::TokenOnRequest => Retry::Never,
    }
}

fn of_protocol(error: &ProtocolError) -> Retry {
    match error {
        ProtocolError::NotPop3 { .. } => HOUR,
        // The server may count each failed login as a wrong password.
        ProtocolError::TlsRecord | ProtocolError::Sasl { .. } => Retry::Never,
        // The same setting would cause the same error.
        ProtocolError::BareLineFeed { .. } => Retry::Never,
        ProtocolError::BadStatus { .. }
        | ProtocolError::Unsolicited { .. }
        | ProtocolError::Surplus { .. }
        | ProtocolError::NumberMismatch { .. }
        | ProtocolError::Malformed { .. } => MINUTES,
    }
}

fn of_security(error: &SecurityError) -> Retry {
    match error {
        SecurityError::StlsUnavailable { .. }
        | SecurityError::StlsRefused { .. }
        | SecurityError::ResponseInjection => HOUR,
        // An attacker must not get another proof from which to guess the password.
        SecurityError::Sasl(cause) => match cause {
            SaslError::BadChallenge(_)
            | SaslError::NothingLeft
            | SaslError::ExtraChallenge(_)
            | SaslError::NotDone
            | SaslError::Scram(_)
            | SaslError::ScramIterations { .. }
            | SaslError::ServerNotAuthenticated
            | SaslError::ServerError(_)
            | SaslError::Other(_) => Retry::Never,
        },
        SecurityError::UnexpectedSuccess => Retry::Never,
    }
}

fn of_limit(what: Limited) -> Retry {
    match what {
        Limited::Line
        | Limited::Lines
        | Limited::Octets
        | Limited::Challenges
        | Limited::ChallengeOctets
        | Limited::Message => Retry::Never,
    }
}

fn of_timeout(timeout: &Timeout) -> Retry {
    match timeout {
        Timeout::Connect
        | Timeout::TlsHandshake { .. }
        | Timeout::Greeting { .. }
        | Timeout::Send
        | Timeout::Total => MINUTE,
        Timeout::FirstOctet { verb, .. } => without_an_answer_to(Some(*verb)).unwrap_or(MINUTE),
        Timeout::Stall { verb, .. } => without_an_answer_to(*verb).unwrap_or(MINUTE),
    }
}

/// Returns the delay after an unanswered command that contains a secret. Some servers close or
/// reset the connection, or stop responding, after a wrong password.
fn without_an_answer_to(verb: Option<Verb>) -> Option<Retry> {
    verb?.row().sensitive.then_some(MINUTES)
}

fn of_closed(closed: &Closed) -> Retry {
    match closed {
        Closed::Finished => Retry::Never,
        Closed::Idle { .. } => SOON,
        Closed::Truncated { verb, .. } | Closed::Unanswered { verb, .. } => {
            without_an_answer_to(Some(*verb)).unwrap_or(SOON)
        }
        Closed::NoGreeting { .. } => MINUTE,
        Closed::UnsolicitedErr(reply) if reply.is_permanent() => HOUR,
        Closed::UnsolicitedErr(_) => SOON,
        Closed::GreetingRefused(_) => MINUTES,
    }
}

fn of_transport(kind: TransportErrorKind, unanswered: Option<Verb>) -> Retry {
    match kind {
        TransportErrorKind::NameResolution
        | TransportErrorKind::Refused
        | TransportErrorKind::Unreachable => MINUTE,
        TransportErrorKind::Reset | TransportErrorKind::Other => {
            without_an_answer_to(unanswered).unwrap_or(SOON)
        }
    }
}

fn of_tls(kind: TlsErrorKind) -> Retry {
    match kind {
        TlsErrorKind::UnknownIssuer
        | TlsErrorKind::Certificate
        | TlsErrorKind::NotTls
        | TlsErrorKind::Incompatible => HOUR,
        TlsErrorKind::NoApplicationProtocol | TlsErrorKind::NotConfigured => Retry::Never,
        TlsErrorKind::Other => MINUTE,
    }
}
