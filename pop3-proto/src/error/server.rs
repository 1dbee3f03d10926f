//! What a server did that ends the connection.

use alloc::boxed::Box;
use core::fmt;

use thiserror::Error as ThisError;

use crate::redact::Redactor;
use crate::refusal::{Before, Refusal};
use crate::sasl::SaslError;
use crate::status::ErrReply;
use crate::text::{Quoted, Reason, ServerText};
use crate::types::MessageNumber;
use crate::verb::Verb;

/// How the server broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The first line is no POP3 greeting.
    #[error("this is no POP3 server: it greets with {}", Quoted(.got))]
    NotPop3 {
        /// The line.
        got: ServerText,
    },
    /// The first octets are a TLS record: this port speaks TLS from the start.
    #[error("the server speaks TLS on this port: connect with implicit TLS (pop3s)")]
    TlsRecord,
    /// A reply begins with neither `+OK` nor `-ERR`.
    #[error("the reply to {verb} is neither +OK nor -ERR: {}{}", Quoted(.got), Before(.last_err))]
    BadStatus {
        /// The command.
        verb: Verb,
        /// The line.
        got: ServerText,
        /// The `-ERR` that came before; see [`Error::last_err`](crate::Error::last_err).
        last_err: Option<Box<Refusal>>,
    },
    /// The server answered where nothing was asked, or before it was asked. Replies cannot be
    /// matched to commands any more.
    #[error("unexpected reply from the server (no command is waiting for one): {}", Quoted(.got))]
    Unsolicited {
        /// The line.
        got: ServerText,
    },
    /// Octets follow the end of a multi-line reply that no command explains. The terminator was
    /// perhaps not the server's: the reply may be cut short, and must not be trusted even if its end
    /// was reported as good before this was received.
    #[error(
        "octets that no command explains follow the end of the reply to {verb}{}: {}; \
         the reply may be cut short: do not trust it",
        Numbered(*.number),
        Quoted(.got)
    )]
    Surplus {
        /// The command whose reply may be cut short.
        verb: Verb,
        /// The message it was about.
        number: Option<MessageNumber>,
        /// The first line of what follows, as far as it was received.
        got: ServerText,
    },
    /// A line ends in LF instead of CR LF, under [`Leniency::Strict`](crate::config::Leniency::Strict) (RFC
    /// 1939 section 3). Inside a message, a bare LF is data.
    #[error(
        "{} ends in a bare LF instead of CR LF{}: to accept this, use Leniency::Lenient",
        LineOf(*.verb),
        InBrackets(.got)
    )]
    BareLineFeed {
        /// The command whose reply contains the line; none for the greeting.
        verb: Option<Verb>,
        /// The line if it is a status line, otherwise empty.
        got: ServerText,
    },
    /// `LIST n` or `UIDL n` was answered about another message.
    #[error("the server answered {verb} {asked} about another message: {}", Quoted(.got))]
    NumberMismatch {
        /// The command.
        verb: Verb,
        /// The message that was asked about.
        asked: MessageNumber,
        /// The reply.
        got: ServerText,
    },
    /// The server does not keep to the order of an authentication exchange: it asks on where all is
    /// said, or says `+OK` before it is over.
    #[error("login with {mechanism}: {cause}")]
    Sasl {
        /// The mechanism.
        mechanism: Box<str>,
        /// What it did.
        cause: SaslError,
    },
    /// A complete reply holds a value that makes no sense. Not fatal: only this request fails.
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

/// A message number after a verb.
struct Numbered(Option<MessageNumber>);

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |number| write!(f, " {number}"))
    }
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
    /// A line that is neither `+OK` nor `-ERR`, in reply to this command.
    pub(crate) fn bad_status(verb: Verb, got: ServerText) -> Self {
        let last_err = None;
        Self::BadStatus {
            verb,
            got,
            last_err,
        }
    }

    /// The same with the server's text redacted.
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

/// Why going on would not be safe.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum SecurityError {
    /// TLS is required and the server does not advertise STLS, or an attacker removed it.
    #[error(
        "TLS is required and the server does not offer STLS (perhaps it has pop3s, on port 995){}",
        Before(.last_err)
    )]
    StlsUnavailable {
        /// The `-ERR` to `CAPA`, if the server refused that: it may say why.
        last_err: Option<Box<Refusal>>,
    },
    /// TLS is required and the server refused STLS.
    #[error("TLS is required and the server refused STLS{}", Reason(&.0.text))]
    StlsRefused(ErrReply),
    /// Octets came in clear behind the `+OK` to STLS: somebody on the way wants them taken for
    /// the first replies inside TLS.
    #[error("octets in clear behind the reply to STLS: somebody tampers with this connection")]
    ResponseInjection,
    /// The server does not prove that it knows the password, or does not keep to SCRAM (RFC 5802
    /// sections 5 and 7): it may be another server than the one that was asked for, or somebody
    /// tampers with the exchange.
    #[error(transparent)]
    Sasl(SaslError),
    /// The server says `+OK` to an authentication exchange that was cancelled (RFC 5034 section 4),
    /// or to `PASS` after it answered that by a challenge.
    #[error("the server says +OK to a login that was cancelled")]
    UnexpectedSuccess,
}

/// Which limit the server went over. See [`Limits`](crate::config::Limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[error("the server sent {what} than the limit of {limit} ({}); the connection is closed", what.setting())]
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

impl Limited {
    /// Where the limit comes from.
    fn setting(self) -> &'static str {
        match self {
            Self::Line => "Limits::line, Limits::listing_line or Limits::challenge",
            Self::Lines => "Limits::listing_entries or Limits::capability_lines",
            Self::Octets => "Limits::listing_octets or Limits::capability_octets",
            Self::Challenges => "Limits::challenges",
            Self::ChallengeOctets => "Limits::challenge_octets",
            Self::Message => "given by the application",
        }
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum Limited {
    /// Octets of a status line or of a line in a collected reply.
    #[error("a longer line")]
    Line,
    /// Lines of a collected reply.
    #[error("a reply of more lines")]
    Lines,
    /// Octets of a collected reply.
    #[error("a reply of more octets")]
    Octets,
    /// Challenges of an authentication exchange.
    #[error("a login of more challenges")]
    Challenges,
    /// Octets of the challenges of an authentication exchange.
    #[error("challenges of more octets")]
    ChallengeOctets,
    /// Octets of a message that the caller wanted in memory.
    #[error("a message of more octets")]
    Message,
}
