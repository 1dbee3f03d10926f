//! What can go wrong, split by whose fault it is.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use thiserror::Error as ThisError;

use crate::command::Verb;
use crate::phase::Phase;
use crate::status::ResponseCode;
use crate::text::ServerText;
use crate::types::MessageNumber;

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
}

impl Error {
    /// Whether the connection ends with this error. If not, it is in step and can be used on.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Auth(_) | Self::Misuse(_) => false,
            Self::Protocol(error) => !matches!(**error, ProtocolError::Malformed { .. }),
            _ => true,
        }
    }

    /// The error inside an [`io::Error`](std::io::Error) that reading a message gave, if it came from
    /// here: `io::copy` of a message to a file can fail on either side.
    #[cfg(feature = "std")]
    pub fn inside(error: &std::io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    /// The server's `-ERR`, if that is what this error is about.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Auth(error) => match &**error {
                AuthError::Rejected(refusal) => Some(refusal),
                AuthError::NoSafeLogin(_) => None,
            },
            _ => None,
        }
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
    Closed(Closed)
);

/// A `-ERR` from the server (RFC 1939 section 3).
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub struct Refusal {
    /// The command that was refused.
    pub verb: Verb,
    /// The message it was about.
    pub number: Option<MessageNumber>,
    /// The response code (RFC 2449 section 8, RFC 3206), read whether or not it was advertised.
    pub code: Option<ResponseCode>,
    /// What the server wrote behind `-ERR`, code included.
    pub text: ServerText,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused {}", self.verb)?;
        if let Some(number) = self.number {
            write!(f, " {number}")?;
        }
        if self.text.is_empty() {
            f.write_str(" without a reason")
        } else {
            write!(f, ": {}", self.text)
        }
    }
}

/// Why there is no login.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum AuthError {
    /// The server said no. [`AuthError::advice`] says what the response code makes of it.
    #[error("login failed: {0} ({advice})", advice = advice(.0))]
    Rejected(Refusal),
    /// Nothing was sent: every way to log in that the policy allows is unsafe or unavailable here.
    #[error("no safe way to log in: {0}")]
    NoSafeLogin(NoSafeLogin),
}

impl AuthError {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Rejected(refusal) => advice(refusal),
            Self::NoSafeLogin(_) => Advice::ChangePolicy,
        }
    }
}

fn advice(refusal: &Refusal) -> Advice {
    match refusal.code {
        Some(ResponseCode::Auth) => Advice::CheckCredentials,
        Some(ResponseCode::InUse | ResponseCode::LoginDelay | ResponseCode::SysTemp) => {
            Advice::TryLater
        }
        Some(ResponseCode::SysPerm) => Advice::AskOperator,
        _ => Advice::Unknown,
    }
}

/// What a failed login asks of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Advice {
    /// `[AUTH]`: user name or password is wrong (RFC 3206).
    #[error("check user name and password")]
    CheckCredentials,
    /// `[IN-USE]`, `[LOGIN-DELAY]`, `[SYS/TEMP]`: the credentials may be right; try again later.
    #[error("the credentials may be right: try again later")]
    TryLater,
    /// `[SYS/PERM]`: somebody has to mend the server or the account (RFC 3206).
    #[error("the server's operator has to mend this")]
    AskOperator,
    /// The policy has to allow what the server offers, or the server has to offer more.
    #[error("the login policy or the server has to change")]
    ChangePolicy,
    /// The server did not say: it need not be the password.
    #[error("the server did not say whether the password is wrong")]
    Unknown,
}

/// Why no login was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum NoSafeLogin {
    /// The channel is not encrypted and `Config::allow_insecure_login` is off.
    #[error("the connection is not encrypted, and credentials in clear were not allowed by name")]
    Cleartext,
    /// APOP was asked for, and the greeting holds no challenge that is one msg-id.
    #[error("APOP needs one msg-id in the greeting, and this greeting has none or several")]
    NoChallenge,
    /// APOP was asked for after STLS: the greeting, and the challenge in it, came in clear and may
    /// be anybody's.
    #[error("APOP after STLS would answer a challenge that came in clear and may be forged")]
    ChallengeInClear,
}

/// What the caller did that cannot be done. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Misuse {
    /// The command is not legal in the phase in which its turn came (RFC 1939 sections 4 to 6).
    #[error("{verb} is not possible in the {phase} phase{}", phase_hint(*.phase))]
    Phase {
        /// The command.
        verb: Verb,
        /// The phase at the time.
        phase: Phase,
    },
    /// `STLS` inside TLS.
    #[error("TLS is in place already")]
    TlsActive,
    /// `PASS` without a `USER` that was accepted right before it.
    #[error("PASS is possible only right behind a USER that was accepted")]
    UserFirst,
    /// The command line would be longer than [`Limits::command`](crate::Limits::command).
    #[error("{verb} would take {octets} octets, and a command line may have {limit} (RFC 2449)")]
    TooLong {
        /// The command.
        verb: Verb,
        /// Its length with CR and LF, in octets.
        octets: usize,
        /// The limit, in octets.
        limit: usize,
    },
    /// A value can never be sent.
    #[error(transparent)]
    Argument(#[from] Argument),
    /// The reply of this ticket was read, discarded or abandoned before.
    #[error("the reply of this ticket is gone: it was read, discarded or abandoned")]
    TicketSpent,
}

fn phase_hint(phase: Phase) -> &'static str {
    match phase {
        Phase::Authorization => " (log in first)",
        Phase::Transaction => " (already logged in)",
        Phase::Greeting | Phase::Closed => "",
    }
}

/// What is wrong with a value that a caller built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Argument {
    /// Message numbers start at 1.
    #[error("message numbers start at 1")]
    ZeroMessageNumber,
    /// A user name needs at least one character.
    #[error("the user name is empty")]
    EmptyUsername,
    /// A control character in a user name.
    #[error("the user name holds a control character")]
    ControlInUsername,
    /// A space in a user name for APOP, which ends there.
    #[error("APOP cannot send a user name with a space in it")]
    SpaceInUsername,
    /// A secret needs at least one octet.
    #[error("the password is empty")]
    EmptySecret,
    /// CR, LF or NUL in a secret.
    #[error("the password holds CR, LF or NUL")]
    ControlInSecret,
    /// A user name or an authorization identity that SCRAM cannot send: SASLprep (RFC 4013)
    /// prohibits a character of it or leaves nothing of it. Without the feature `std`, whatever is
    /// not ASCII.
    #[error("SCRAM cannot send this user name: SASLprep (RFC 4013) cannot prepare it")]
    UnpreparedUsername,
    /// A password that SCRAM cannot hash: it is not UTF-8, or SASLprep (RFC 4013) prohibits a
    /// character of it or leaves nothing of it. Without the feature `std`, whatever is not ASCII.
    #[error("SCRAM cannot use this password: SASLprep (RFC 4013) cannot prepare it")]
    UnpreparedPassword,
    /// A nonce for SCRAM that is empty or holds other than printable ASCII without commas.
    #[error("a client nonce is printable ASCII without commas")]
    Nonce,
    /// A bearer token that holds other than printable ASCII without spaces, quotes and backslashes.
    #[error("a bearer token is printable ASCII without spaces, quotes and backslashes")]
    Token,
    /// A host name for OAUTHBEARER that is empty or holds other than printable ASCII.
    #[error("the host name is empty, or not printable ASCII")]
    Host,
    /// A trace for ANONYMOUS with a control character, or with more than 255 characters.
    #[error("a trace has at most 255 characters, and no control characters")]
    Trace,
    /// A control character in a raw command.
    #[error("the command holds a control character")]
    ControlInCommand,
    /// A raw command that is not a keyword of 3 or 4 letters and its arguments.
    #[error("a command is a keyword of 3 or 4 letters, then a space and its arguments")]
    Keyword,
    /// A raw command that would change the session behind the library's back.
    #[error("this command changes the session: use the command made for it")]
    Reserved,
    /// Something that is not a URL of a maildrop.
    #[error("not a POP3 URL: {0}")]
    Url(&'static str),
}

/// How the server broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The first line is no POP3 greeting.
    #[error("this is no POP3 server: it greets with \"{got}\"")]
    NotPop3 {
        /// The line.
        got: ServerText,
    },
    /// The first octets are a TLS record: this port speaks TLS from the start.
    #[error("the server speaks TLS on this port: connect with implicit TLS (pop3s)")]
    TlsRecord,
    /// A reply begins with neither `+OK` nor `-ERR`.
    #[error("the reply to {verb} is neither +OK nor -ERR: \"{got}\"")]
    BadStatus {
        /// The command.
        verb: Verb,
        /// The line.
        got: ServerText,
    },
    /// The server answered where nothing was asked, or before it was asked. Replies cannot be
    /// matched to commands any more.
    #[error("the server sent what nobody asked for: \"{got}\"")]
    Unsolicited {
        /// The line.
        got: ServerText,
    },
    /// `LIST n` or `UIDL n` was answered about another message.
    #[error("the server answered {verb} {asked} about another message: \"{got}\"")]
    NumberMismatch {
        /// The command.
        verb: Verb,
        /// The message that was asked about.
        asked: MessageNumber,
        /// The reply.
        got: ServerText,
    },
    /// A complete reply holds a value that makes no sense. Not fatal: only this request fails.
    #[error("the reply to {verb} is malformed ({what}): \"{got}\"")]
    Malformed {
        /// The command.
        verb: Verb,
        /// What is wrong.
        what: &'static str,
        /// The line.
        got: ServerText,
    },
}

/// Why going on would not be safe.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum SecurityError {
    /// TLS is required and the server does not offer STLS, or somebody on the way took it out.
    #[error("TLS is required and the server does not offer STLS")]
    StlsUnavailable,
    /// TLS is required and the server refused STLS.
    #[error("TLS is required and the server refused STLS: {0}")]
    StlsRefused(ServerText),
    /// Octets came in clear behind the `+OK` to STLS: somebody on the way wants them taken for
    /// the first replies inside TLS.
    #[error("octets in clear behind the reply to STLS: somebody tampers with this connection")]
    ResponseInjection,
}

/// Which limit the server went over. See [`Limits`](crate::Limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("the server sent {what} over the limit of {limit}")]
#[non_exhaustive]
pub struct LimitError {
    /// What there was too much of.
    pub what: Limited,
    /// The limit.
    pub limit: usize,
}

impl LimitError {
    /// More of something than a limit allows.
    pub fn new(what: Limited, limit: usize) -> Self {
        Self { what, limit }
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Limited {
    /// Octets of a status line or of a line in a collected reply.
    #[error("a line")]
    Line,
    /// Lines of a collected reply.
    #[error("a reply with lines")]
    Lines,
    /// Octets of a collected reply.
    #[error("a reply with octets")]
    Octets,
    /// Octets of a message that the caller wanted in memory.
    #[error("a message of more octets, which is")]
    Message,
}

/// Which deadline passed. See [`Timeouts`](crate::Timeouts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
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
    /// No octet of the reply to this command came in time.
    #[error("the server did not answer {0} in time")]
    FirstOctet(Verb),
    /// A reply stopped half-way.
    #[error("the server stopped in the middle of a reply")]
    Stall,
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
    /// `QUIT` was answered; there is nothing more to do on this connection.
    #[error("the session is over: QUIT was sent")]
    Finished,
    /// The server closed while nothing was awaited.
    #[error("the server closed the connection")]
    Idle,
    /// The server closed instead of answering.
    #[error("the server closed the connection instead of answering {verb}{}", pipelined(*.outstanding))]
    Unanswered {
        /// The command that was next to be answered.
        verb: Verb,
        /// How many commands were unanswered. More than one on a server that does not bear
        /// pipelining: connect again with [`Pipelining::Never`](crate::Pipelining::Never).
        outstanding: usize,
    },
    /// The server closed before it greeted.
    #[error("the server closed the connection without a greeting")]
    NoGreeting,
    /// The server closed in the middle of a reply: what was received of it is not complete.
    #[error("the connection ended in the middle of the reply to {verb}{}", pipelined(*.outstanding))]
    Truncated {
        /// The command.
        verb: Verb,
        /// How many commands were unanswered, this one included.
        outstanding: usize,
    },
    /// The server's parting word: a `-ERR` that no command had asked for, such as a time-out.
    #[error("the server closed the session: {0}")]
    Parting(ServerText),
    /// The greeting was `-ERR`.
    #[error("the server refused the connection: {text}")]
    GreetingRefused {
        /// The response code, such as `SYS/TEMP`.
        code: Option<ResponseCode>,
        /// What the server wrote behind `-ERR`, code included.
        text: ServerText,
    },
}

fn pipelined(outstanding: usize) -> Pipelined {
    Pipelined(outstanding)
}

struct Pipelined(usize);

impl fmt::Display for Pipelined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 | 1 => Ok(()),
            n => write!(
                f,
                " ({n} commands were in flight: perhaps a server that bears no pipelining)"
            ),
        }
    }
}

/// What went wrong below POP3, in terms that do not depend on an operating system.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[error("{text}")]
#[non_exhaustive]
pub struct TransportError {
    /// The kind of failure.
    pub kind: TransportErrorKind,
    /// Whether the failure was met in writing. The server's last words may still be there to read.
    pub writing: bool,
    /// The cause, for a person.
    pub text: Arc<str>,
}

impl TransportError {
    /// A failure met in reading, connecting or otherwise not in writing.
    pub fn new(kind: TransportErrorKind, text: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            writing: false,
            text: text.into(),
        }
    }

    /// The same failure, met in writing.
    #[must_use]
    pub fn in_writing(self) -> Self {
        Self {
            writing: true,
            ..self
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
