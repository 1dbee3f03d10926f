//! How a connection ends that nobody is to blame for, and what is below it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use thiserror::Error as ThisError;

use crate::refusal::{Before, Refusal};
use crate::status::ErrReply;
use crate::text::Reason;
use crate::verb::Verb;

/// Which deadline passed. See [`Timeouts`](crate::config::Timeouts).
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Timeout {
    /// No connection was made in time.
    #[error("no connection in time")]
    Connect,
    /// The TLS handshake did not end in time.
    #[error("the TLS handshake did not end in time")]
    TlsHandshake,
    /// No greeting came in time.
    #[error(
        "the server did not greet in time (a port that wants TLS from the start is as silent: try pop3s)"
    )]
    Greeting,
    /// No octet of a reply came in time.
    #[error("the server did not answer {verb} in time{}{}", Suspicion(*.first_batch), Before(.last_err))]
    FirstOctet {
        /// The command that was next to be answered.
        verb: Verb,
        /// How many commands were unanswered.
        outstanding: usize,
        /// Whether pipelining may be the cause: see [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// The `-ERR` that came before; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// A reply stopped half-way.
    #[error(
        "the server stopped in the middle of {}{}{}{}",
        ReplyTo(*.verb),
        Suspicion(*.first_batch),
        LfDotHint(*.lf_dot),
        Before(.last_err)
    )]
    Stall {
        /// The command that was being answered; `None` for the greeting and unsolicited lines.
        verb: Option<Verb>,
        /// How many commands were unanswered, this one included.
        outstanding: usize,
        /// Whether pipelining may be the cause: see [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// Whether the last octets were LF `.` CR LF. The reply may have ended there: see
        /// [`Config::lf_dot`](crate::Config::lf_dot).
        lf_dot: bool,
        /// The `-ERR` that came before, or the `-ERR` that has no line end; see
        /// [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server took no octets.
    #[error("the server did not take a command in time")]
    Send,
    /// The operation took longer than the caller allows.
    #[error("the operation took too long")]
    Total,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Closed {
    /// `QUIT` was sent, and what came of it was told; there is nothing more to do here.
    #[error("the session is over: QUIT was sent")]
    Finished,
    /// The server closed the connection while no command was unanswered.
    #[error("the server closed the connection{}", Before(.last_err))]
    Idle {
        /// The `-ERR` that came before; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server closed instead of answering.
    #[error("the server closed the connection instead of answering {verb}{}{}", Suspicion(*.first_batch), Before(.last_err))]
    Unanswered {
        /// The command that was next to be answered.
        verb: Verb,
        /// How many commands were unanswered.
        outstanding: usize,
        /// Whether pipelining may be the cause: see [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// The `-ERR` that came before; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server closed before it greeted.
    #[error("the server closed the connection without a greeting")]
    NoGreeting,
    /// The server closed in the middle of a reply: what was received of it is not complete.
    #[error(
        "the connection ended in the middle of the reply to {verb}{}{}{}",
        Suspicion(*.first_batch),
        LfDotHint(*.lf_dot),
        Before(.last_err)
    )]
    Truncated {
        /// The command.
        verb: Verb,
        /// How many commands were unanswered, this one included.
        outstanding: usize,
        /// Whether pipelining may be the cause: see [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// As for [`Timeout::Stall`].
        lf_dot: bool,
        /// The `-ERR` that came before, or the `-ERR` that has no line end; see
        /// [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server sent an unsolicited `-ERR` before closing: it answers no command, and reports
    /// an inactivity timeout, a shutdown or the like.
    #[error("the server closed the session{}", Reason(&.0.text))]
    UnsolicitedErr(ErrReply),
    /// The greeting was `-ERR`.
    #[error("the server refused the connection{}", Reason(&.0.text))]
    GreetingRefused(ErrReply),
}

/// The hint at pipelining, where it may be the cause.
struct Suspicion(bool);

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            true => {
                "; this was the first use of pipelining in the session, and perhaps the server does \
                 not support it: connect again with `Pipelining::Never`"
            }
            false => "",
        })
    }
}

impl super::Error {
    /// Returns whether pipelining may be the reason why the session ended: it ended by a close, a
    /// reset or a timeout in its first pipelined batch. Connect again with
    /// [`Pipelining::Never`](crate::config::Pipelining::Never) then.
    ///
    /// A batch is the commands of one write, if at least one of them is sent while an earlier command
    /// is unanswered. The first batch ends when all its commands are answered. Some servers advertise
    /// `PIPELINING` and close or stop responding when several commands come in one segment. A server
    /// that answered a whole batch is not one of them: what ends its session later has another cause.
    ///
    /// Always false under [`Pipelining::Never`](crate::config::Pipelining::Never), if the client never sent a
    /// command while another was unanswered, and if the server gave another reason with a response
    /// code before the end.
    pub fn suspects_pipelining(&self) -> bool {
        match self {
            Self::Timeout(timeout) => match timeout {
                Timeout::FirstOctet { first_batch, .. } | Timeout::Stall { first_batch, .. } => {
                    *first_batch
                }
                Timeout::Connect
                | Timeout::TlsHandshake
                | Timeout::Greeting
                | Timeout::Send
                | Timeout::Total => false,
            },
            Self::Closed(closed) => match **closed {
                Closed::Unanswered { first_batch, .. } | Closed::Truncated { first_batch, .. } => {
                    first_batch
                }
                Closed::Finished
                | Closed::Idle { .. }
                | Closed::NoGreeting
                | Closed::UnsolicitedErr(_)
                | Closed::GreetingRefused { .. } => false,
            },
            Self::Transport(error) => error.first_batch,
            Self::Unconfirmed(why) => why.cause().is_some_and(Self::suspects_pipelining),
            Self::Refused(_)
            | Self::Auth(_)
            | Self::Misuse(_)
            | Self::Protocol(_)
            | Self::Security(_)
            | Self::Limit(_)
            | Self::Tls(_)
            | Self::CallbackPanicked => false,
        }
    }

    /// The same error, of a session that ended in its first pipelined batch.
    pub(crate) fn in_first_batch(mut self) -> Self {
        match &mut self {
            Self::Timeout(
                Timeout::FirstOctet { first_batch, .. } | Timeout::Stall { first_batch, .. },
            )
            | Self::Transport(TransportError { first_batch, .. }) => *first_batch = true,
            Self::Closed(closed) => {
                if let Closed::Unanswered { first_batch, .. }
                | Closed::Truncated { first_batch, .. } = &mut **closed
                {
                    *first_batch = true;
                }
            }
            _ => {}
        }
        self
    }

    /// The same error, met while this command was unanswered.
    pub(crate) fn unanswered(mut self, verb: Option<Verb>) -> Self {
        if let Self::Transport(error) = &mut self {
            error.unanswered = verb;
        }
        self
    }
}

/// Names the reply to a command, or the greeting.
struct ReplyTo(Option<Verb>);

impl fmt::Display for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(verb) => write!(f, "the reply to {verb}"),
            None => f.write_str("a line that answers no command"),
        }
    }
}

/// What to do where the last octets were LF `.` CR LF.
struct LfDotHint(bool);

impl fmt::Display for LfDotHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0 {
            return Ok(());
        }
        f.write_str(
            "; the reply may have ended there, at a dot after a bare LF: \
             if this server ends messages so, set Config::lf_dot to LfDot::EndsReply",
        )
    }
}

/// What went wrong below POP3, in terms that do not depend on an operating system.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{text}{}{}", Suspicion(*.first_batch), Before(.last_err))]
#[non_exhaustive]
pub struct TransportError {
    /// The kind of failure.
    pub kind: TransportErrorKind,
    /// Whether writing failed: [`Connection::handle_write_error`](crate::Connection::handle_write_error)
    /// sets it.
    pub writing: bool,
    /// Whether pipelining may be the cause: see [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
    pub first_batch: bool,
    /// The command that was next to be answered, if any was sent.
    pub unanswered: Option<Verb>,
    /// The cause, for a person.
    pub text: Arc<str>,
    /// The `-ERR` that came before; see [`Error::last_err`](crate::Error::last_err).
    pub last_err: Option<Box<Refusal>>,
}

impl TransportError {
    /// Creates an error of this kind.
    pub fn new(kind: TransportErrorKind, text: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            writing: false,
            first_batch: false,
            unanswered: None,
            text: text.into(),
            last_err: None,
        }
    }
}

/// Kinds of transport failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host's name has no address.
    NameResolution,
    /// Nobody listens there.
    Refused,
    /// There is no way there.
    Unreachable,
    /// The peer broke the connection off.
    Reset,
    /// Anything else.
    Other,
}

#[cfg(feature = "std")]
impl super::Error {
    /// Why none of a host's addresses could be connected to, from what each one said:
    /// [`Timeout::Connect`] if there was only one and it said nothing.
    pub fn unreachable(failures: &[(std::net::SocketAddr, std::io::Error)]) -> Self {
        let is_silent = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
        if let [(_, only)] = failures
            && is_silent(only)
        {
            return super::Timeout::Connect.into();
        }
        // Who said something says more than who did not.
        let spoken = failures.iter().rev().find(|(_, error)| !is_silent(error));
        let kind = spoken.map_or(TransportErrorKind::Unreachable, |(_, error)| {
            TransportError::from(error).kind
        });
        let texts = failures
            .iter()
            .map(|(address, error)| alloc::format!("{address}: {error}"));
        let texts: alloc::vec::Vec<_> = texts.collect();
        TransportError::new(kind, texts.join("; ")).into()
    }
}

#[cfg(feature = "std")]
impl From<std::io::Error> for TransportError {
    fn from(error: std::io::Error) -> Self {
        Self::from(&error)
    }
}

#[cfg(feature = "std")]
impl From<&std::io::Error> for TransportError {
    fn from(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let kind = match error.kind() {
            ErrorKind::ConnectionRefused => TransportErrorKind::Refused,
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable => TransportErrorKind::Unreachable,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
                TransportErrorKind::Reset
            }
            _ => TransportErrorKind::Other,
        };
        Self::new(kind, std::string::ToString::to_string(error))
    }
}

/// Why there is no TLS.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("TLS failed: {text}")]
#[non_exhaustive]
pub struct TlsError {
    /// The kind of failure.
    pub kind: TlsErrorKind,
    /// The cause, for a person.
    pub text: Arc<str>,
}

impl TlsError {
    /// A TLS failure with its cause.
    pub fn new(kind: TlsErrorKind, text: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

/// Kinds of TLS failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// The server's certificate is not to be trusted, or not for this name.
    Certificate,
    /// The server wants another protocol than `pop3` (ALPN, RFC 7301).
    NoApplicationProtocol,
    /// The peer sent what is not TLS: another service, or octets injected in clear.
    NotTls,
    /// The two sides have no protocol version or cipher suite in common.
    Incompatible,
    /// This side was not set up for TLS.
    NotConfigured,
    /// Anything else.
    Other,
}
