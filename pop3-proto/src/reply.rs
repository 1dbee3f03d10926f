//! The types of the server's replies.

use core::fmt;

use bytes::Bytes;

pub use crate::capability::{Capabilities, Capability, Expire, LoginDelay};
use crate::config::Leniency;
pub use crate::language::{Language, Languages};
use crate::listing::{self, Listing, ScanEntry, UidEntry, UidListing};
pub use crate::preview::{HeaderEnd, HeaderReader, Preview};
use crate::received::stated_octets;
pub use crate::received::{Received, SizeMatch};
pub use crate::status::{ErrReply, ResponseCode, Status};
pub use crate::text::ServerText;
use crate::types::MessageNumber;

/// The reply to any command. [`Ticket::read`](crate::Ticket::read) converts it to the type of the
/// command's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// A status line with `+OK` and no values: the reply to most commands, and to a login.
    Status(Status),
    /// The server's capabilities; `None` if it does not support `CAPA`.
    Capabilities(Option<Capabilities>),
    /// The reply to `AUTH` without a mechanism; `None` if the server does not support it.
    Mechanisms(Option<Mechanisms>),
    /// The reply to `LANG`.
    Languages(Languages),
    /// The reply to `LANG` with an argument.
    Language(Language),
    /// The reply to `STAT`.
    Stat(MailboxStat),
    /// The reply to `LIST n`.
    Size(ScanEntry),
    /// The reply to `LIST`.
    Sizes(Listing),
    /// The reply to `UIDL n`.
    UniqueId(UidEntry),
    /// The reply to `UIDL`.
    UniqueIds(UidListing),
    /// The status line of a streamed reply. The events for its body follow.
    BodyHead(BodyHead),
    /// The reply to a raw command, with all its lines.
    Lines(Lines),
    /// The result of [`Confirm`](crate::Confirm).
    Confirmed(Confirmed),
    /// The outcome of `QUIT`.
    Quit(QuitOutcome),
}

/// The greeting: the first line that the server sends (RFC 1939 section 4). Before TLS it can be
/// forged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Greeting {
    /// The text after `+OK`.
    pub text: ServerText,
    /// The challenge for APOP: the msg-id in the text, with its angle brackets (RFC 1939 section
    /// 7). `None` if there is no msg-id, or more than one. The client then cannot know the
    /// challenge, and does not use APOP.
    pub challenge: Option<ServerText>,
}

/// The number of messages and their total size: the reply to `STAT`, which RFC 1939 section 5 calls
/// a drop listing. Messages marked as deleted are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct MailboxStat {
    /// The number of messages in the maildrop.
    pub messages: u32,
    /// Their total size in octets as the server counts it; `None` if the server does not state it.
    /// Like all sizes, it may be wrong.
    pub octets: Option<u64>,
}

impl MailboxStat {
    pub(crate) fn new(messages: u32, octets: Option<u64>) -> Self {
        Self { messages, octets }
    }
}

/// The status line of a streamed reply. The events for its body have the same request id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyHead {
    /// The number of the message, if the command concerned one message.
    pub number: Option<MessageNumber>,
    /// The status line. Its text often contains a size; do not rely on it.
    pub status: Status,
}

impl BodyHead {
    /// Returns the size that the server states: the number before the word `octets`, if that word
    /// occurs once (`+OK 120 octets`, RFC 1939 section 5). Never use it to allocate memory.
    pub fn octets(&self) -> Option<u64> {
        stated_octets(self.status.text.as_bytes())
    }
}

/// A raw multi-line reply.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lines {
    /// The status line.
    pub status: Status,
    /// The lines with their line ends, without dot-stuffing and without the terminator.
    pub octets: Bytes,
    pub(crate) leniency: Leniency,
}

impl Lines {
    /// Returns the lines without their line ends. A line ends in CR LF, or in a bare LF unless the
    /// leniency is [`Strict`](Leniency::Strict).
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        listing::lines(self.leniency, &self.octets)
    }
}

/// The names of the SASL mechanisms in the server's reply to
/// [`AuthMechanisms`](crate::command::AuthMechanisms).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanisms {
    pub(crate) octets: Bytes,
    pub(crate) leniency: Leniency,
}

impl Mechanisms {
    /// Returns the names as the server writes them, and in its order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        listing::lines(self.leniency, &self.octets)
            .flat_map(|line| line.split(|octet| matches!(octet, b' ' | b'\t')))
            .filter(|name| !name.is_empty())
    }

    /// Returns whether a mechanism is among them. The comparison ignores case.
    pub fn has(&self, name: &str) -> bool {
        self.iter()
            .any(|listed| listed.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// What happened to the messages that were marked as deleted (RFC 1939 section 6).
///
/// Check it with [`is_committed`](QuitOutcome::is_committed).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "only `Committed` says that the deletions were done"]
pub enum QuitOutcome {
    /// `+OK`: the messages that were marked as deleted are deleted. Contains the server's text,
    /// such as `2 messages left`.
    Committed(Status),
    /// `-ERR`: some or all of the messages may not have been deleted.
    Refused(ErrReply),
    /// `QUIT` was sent and no reply was received. The messages may or may not have been deleted.
    Unknown,
}

impl QuitOutcome {
    /// Returns whether the server confirmed that the messages were deleted.
    #[must_use = "only a committed session has deleted what was marked"]
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Committed(_))
    }
}

impl fmt::Display for QuitOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Committed(status) => write!(f, "the deletions were committed: {status}"),
            Self::Refused(reply) => write!(f, "the server refused QUIT: {reply}"),
            Self::Unknown => f.write_str("QUIT was sent, and no reply was received"),
        }
    }
}

/// The result of a successful [`Confirm`](crate::Confirm): the messages that were received before
/// it are confirmed. Only this crate can create one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    questions: usize,
}

impl Confirmed {
    pub(crate) fn new(questions: usize) -> Self {
        Self { questions }
    }

    /// Returns how many questions the confirmation asked. All of them were answered correctly.
    pub fn questions(self) -> usize {
        self.questions
    }
}
