//! What servers answer, typed.

use bytes::Bytes;

pub use crate::capability::{Capabilities, Capability, Expire, LoginDelay};
use crate::config::Leniency;
use crate::listing::{self, Listing, ScanEntry, UidEntry, UidListing};
use crate::received::stated_octets;
pub use crate::received::{Received, SizeMatch};
pub use crate::status::{ErrReply, ResponseCode, Status};
pub use crate::text::ServerText;
use crate::types::MessageNumber;

/// The reply to any command. [`Ticket::read`](crate::Ticket::read) makes it the command's own
/// type again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// `+OK` and no more: most commands, and a login.
    Status(Status),
    /// What the server can do; `None` if it does not say.
    Capabilities(Option<Capabilities>),
    /// `AUTH` without a mechanism; `None` if the server does not say.
    Mechanisms(Option<Mechanisms>),
    /// `STAT`.
    Stat(MailboxStat),
    /// `LIST n`.
    Size(ScanEntry),
    /// `LIST`.
    Sizes(Listing),
    /// `UIDL n`.
    UniqueId(UidEntry),
    /// `UIDL`.
    UniqueIds(UidListing),
    /// The status line of a reply that is streamed: body events follow.
    BodyHead(BodyHead),
    /// A raw multi-line reply.
    Lines(Lines),
    /// [`Confirm`](crate::Confirm).
    Confirmed(Confirmed),
    /// `QUIT`.
    Quit(QuitOutcome),
}

/// The server's first line (RFC 1939 section 4). Before TLS it can be forged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Greeting {
    /// The text after `+OK`.
    pub text: ServerText,
    /// The challenge for APOP: the one msg-id in the text, angle brackets included (RFC 1939
    /// section 7). `None` if there is none, or more than one: which one the server means is not
    /// known then, and APOP is not used.
    pub challenge: Option<ServerText>,
}

/// How many messages there are and how large they are together: the answer to `STAT`, which
/// RFC 1939 section 5 calls a drop listing.
/// Messages marked as deleted do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailboxStat {
    /// Messages in the maildrop.
    pub messages: u32,
    /// Their octets by the server's reckoning; `None` if it does not say. A hint, as all sizes are.
    pub octets: Option<u64>,
}

impl MailboxStat {
    pub(crate) fn new(messages: u32, octets: Option<u64>) -> Self {
        Self { messages, octets }
    }
}

/// The status line of a streamed reply. The body events of the same request follow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyHead {
    /// The message, if the command was about one.
    pub number: Option<MessageNumber>,
    /// What the server wrote behind `+OK`; often a size, never one to rely on.
    pub status: Status,
}

impl BodyHead {
    /// The size that the server states: the number before the word `octets`, if there is just one
    /// (`+OK 120 octets`, RFC 1939 section 5). Never allocate by it.
    pub fn octets(&self) -> Option<u64> {
        stated_octets(self.status.text.as_bytes())
    }
}

/// A raw multi-line reply, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lines {
    /// The status line.
    pub status: Status,
    /// The lines with their line ends, dot-stuffing undone, without the terminator.
    pub octets: Bytes,
    pub(crate) leniency: Leniency,
}

impl Lines {
    /// The lines without their line ends: CR LF, or LF alone unless leniency is
    /// [`Strict`](Leniency::Strict).
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        listing::lines(self.leniency, &self.octets)
    }
}

/// The names of SASL mechanisms, as the server lists them in answer to
/// [`AuthMechanisms`](crate::command::AuthMechanisms).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mechanisms {
    pub(crate) octets: Bytes,
    pub(crate) leniency: Leniency,
}

impl Mechanisms {
    /// The names in the order of the list, as the server writes them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        listing::lines(self.leniency, &self.octets)
            .flat_map(|line| line.split(|octet| matches!(octet, b' ' | b'\t')))
            .filter(|name| !name.is_empty())
    }

    /// Returns whether the server lists a mechanism, in any case.
    pub fn has(&self, name: &str) -> bool {
        self.iter()
            .any(|listed| listed.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// What became of the messages marked as deleted (RFC 1939 section 6).
///
/// Check it with [`is_committed`](QuitOutcome::is_committed).
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "only `Committed` says that the deletions were done"]
pub enum QuitOutcome {
    /// `+OK`: the messages that were marked as deleted are gone. With the server's text, such as
    /// `2 messages left`.
    Committed(Status),
    /// `-ERR`: some or all of them may still be there.
    Refused(ErrReply),
    /// `QUIT` left and no reply came: the deletions may or may not have been done.
    Unknown,
}

impl QuitOutcome {
    /// Returns whether the server said that the deletions were done.
    #[must_use = "only a committed session has deleted what was marked"]
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Committed(_))
    }
}

/// What was received before is confirmed: the reply to [`Confirm`](crate::Confirm). Only the library makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    questions: usize,
}

impl Confirmed {
    pub(crate) fn new(questions: usize) -> Self {
        Self { questions }
    }

    /// How many questions were answered right: all that were asked last.
    pub fn questions(self) -> usize {
        self.questions
    }
}
