//! Errors that the server causes. All of them end the connection, except for
//! [`ProtocolError::Malformed`].

use alloc::boxed::Box;
use core::fmt;

use thiserror::Error as ThisError;

use super::service::{Service, service};
use super::stage::Numbered;
use crate::redact::Redactor;
use crate::refusal::{Before, Refusal};
use crate::sasl::SaslError;
use crate::status::ErrReply;
use crate::text::{Quoted, Reason, ServerText};
use crate::types::MessageNumber;
use crate::verb::Verb;

/// How the server violated the protocol.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The first line is not a POP3 greeting.
    #[error(
        "not a POP3 server{}: expected a greeting starting with +OK or -ERR, got {}; check host and port",
        Instead(.got),
        Quoted(.got)
    )]
    NotPop3 {
        /// The line.
        got: ServerText,
    },
    /// The first octets are a TLS record: this port uses TLS from the start.
    #[error(
        "the server uses TLS from the start on this port: connect with implicit TLS (pop3s://)"
    )]
    TlsRecord,
    /// A reply begins with neither `+OK` nor `-ERR`.
    #[error("the reply to {verb} is neither +OK nor -ERR: {}{}", Quoted(.got), Before(.last_err))]
    BadStatus {
        /// The command.
        verb: Verb,
        /// The line.
        got: ServerText,
        /// The `-ERR` that came before this error; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server sent a reply without a command, or before the command. Replies can no longer be
    /// matched to commands.
    #[error("unexpected reply from the server (no command is waiting for one): {}", Quoted(.got))]
    Unsolicited {
        /// The line.
        got: ServerText,
    },
    /// Octets that belong to no reply follow the end of a multi-line reply. The line that ended the
    /// reply may have been part of a message, not the server's terminator. The reply may be
    /// truncated. Do not trust it, even if its end was reported as successful before these octets
    /// were received.
    #[error(
        "unexpected data after the end of the reply to {verb}{}: {}; \
         the reply may be truncated: do not trust it",
        Numbered(*.number),
        Quoted(.got)
    )]
    Surplus {
        /// The command whose reply may be truncated.
        verb: Verb,
        /// The message that the command was about.
        number: Option<MessageNumber>,
        /// The first line of these octets, as far as it was received.
        got: ServerText,
    },
    /// A line ends in LF instead of CR LF, under
    /// [`Leniency::Strict`](crate::config::Leniency::Strict) (RFC 1939 section 3). Inside a
    /// message, a bare LF is data.
    #[error(
        "{} ends in a bare LF instead of CR LF{}: to accept this, use Leniency::Lenient",
        LineOf(*.verb),
        InBrackets(.got)
    )]
    BareLineFeed {
        /// The command whose reply contains the line; `None` for the greeting.
        verb: Option<Verb>,
        /// The line if it is a status line, otherwise empty.
        got: ServerText,
    },
    /// The reply to `LIST n` or `UIDL n` has the number of another message.
    #[error("the server answered {verb} {asked} with a reply about another message: {}", Quoted(.got))]
    NumberMismatch {
        /// The command.
        verb: Verb,
        /// The message that the command was about.
        asked: MessageNumber,
        /// The reply.
        got: ServerText,
    },
    /// The server violates the order of an authentication exchange: it sends a challenge after the
    /// last response, or `+OK` before the exchange is complete.
    #[error("login with {mechanism} failed: {cause}")]
    Sasl {
        /// The mechanism.
        mechanism: Box<str>,
        /// What the server did.
        cause: SaslError,
    },
    /// A complete reply contains an invalid value. Not fatal: only this request fails.
    #[error("the reply to {verb} is malformed ({what}): {}", Quoted(.got))]
    Malformed {
        /// The command.
        verb: Verb,
        /// What is wrong.
        what: &'static str,
        /// The line.
        got: ServerText,
    },
}

struct LineOf(Option<Verb>);

impl fmt::Display for LineOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(verb) => write!(f, "a line of the reply to {verb}"),
            None => f.write_str("the greeting"),
        }
    }
}

struct InBrackets<'a>(&'a ServerText);

impl fmt::Display for InBrackets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " (\"{}\")", self.0)
    }
}

impl ProtocolError {
    /// Creates the error for a line that is neither `+OK` nor `-ERR`, in reply to this command.
    pub(crate) fn bad_status(verb: Verb, got: ServerText) -> Self {
        let last_err = None;
        Self::BadStatus {
            verb,
            got,
            last_err,
        }
    }

    /// Redacts the server's text.
    pub(crate) fn redacted(mut self, redactor: &Redactor) -> Self {
        match &mut self {
            Self::NotPop3 { got }
            | Self::BadStatus { got, .. }
            | Self::Unsolicited { got }
            | Self::Surplus { got, .. }
            | Self::BareLineFeed { got, .. }
            | Self::NumberMismatch { got, .. }
            | Self::Malformed { got, .. } => *got = redactor.text(core::mem::take(got)),
            Self::TlsRecord | Self::Sasl { .. } => {}
        }
        self
    }
}

/// Writes which service answered instead of POP3, if its greeting shows it.
struct Instead<'a>(&'a ServerText);

impl fmt::Display for Instead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match service(self.0.as_bytes()) {
            Some(Service::Other(name)) => write!(f, " but {name}"),
            Some(Service::Pop3) | None => Ok(()),
        }
    }
}

/// Why the connection cannot be continued safely.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum SecurityError {
    /// TLS is required, but the server does not advertise STLS, or an attacker has removed STLS
    /// from its capabilities.
    #[error(
        "TLS is required and the server does not offer STLS: try pop3s:// (port 995), or set \
         StlsPolicy::Off (anyone on the network path can then read the password and the mail){}",
        Before(.last_err)
    )]
    StlsUnavailable {
        /// The `-ERR` to `CAPA`, if the server refused `CAPA`. It may give the reason.
        last_err: Option<Box<Refusal>>,
    },
    /// TLS is required, but the server refused STLS.
    #[error(
        "TLS is required and the server refused STLS{}; try pop3s:// (port 995)",
        Reason(&.0.text)
    )]
    StlsRefused(ErrReply),
    /// Cleartext octets followed the `+OK` to STLS. They may have been injected by an attacker on
    /// the network path, to be read as the first replies inside TLS.
    #[error(
        "the server sent unencrypted data after its reply to STLS: \
         an attacker may be tampering with the connection"
    )]
    ResponseInjection,
    /// The server did not prove that it knows the password, or violated SCRAM (RFC 5802 sections 5
    /// and 7). It may not be the intended server, or an attacker may be tampering with the
    /// exchange.
    #[error(transparent)]
    Sasl(SaslError),
    /// The server sent `+OK` to an authentication exchange that was cancelled (RFC 5034 section 4).
    /// Or it answered `PASS` first with a challenge, and then with `+OK`.
    #[error("the server sent +OK to a login that was cancelled")]
    UnexpectedSuccess,
}

/// The server exceeded a limit. See [`Limits`](crate::config::Limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error(
    "{} than the limit of {limit} ({}), and the connection was closed{}",
    what.more(),
    what.setting(),
    what.hint()
)]
#[non_exhaustive]
pub struct LimitError {
    /// What exceeded the limit.
    pub what: Limited,
    /// The limit.
    pub limit: usize,
}

impl LimitError {
    /// Creates the error for a limit that was exceeded.
    pub fn new(what: Limited, limit: usize) -> Self {
        Self { what, limit }
    }
}

impl Limited {
    /// Returns what there was more of than the limit.
    fn more(self) -> &'static str {
        match self {
            Self::Line => "a line from the server has more octets",
            Self::Lines => "a reply from the server has more lines",
            Self::Octets => "a reply from the server has more octets",
            Self::Challenges => "the server sent more challenges in a login",
            Self::ChallengeOctets => "the challenges of a login have more octets",
            Self::Message => "the message has more octets",
        }
    }

    /// Returns the setting that contains the limit.
    fn setting(self) -> &'static str {
        match self {
            Self::Line => {
                "Limits::line, Limits::listing_line for LIST and UIDL, or Limits::challenge in a login"
            }
            Self::Lines => "Limits::listing_entries, or Limits::capability_lines for CAPA",
            Self::Octets => "Limits::listing_octets, or Limits::capability_octets for CAPA",
            Self::Challenges => "Limits::challenges",
            Self::ChallengeOctets => "Limits::challenge_octets",
            Self::Message => "given by the application",
        }
    }

    /// Returns what to do instead of keeping a long reply in memory.
    fn hint(self) -> &'static str {
        match self {
            Self::Lines | Self::Octets => {
                "; raise the limit, or read a long listing with List::streamed or Uidl::streamed"
            }
            Self::Message => "; raise the limit, or read the message in chunks",
            Self::Line | Self::Challenges | Self::ChallengeOctets => "",
        }
    }
}

/// What exceeded a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Limited {
    /// Octets of a status line, or of a line in a reply that is kept in memory.
    #[error("a line from the server is too long")]
    Line,
    /// Lines of a reply that is kept in memory.
    #[error("a reply from the server has too many lines")]
    Lines,
    /// Octets of a reply that is kept in memory.
    #[error("a reply from the server has too many octets")]
    Octets,
    /// Challenges of an authentication exchange.
    #[error("the server sent too many challenges in a login")]
    Challenges,
    /// Octets of the challenges of an authentication exchange.
    #[error("the challenges of a login have too many octets")]
    ChallengeOctets,
    /// Octets of a message that the application reads into memory.
    #[error("the message has too many octets")]
    Message,
}
