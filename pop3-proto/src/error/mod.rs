//! Errors, grouped by who caused them: the server, the caller, or the network.

mod advice;
mod auth;
mod confirm;
mod end;
mod retry;
mod server;
mod service;
mod stage;

use alloc::boxed::Box;

use thiserror::Error as ThisError;

pub use self::advice::Advice;
pub use self::auth::{AuthError, Rejected};
pub use self::confirm::Unconfirmed;
pub use self::end::{Closed, Timeout, TlsError, TlsErrorKind, TransportError, TransportErrorKind};
pub use self::retry::Retry;
pub use self::server::{LimitError, Limited, ProtocolError, SecurityError};
#[cfg(feature = "rustls")]
pub(crate) use self::service::{Service, service};
pub(crate) use self::stage::OtherScheme;
pub use self::stage::Stage;
use crate::method::Method;
pub use crate::misuse::{Argument, Misuse};
pub use crate::refusal::Refusal;
use crate::status::ResponseCode;
use crate::text::ServerText;

/// Why an operation failed.
///
/// Errors are cheap to clone and can be compared. After a fatal error, every operation returns the
/// same error.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The server answered `-ERR`. The connection can still be used.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A login failed or was not attempted. The connection can still be used.
    #[error(transparent)]
    Auth(Box<AuthError>),
    /// The caller made a mistake. Nothing was sent, and the connection can still be used.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// The server violated the protocol. Fatal, except for [`ProtocolError::Malformed`].
    #[error(transparent)]
    Protocol(Box<ProtocolError>),
    /// The connection cannot be continued safely. Fatal.
    #[error(transparent)]
    Security(Box<SecurityError>),
    /// A confirmation failed. [`Unconfirmed::is_fatal`] returns whether that is fatal.
    #[error(transparent)]
    Unconfirmed(Box<Unconfirmed>),
    /// The server exceeded a limit. Fatal: the rest of the reply could be of any length.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A deadline passed. Fatal.
    #[error(transparent)]
    Timeout(#[from] Timeout),
    /// The connection is closed. Fatal.
    #[error(transparent)]
    Closed(Box<Closed>),
    /// The transport failed. Fatal.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// TLS failed. Fatal.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Code of the application panicked: a [`Mechanism`](crate::sasl::Mechanism) during a login, or
    /// the stream of a client. It is not known how much of its work was done. Fatal.
    #[error(
        "a callback of the application (SASL mechanism or stream) panicked: open a new connection"
    )]
    CallbackPanicked,
}

impl Error {
    /// Returns whether this error ends the connection. If not, commands and replies are still
    /// synchronized, and the connection can be used.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Auth(_) | Self::Misuse(_) => false,
            Self::Protocol(error) => !matches!(**error, ProtocolError::Malformed { .. }),
            Self::Unconfirmed(why) => why.is_fatal(),
            _ => true,
        }
    }

    /// Returns the error of this crate inside an [`io::Error`](std::io::Error), if reading a
    /// message returned it. Use it to find out which side failed when `io::copy` copies a message
    /// to a file.
    #[cfg(feature = "std")]
    pub fn inside(error: &std::io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// Returns a weaker login method that may work after a refused login, if the caller enables it:
    /// see [`Rejected::try_instead`].
    pub fn try_instead(&self) -> Option<Method> {
        match self {
            Self::Auth(error) => error.try_instead(),
            _ => None,
        }
    }

    /// Returns the server's `-ERR` to a command, if this error reports one.
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

    /// Returns the `-ERR` to an earlier command that probably explains why the connection or the
    /// login failed. For example, a server may answer `CAPA` with `-ERR [SYS/TEMP] Too many
    /// sessions` and then close the connection.
    ///
    /// It is the last reply that the server sent. An `-ERR` that was already the result of a
    /// request is returned only if it was received less than 30 s before the connection ended. The
    /// `-ERR` to a `CAPA` that a login sends is not the result of a request, so it is always
    /// returned.
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

    /// Returns the response code of the `-ERR` that this error reports, or of [`Error::last_err`].
    pub fn code(&self) -> Option<&ResponseCode> {
        self.words()?.0
    }

    /// Returns the response code if it concerns the session or the account.
    ///
    /// A permanent code is left out in two cases: if it is about one message, and the connection
    /// was lost after it (`[SYS/PERM] message 5 is damaged`), or if the `-ERR` is unsolicited. An
    /// unsolicited `-ERR` says nothing about the credentials, and the sender of a message may have
    /// forged it.
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

    /// Returns the text of the `-ERR` that this error reports, or of [`Error::last_err`].
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

    /// Stores the `-ERR` that came before this error, if this kind of error has a field for it.
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

// Each type converts to its boxed variant, so that `?` and `.into()` work without `Box::new`.
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

/// Wraps the error, for functions that return `io::Result`. [`Error::inside`] unwraps it.
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
