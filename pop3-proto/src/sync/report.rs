//! What a run has done and noticed.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::plan::{Plan, Why};
use crate::error::Error;
use crate::status::ErrReply;
use crate::text::ServerText;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// What a run has done.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The number of messages that were fetched and stored.
    pub fetched: usize,
    /// The octets of these messages, as the server sent them.
    pub octets: u64,
    /// The number of messages in the mailbox that were stored or known before.
    pub known: usize,
    /// The number of messages whose deletion the server has committed.
    pub deleted: usize,
    /// Whether something is left undone that another run may do, or that a person has to look at.
    pub failed: bool,
    /// The error that ended the last session, or because of which none could be opened.
    pub error: Option<Error>,
    /// The earliest time for another run, if the server demands one.
    pub again_after: Option<Duration>,
    /// Lines to append to the ledger, if there are any: what was learnt after the last session.
    pub lines: String,
    /// The plan of a [dry run](super::Rules::dry_run).
    pub plan: Option<Plan>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of messages that were received.
    pub messages: usize,
    /// The number of messages to receive, as far as that is known.
    pub of_messages: usize,
    /// The octets that were received.
    pub octets: u64,
    /// The octets to receive, by the sizes in the server's listing.
    pub of_octets: u64,
}

/// Something that a run has noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Noticed {
    /// The server refused a command about a message.
    Refused(Verb, ErrReply),
    /// The message failed: it was cut short, or what followed it was wrong. It is tried again.
    Failed(Error),
    /// What was received could not be confirmed, so these messages are fetched again, one by one.
    Struck(Error),
    /// The server does not answer the questions of a confirmation, so messages are stored but never
    /// deleted.
    Unconfirmable(Error),
    /// The server closed the connection after the message, so it was stored without a confirmation.
    ClosedAfter,
    /// The message is what it is for this reason.
    Message(Why),
    /// The filter declined the message.
    Declined,
    /// The message was stored with fewer octets than listed. It is not deleted.
    Short,
    /// The message ended early in several runs: what followed it was not a reply. It was stored as
    /// it is, and is not deleted.
    CutShort,
    /// The unique-id was given to another message, which is fetched.
    Reused,
    /// The message is not on the server any more, and was never stored.
    Gone,
    /// Lines of a listing make no sense and were skipped.
    MalformedLines(Verb, ServerText),
    /// A listing failed. The run goes on without it.
    Unlisted(Verb, Error),
    /// The server did not confirm that it deleted these messages. The next run finds out.
    DeletionUnknown(Option<ErrReply>),
    /// Refusals repeat, so the run stops asking. The next run goes on.
    TooManyRefusals,
    /// Each message has this many octets fewer than listed, so that is taken as right.
    Surplus(u32),
}

/// Something that a run has noticed, and about how many messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// What was noticed.
    pub noticed: Noticed,
    /// The first few messages that it is about.
    pub numbers: Vec<MessageNumber>,
    /// The number of messages, or of lines.
    pub count: usize,
}

/// How many numbers a note contains.
const NUMBERS: usize = 8;

impl Note {
    /// Returns whether something is wrong with the server or a message, so that a program should
    /// report a failure.
    pub fn is_failure(&self) -> bool {
        match &self.noticed {
            Noticed::Refused(..)
            | Noticed::Failed(_)
            | Noticed::DeletionUnknown(_)
            | Noticed::TooManyRefusals
            | Noticed::CutShort
            | Noticed::MalformedLines(Verb::Uidl, _) => true,
            Noticed::Message(why) => matches!(why, Why::NotInUidl | Why::Quarantined(_)),
            _ => false,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count > 0 && !matches!(self.noticed, Noticed::MalformedLines(..)) {
            match self.numbers.as_slice() {
                [only] if self.count == 1 => write!(f, "message {only}: ")?,
                numbers => {
                    write!(f, "{} messages", self.count)?;
                    for (at, number) in numbers.iter().enumerate() {
                        write!(f, "{}{number}", if at == 0 { " (" } else { ", " })?;
                    }
                    let more = if self.count > numbers.len() {
                        ", …"
                    } else {
                        ""
                    };
                    write!(f, "{}", if numbers.is_empty() { "" } else { more })?;
                    f.write_str(if numbers.is_empty() { ": " } else { "): " })?;
                }
            }
        }
        match &self.noticed {
            Noticed::Refused(verb, reply) => write!(f, "the server refused {verb}: {reply}"),
            Noticed::Failed(error) => {
                write!(f, "{error}; not stored: fetched again in the next run")
            }
            Noticed::Struck(error) => {
                write!(
                    f,
                    "received but not confirmed, so fetched again one by one: {error}"
                )
            }
            Noticed::Unconfirmable(error) => write!(f, "stored, and never deleted: {error}"),
            Noticed::ClosedAfter => f.write_str(
                "the server closed the connection after it; stored, not confirmed, and not deleted",
            ),
            Noticed::Message(why) => match why {
                Why::NotInUidl => write!(f, "{why}; not fetched"),
                Why::IdsAreNumbers => {
                    write!(f, "{why}, so messages are recognized by their headers")
                }
                Why::NoId | Why::SharedId => {
                    write!(f, "{why}, so it is recognized by its header")
                }
                Why::TooLarge | Why::OverLimit => write!(f, "{why}; not fetched in this run"),
                why => why.fmt(f),
            },
            Noticed::Short => f.write_str(
                "fewer octets than listed by LIST: perhaps incomplete, so it is not deleted",
            ),
            Noticed::CutShort => f.write_str(
                "the server ends it early; stored as far as it was received, and never deleted",
            ),
            Noticed::Declined => f.write_str("declined by the filter"),
            Noticed::Reused => f.write_str("its unique-id was that of another message before"),
            Noticed::Gone => f.write_str("gone from the server before it was stored"),
            Noticed::MalformedLines(verb, line) => {
                write!(f, "{} malformed lines in the reply to {verb}", self.count)?;
                write!(f, " were skipped, the first of which is \"{line}\"")
            }
            Noticed::Unlisted(verb, error) => write!(f, "without {verb}: {error}"),
            Noticed::DeletionUnknown(reply) => {
                f.write_str("the server did not say whether they were deleted")?;
                match reply {
                    Some(reply) => write!(f, " (it refused QUIT: {reply})"),
                    None => f.write_str(" (no reply to QUIT was received)"),
                }
            }
            Noticed::TooManyRefusals => f.write_str(
                "the server refused too many messages in a row; the next run asks for the others",
            ),
            Noticed::Surplus(octets) => write!(
                f,
                "LIST states {octets} octets more than each message has; this counts as complete"
            ),
        }
    }
}

/// The notes of a run that were not taken yet.
#[derive(Debug, Default)]
pub(super) struct Notes {
    notes: Vec<Note>,
    /// Where the notes are of the reasons, which may concern a million messages.
    reasons: BTreeMap<Why, usize>,
    /// Whether any note was about a failure.
    pub(super) failed: bool,
}

impl Notes {
    pub(super) fn add(&mut self, noticed: Noticed, number: Option<MessageNumber>) {
        self.add_many(noticed, number, 1);
    }

    pub(super) fn add_many(
        &mut self,
        noticed: Noticed,
        number: Option<MessageNumber>,
        count: usize,
    ) {
        let found = match noticed {
            Noticed::Message(why) => {
                let next = self.notes.len();
                let at = *self.reasons.entry(why).or_insert(next);
                self.notes.get_mut(at)
            }
            _ => self
                .notes
                .iter_mut()
                .rev()
                .take(16)
                .find(|note| note.noticed == noticed),
        };
        match found {
            Some(note) => {
                note.count += count;
                if note.numbers.len() < NUMBERS {
                    note.numbers.extend(number);
                }
            }
            None => {
                let note = Note {
                    noticed,
                    numbers: number.into_iter().collect(),
                    count,
                };
                self.failed |= note.is_failure();
                self.notes.push(note);
            }
        }
    }

    pub(super) fn take(&mut self) -> Vec<Note> {
        self.reasons.clear();
        core::mem::take(&mut self.notes)
    }
}
