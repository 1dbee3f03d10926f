//! What can go wrong, split by whose fault it is.

mod advice;
mod auth;
mod confirm;
mod end;
mod retry;
mod server;

use alloc::boxed::Box;

use thiserror::Error as ThisError;

pub use self::advice::Advice;
pub use self::auth::{AuthError, Rejected};
pub use self::confirm::Unconfirmed;
pub use self::end::{Closed, Timeout, TlsError, TlsErrorKind, TransportError, TransportErrorKind};
pub use self::retry::Retry;
pub use self::server::{LimitError, Limited, ProtocolError, SecurityError};
use crate::method::Method;
pub use crate::misuse::{Argument, Misuse};
pub use crate::refusal::Refusal;
use crate::status::ResponseCode;
use crate::text::ServerText;

/// Why an operation failed. Cheap to clone and comparable: after a fatal error every operation
/// gets the same one.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The server answered `-ERR`. The connection lives on.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A login failed or was not attempted. The connection lives on.
    #[error(transparent)]
    Auth(Box<AuthError>),
    /// The caller asked for what cannot be. Nothing was written; the connection lives on.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The server broke the protocol. Fatal, but for [`ProtocolError::Malformed`].
    #[error(transparent)]
    Protocol(Box<ProtocolError>),
    /// Going on would not be safe. Fatal.
    #[error(transparent)]
    Security(Box<SecurityError>),
    /// What was received is not confirmed: [`Unconfirmed::is_fatal`] says whether that is fatal.
    #[error(transparent)]
    Unconfirmed(Box<Unconfirmed>),
    /// The server sent more than a limit. Fatal: reading on could take as long as the server likes.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A deadline passed. Fatal.
    #[error(transparent)]
    Timeout(#[from] Timeout),
    /// The connection is over. Fatal.
    #[error(transparent)]
    Closed(Box<Closed>),
    /// The transport failed. Fatal.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// TLS failed. Fatal.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A callback of the application panicked: a [`Mechanism`](crate::sasl::Mechanism) in a login, or the
    /// stream under a client. How far it got is not known. Fatal.
    #[error(
        "a callback of the application (SASL mechanism or stream) panicked: open a new connection"
    )]
    CallbackPanicked,
}

impl Error {
    /// Whether the connection ends with this error. If not, it is in step and can be used on.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Auth(_) | Self::Misuse(_) => false,
            Self::Protocol(error) => !matches!(**error, ProtocolError::Malformed { .. }),
            Self::Unconfirmed(why) => why.is_fatal(),
            _ => true,
        }
    }

    /// The error inside an [`io::Error`](std::io::Error) that reading a message gave, if it came from
    /// here: `io::copy` of a message to a file can fail on either side.
    #[cfg(feature = "std")]
    pub fn inside(error: &std::io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// A weaker way that may work where a login was refused, for a caller who wants to name it: see
    /// [`Rejected::try_instead`].
    pub fn try_instead(&self) -> Option<Method> {
        match self {
            Self::Auth(error) => error.try_instead(),
            _ => None,
        }
    }

    /// The server's `-ERR` to a command, if that is what this error is about.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Auth(error) => match &**error {
                AuthError::Rejected(rejected) => Some(&rejected.refusal),
                _ => None,
            },
            Self::Unconfirmed(why) => match &**why {
                Unconfirmed::Unsupported(refusal) => refusal.as_ref(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The `-ERR` to an earlier command that probably says why the connection or the login failed:
    /// a server that writes `-ERR [SYS/TEMP] Too many sessions` to `CAPA` and closes.
    ///
    /// It is the last reply that the server sent. It is given for a `-ERR` that no request was told
    /// of, such as one to a `CAPA` that a login sends; and for any other that came less than 30 s
    /// before the end.
    pub fn last_err(&self) -> Option<&Refusal> {
        let last_err = match self {
            Self::Closed(closed) => match &**closed {
                Closed::Idle { last_err }
                | Closed::Unanswered { last_err, .. }
                | Closed::Truncated { last_err, .. } => last_err,
                _ => return None,
            },
            Self::Transport(error) => &error.last_err,
            Self::Timeout(
                Timeout::FirstOctet { last_err, .. } | Timeout::Stall { last_err, .. },
            ) => last_err,
            Self::Protocol(error) => match &**error {
                ProtocolError::BadStatus { last_err, .. } => last_err,
                _ => return None,
            },
            Self::Security(error) => match &**error {
                SecurityError::StlsUnavailable { last_err } => last_err,
                _ => return None,
            },
            Self::Auth(error) => match &**error {
                AuthError::NoSafeLogin(plan) => &plan.capa_refused,
                _ => return None,
            },
            Self::Unconfirmed(why) => match &**why {
                Unconfirmed::CutShort(cause) => return cause.last_err(),
                _ => return None,
            },
            _ => return None,
        };
        last_err.as_deref()
    }

    /// The response code of the `-ERR` that this error is about, or of [`Error::last_err`].
    pub fn code(&self) -> Option<&ResponseCode> {
        self.words()?.0
    }

    /// The response code if it concerns the session or the account.
    ///
    /// A permanent code does not if the server said it of one message before the connection was lost
    /// (`[SYS/PERM] message 5 is damaged`), or without being asked: an unsolicited `-ERR` is no verdict on
    /// the credentials, and a sender may have written it in a message.
    fn session_code(&self) -> Option<&ResponseCode> {
        if let Self::Unconfirmed(why) = self
            && let Some(cause) = why.cause()
        {
            return cause.session_code();
        }
        let of_a_message = self
            .last_err()
            .is_some_and(|refusal| refusal.number.is_some());
        let unsolicited =
            matches!(self, Self::Closed(closed) if matches!(**closed, Closed::UnsolicitedErr(_)));
        self.code()
            .filter(|code| !(code.is_permanent() && (of_a_message || unsolicited)))
    }

    /// The text of the `-ERR` that this error is about, or of [`Error::last_err`].
    pub fn server_text(&self) -> Option<&ServerText> {
        Some(self.words()?.1)
    }

    fn words(&self) -> Option<(Option<&ResponseCode>, &ServerText)> {
        let reply = match self {
            Self::Closed(closed) => match &**closed {
                Closed::UnsolicitedErr(reply) | Closed::GreetingRefused(reply) => Some(reply),
                _ => None,
            },
            Self::Security(error) => match &**error {
                SecurityError::StlsRefused(reply) => Some(reply),
                _ => None,
            },
            Self::Auth(error) => match &**error {
                AuthError::BrokenOff { reply, .. } => Some(reply),
                _ => None,
            },
            _ => None,
        };
        if let Self::Unconfirmed(why) = self
            && let Some(cause) = why.cause()
        {
            return cause.words();
        }
        let refusal = || self.refusal().or_else(|| self.last_err());
        match reply {
            Some(reply) => Some((reply.code.as_ref(), &reply.text)),
            None => refusal().map(|refusal| (refusal.code.as_ref(), &refusal.text)),
        }
    }

    /// The same error with the `-ERR` that came before it, if it is of a kind that keeps one.
    pub(crate) fn after(mut self, refusal: &Refusal) -> Self {
        let last_err = match &mut self {
            Self::Closed(closed) => match &mut **closed {
                Closed::Idle { last_err }
                | Closed::Unanswered { last_err, .. }
                | Closed::Truncated { last_err, .. } => last_err,
                _ => return self,
            },
            Self::Protocol(error) => match &mut **error {
                ProtocolError::BadStatus { last_err, .. } => last_err,
                _ => return self,
            },
            Self::Transport(error) => &mut error.last_err,
            Self::Timeout(
                Timeout::FirstOctet { last_err, .. } | Timeout::Stall { last_err, .. },
            ) => last_err,
            _ => return self,
        };
        last_err.get_or_insert_with(|| Box::new(refusal.clone()));
        self
    }
}

// One boxed variant each, so that `?` and `.into()` work without naming the box.
macro_rules! boxed {
    ($($variant:ident($inner:ty)),*) => {$(
        impl From<$inner> for Error {
            fn from(inner: $inner) -> Self {
                Self::$variant(Box::new(inner))
            }
        }
    )*};
}
boxed!(
    Refused(Refusal),
    Auth(AuthError),
    Protocol(ProtocolError),
    Security(SecurityError),
    Unconfirmed(Unconfirmed),
    Closed(Closed)
);

/// For functions that give `io::Result`: the error stays inside, and [`Error::inside`] gives it back.
#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        use std::io::ErrorKind;
        let cause = match &error {
            Error::Unconfirmed(why) => why.cause().unwrap_or(&error),
            error => error,
        };
        let kind = match cause {
            Error::Timeout(_) => ErrorKind::TimedOut,
            Error::Closed(closed) if matches!(**closed, Closed::Truncated { .. }) => {
                ErrorKind::UnexpectedEof
            }
            Error::Closed(_) | Error::Transport(_) => ErrorKind::ConnectionAborted,
            _ => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
