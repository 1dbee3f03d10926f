//! Errors that end a connection without a protocol violation: timeouts, closed connections, and
//! failures of the transport and of TLS.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use thiserror::Error as ThisError;

use super::Stage;
use super::stage::{Numbered, OtherScheme};
use crate::channel::Channel;
use crate::refusal::{Before, Refusal};
use crate::status::ErrReply;
use crate::text::Reason;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// Which deadline passed. See [`Timeouts`](crate::config::Timeouts).
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Timeout {
    /// No connection was established in time.
    #[error("connecting to the server timed out (Timeouts::connect)")]
    Connect,
    /// The TLS handshake did not finish in time.
    #[error(
        "the server did not finish the TLS handshake in time (Timeouts::tls){}",
        OtherScheme(*.channel)
    )]
    TlsHandshake {
        /// How the connection started: with TLS, or in cleartext before STLS.
        channel: Channel,
    },
    /// The server sent no greeting in time.
    #[error(
        "the server sent no greeting in time (Timeouts::greeting){}",
        OtherScheme::without_greeting(*.channel)
    )]
    Greeting {
        /// How the connection started. If it started in cleartext, the port may expect TLS from the
        /// first octet.
        channel: Channel,
    },
    /// The server sent no octet of a reply in time.
    #[error(
        "the server did not answer {verb}{} in time (Timeouts::{}){}",
        Numbered(*.number),
        match .verb { Verb::Quit => "quit, or Timeouts::quit_without_deletions", _ => "first_octet" },
        Before(.last_err)
    )]
    FirstOctet {
        /// The command whose reply was expected next.
        verb: Verb,
        /// The message that the command was about.
        number: Option<MessageNumber>,
        /// How many commands were unanswered.
        outstanding: usize,
        /// Whether pipelining may be the cause: see
        /// [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// The `-ERR` that came before this error; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server stopped sending in the middle of a reply.
    #[error(
        "the server stopped sending in the middle of {}{} (Timeouts::stall){}{}",
        ReplyTo(*.verb),
        Numbered(*.number),
        LfDotHint(*.lf_dot),
        Before(.last_err)
    )]
    Stall {
        /// The command that was being answered; `None` for the greeting and unsolicited lines.
        verb: Option<Verb>,
        /// The message that the command was about.
        number: Option<MessageNumber>,
        /// How many commands were unanswered, including this one.
        outstanding: usize,
        /// Whether pipelining may be the cause: see
        /// [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// Whether the last octets were LF `.` CR LF. The reply may have ended there: see
        /// [`Config::lf_dot`](crate::Config::lf_dot).
        lf_dot: bool,
        /// The `-ERR` that came before this error, or an `-ERR` that was received without its line
        /// end; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// No octet of a command could be sent in time, for example because the server stopped reading.
    #[error("a command could not be sent in time (Timeouts::send)")]
    Send,
    /// The operation took longer than [`Timeouts::total`](crate::config::Timeouts::total).
    #[error("the operation took longer than Timeouts::total allows")]
    Total,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Closed {
    /// `QUIT` was sent and its outcome was reported. No more commands are possible.
    #[error("the session has ended: QUIT was sent")]
    Finished,
    /// The server closed the connection while no reply was outstanding.
    #[error("the server closed the connection{}", Before(.last_err))]
    Idle {
        /// The `-ERR` that came before this error; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server closed the connection instead of answering a command.
    #[error(
        "the server closed the connection instead of answering {verb}{}{}",
        Numbered(*.number),
        Before(.last_err)
    )]
    Unanswered {
        /// The command whose reply was expected next.
        verb: Verb,
        /// The message that the command was about.
        number: Option<MessageNumber>,
        /// How many commands were unanswered.
        outstanding: usize,
        /// Whether pipelining may be the cause: see
        /// [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// The `-ERR` that came before this error; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server closed the connection before it sent a greeting.
    #[error(
        "the server closed the connection without a greeting{}",
        OtherScheme::without_greeting(*.channel)
    )]
    NoGreeting {
        /// How the connection started. If it started in cleartext, the port may expect TLS from the
        /// first octet.
        channel: Channel,
    },
    /// The server closed the connection in the middle of a reply. The reply is incomplete.
    #[error(
        "the connection ended in the middle of the reply to {verb}{}{}{}",
        Numbered(*.number),
        LfDotHint(*.lf_dot),
        Before(.last_err)
    )]
    Truncated {
        /// The command.
        verb: Verb,
        /// The message that the command was about.
        number: Option<MessageNumber>,
        /// How many commands were unanswered, including this one.
        outstanding: usize,
        /// Whether pipelining may be the cause: see
        /// [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
        first_batch: bool,
        /// The same as in [`Timeout::Stall`].
        lf_dot: bool,
        /// The `-ERR` that came before this error, or an `-ERR` that was received without its line
        /// end; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server sent an unsolicited `-ERR` before closing: it is not the reply to a command. It
    /// usually reports an inactivity timeout or a shutdown.
    #[error("the server closed the session{}", Reason(&.0.text))]
    UnsolicitedErr(ErrReply),
    /// The greeting was `-ERR`.
    #[error("the server refused the connection{}", Reason(&.0.text))]
    GreetingRefused(ErrReply),
}

impl super::Error {
    /// Returns whether pipelining may be the reason why the session ended: the server closed or
    /// reset the connection, or stopped responding, during the first pipelined batch. In this case,
    /// connect again with [`Pipelining::Never`](crate::config::Pipelining::Never).
    ///
    /// A pipelined batch consists of the commands of one write, if at least one of them is sent
    /// while an earlier command is unanswered. The first batch ends when all its commands are
    /// answered. Some servers advertise `PIPELINING`, but close the connection or stop responding
    /// when one segment contains several commands. A server that has answered a whole batch does
    /// support pipelining, so if its session ends later, the cause is another one.
    ///
    /// The text of an error does not mention pipelining, because this suspicion is often wrong: a
    /// server or network that fails for another reason may do so in the first batch, too.
    ///
    /// The result is always false in these cases:
    ///
    /// * [`Pipelining::Never`](crate::config::Pipelining::Never) is set.
    /// * The client never sent a command while another one was unanswered.
    /// * The server gave another reason with a response code before the connection ended.
    pub fn suspects_pipelining(&self) -> bool {
        match self {
            Self::Timeout(timeout) => match timeout {
                Timeout::FirstOctet { first_batch, .. } | Timeout::Stall { first_batch, .. } => {
                    *first_batch
                }
                Timeout::Connect
                | Timeout::TlsHandshake { .. }
                | Timeout::Greeting { .. }
                | Timeout::Send
                | Timeout::Total => false,
            },
            Self::Closed(closed) => match **closed {
                Closed::Unanswered { first_batch, .. } | Closed::Truncated { first_batch, .. } => {
                    first_batch
                }
                Closed::Finished
                | Closed::Idle { .. }
                | Closed::NoGreeting { .. }
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

    /// Marks the error as one that ended the session in its first pipelined batch.
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

    /// Records in a [`TransportError`] what the connection was doing.
    pub(crate) fn at_stage(mut self, stage: Option<Stage>) -> Self {
        if let Self::Transport(error) = &mut self {
            error.stage = stage;
        }
        self
    }
}

/// Writes which reply was being received.
struct ReplyTo(Option<Verb>);

impl fmt::Display for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(verb) => write!(f, "the reply to {verb}"),
            None => f.write_str("the greeting or of an unsolicited line"),
        }
    }
}

/// Writes a hint to change `Config::lf_dot`, if the last octets were LF `.` CR LF.
struct LfDotHint(bool);

impl fmt::Display for LfDotHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0 {
            return Ok(());
        }
        f.write_str(
            "; the last octets received were a dot after a bare LF, which may have been the end of the \
             reply: if this server ends messages that way, set Config::lf_dot to LfDot::EndsReply",
        )
    }
}

/// A failure of the transport, in terms that do not depend on an operating system.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{text}{}{}", During(*.stage), Before(.last_err))]
#[non_exhaustive]
pub struct TransportError {
    /// The kind of failure.
    pub kind: TransportErrorKind,
    /// Whether writing failed.
    /// [`Connection::handle_write_error`](crate::Connection::handle_write_error) sets it.
    pub writing: bool,
    /// Whether pipelining may be the cause: see
    /// [`Error::suspects_pipelining`](super::Error::suspects_pipelining).
    pub first_batch: bool,
    /// What the connection was doing. `None` while connecting, and if it was idle.
    pub stage: Option<Stage>,
    /// A description of the cause.
    pub text: Arc<str>,
    /// The `-ERR` that came before this error; see [`Error::last_err`](crate::Error::last_err).
    pub last_err: Option<Box<Refusal>>,
}

impl TransportError {
    /// Creates an error of this kind.
    pub fn new(kind: TransportErrorKind, text: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            writing: false,
            first_batch: false,
            stage: None,
            text: text.into(),
            last_err: None,
        }
    }
}

/// Writes what the connection was doing, as the end of a sentence.
struct During(Option<Stage>);

impl fmt::Display for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |stage| write!(f, " {stage}"))
    }
}

/// Kinds of transport failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The host name could not be resolved to an address.
    NameResolution,
    /// The host refused the connection: no program accepts connections on this port.
    Refused,
    /// There is no route to the host.
    Unreachable,
    /// The peer reset the connection.
    Reset,
    /// Anything else.
    Other,
}

#[cfg(feature = "std")]
impl super::Error {
    /// Creates the error for a host that could not be reached at any of its addresses, from the
    /// failure of each address. The error is [`Timeout::Connect`] if there was only one address and
    /// it timed out.
    pub fn unreachable(failures: &[(std::net::SocketAddr, std::io::Error)]) -> Self {
        let timed_out = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
        if let [(_, only)] = failures
            && timed_out(only)
        {
            return super::Timeout::Connect.into();
        }
        // Any other failure is more specific than a timeout.
        let other = failures.iter().rev().find(|(_, error)| !timed_out(error));
        let kind = other.map_or(TransportErrorKind::Unreachable, |(_, error)| {
            TransportError::from(error).kind
        });
        let texts = failures
            .iter()
            .map(|(address, error)| alloc::format!("{address}: {error}"));
        let texts: alloc::vec::Vec<_> = texts.collect();
        let text = alloc::format!("cannot connect to {}", texts.join("; to "));
        TransportError::new(kind, text).into()
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

/// A failure of TLS.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{}: {text}", .kind.summary())]
#[non_exhaustive]
pub struct TlsError {
    /// The kind of failure.
    pub kind: TlsErrorKind,
    /// A description of the cause.
    pub text: Arc<str>,
}

impl TlsError {
    /// Creates an error of this kind.
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
    /// The server's certificate is not signed by a trusted authority. If the user trusts it anyway,
    /// add the certificate or its authority to the `Roots`.
    UnknownIssuer,
    /// The server's certificate is invalid in another respect, such as its dates or its names.
    Certificate,
    /// The server does not support the protocol `pop3` (ALPN, RFC 7301).
    NoApplicationProtocol,
    /// The peer sent octets that are not TLS. The port belongs to another service, or an attacker
    /// injected octets in cleartext.
    NotTls,
    /// The two sides have no protocol version or cipher suite in common.
    Incompatible,
    /// The client side is not configured for TLS.
    NotConfigured,
    /// Anything else.
    Other,
}

impl TlsErrorKind {
    /// Returns the beginning of an error's text.
    fn summary(self) -> &'static str {
        match self {
            Self::NotConfigured => "TLS is not configured",
            _ => "TLS failed",
        }
    }
}
