//! What the ledger knows of one message.

use super::day::Day;
use super::digest::{Content, Digest};

/// How much of a message is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Kept {
    /// The whole message, and what was received is confirmed.
    Whole,
    /// The whole message, but the server answers no questions, so it is not confirmed.
    Unconfirmed,
    /// Fewer octets than `LIST` states.
    Short,
    /// What was received before the server ended it early, in more than one run.
    Cut,
    /// Only its header, because of [`Rules::headers_above`](super::Rules::headers_above).
    Header,
    /// Nothing by this ledger: it was taken as known
    /// ([`Rules::adopt`](super::Rules::adopt), [`Ledger::import_known`](super::Ledger::import_known)).
    Elsewhere,
    /// Nothing: the filter declined it.
    Declined,
    /// Nothing: it could not be fetched so far.
    Nothing,
}

impl Kept {
    /// The letter that begins the line of such a message.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Whole => 'S',
            Self::Unconfirmed => 'U',
            Self::Short => 'P',
            Self::Cut => 'E',
            Self::Header => 'H',
            Self::Elsewhere => 'K',
            Self::Declined => 'X',
            Self::Nothing => 'O',
        }
    }

    pub(super) fn from_letter(letter: u8) -> Option<Self> {
        Some(match letter {
            b'S' => Self::Whole,
            b'U' => Self::Unconfirmed,
            b'P' => Self::Short,
            b'E' => Self::Cut,
            b'H' => Self::Header,
            b'K' => Self::Elsewhere,
            b'X' => Self::Declined,
            b'O' => Self::Nothing,
            _ => return None,
        })
    }
}

/// Whether a message was in the last complete listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Presence {
    /// It was listed.
    Listed,
    /// It is not listed since this day. If its unique-id comes back, it may be another message.
    Absent(Day),
    /// Its deletion was requested on this day. If its unique-id comes back, it may be another
    /// message, or the server did not delete it.
    Deleting(Day),
}

/// What the ledger knows of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// How much of it is stored.
    pub kept: Kept,
    /// Whether it is still listed.
    pub presence: Presence,
    /// The day it was first seen.
    pub first_seen: Day,
    /// The size that the server listed. Sizes from 4 GiB count as unknown.
    pub listed: Option<u32>,
    /// The number of octets that were received.
    pub received: Option<u32>,
    /// The digest of its header.
    pub header: Option<Digest>,
    /// The digest of all of it.
    pub whole: Option<Digest>,
    /// In how many runs it could not be fetched.
    pub tries: u8,
    /// The day of the last of them.
    pub tried: Day,
    /// Whether the message itself may be the cause: it ended the session, or was not confirmed. Then
    /// it is fetched after everything else.
    pub suspect: bool,
    /// How many deletions of it the server has committed.
    pub commits: u8,
}

impl Entry {
    /// Creates an entry of which nothing is known yet.
    pub(super) fn new(kept: Kept, first_seen: Day) -> Self {
        Self {
            kept,
            presence: Presence::Listed,
            first_seen,
            listed: None,
            received: None,
            header: None,
            whole: None,
            tries: 0,
            tried: Day::default(),
            suspect: false,
            commits: 0,
        }
    }

    /// Fills in what the octets of the message say.
    pub(super) fn with_content(mut self, content: &Content, listed: Option<u64>) -> Self {
        self.listed = size(listed);
        self.received = size(Some(content.octets));
        self.header = Some(content.header);
        self.whole = Some(content.whole);
        self
    }

    /// Returns by how many octets the stored message is shorter than listed.
    pub(super) fn surplus(&self) -> u32 {
        if self.kept == Kept::Short && self.listed.is_none() {
            // The listed size is 4 GiB or more.
            return u32::MAX;
        }
        let listed = self.listed.unwrap_or(0);
        listed.saturating_sub(self.received.unwrap_or(listed))
    }

    /// Returns the day since which it is not listed, or its deletion was requested.
    pub(super) fn gone_since(&self) -> Option<Day> {
        match self.presence {
            Presence::Listed => None,
            Presence::Absent(day) | Presence::Deleting(day) => Some(day),
        }
    }
}

/// Returns a size as the ledger keeps it.
pub(super) fn size(octets: Option<u64>) -> Option<u32> {
    octets
        .and_then(|octets| u32::try_from(octets).ok())
        .filter(|octets| *octets != u32::MAX)
}

const NO_SIZE: u32 = u32::MAX;

/// An [`Entry`] in 36 octets, without its tries: a ledger may have a million of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    /// Where the unique-id is; [`Packed::NO_ID`] if the message has none.
    pub(super) id: u32,
    listed: u32,
    received: u32,
    header: [u32; 2],
    whole: [u32; 2],
    first_seen: u16,
    since: u16,
    kept: Kept,
    commits: u8,
    flags: u8,
}

const ABSENT: u8 = 1;
const DELETING: u8 = 2;
const HEADER: u8 = 4;
const WHOLE: u8 = 8;
/// The entry was forgotten; its place is not used again.
const FORGOTTEN: u8 = 16;

impl Packed {
    pub(super) const NO_ID: u32 = u32::MAX;

    pub(super) fn new(id: u32, entry: &Entry) -> Self {
        let mut packed = Self {
            id,
            listed: 0,
            received: 0,
            header: [0; 2],
            whole: [0; 2],
            first_seen: 0,
            since: 0,
            kept: entry.kept,
            commits: 0,
            flags: 0,
        };
        packed.set(entry);
        packed
    }

    pub(super) fn set(&mut self, entry: &Entry) {
        let digest = |digest: Option<Digest>| split(digest.map_or(0, Digest::bits));
        self.kept = entry.kept;
        self.listed = entry.listed.unwrap_or(NO_SIZE);
        self.received = entry.received.unwrap_or(NO_SIZE);
        self.header = digest(entry.header);
        self.whole = digest(entry.whole);
        self.first_seen = entry.first_seen.get();
        self.since = entry.gone_since().unwrap_or_default().get();
        self.commits = entry.commits;
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        self.flags = flag(matches!(entry.presence, Presence::Absent(_)), ABSENT)
            | flag(matches!(entry.presence, Presence::Deleting(_)), DELETING)
            | flag(entry.header.is_some(), HEADER)
            | flag(entry.whole.is_some(), WHOLE);
    }

    pub(super) fn entry(&self) -> Entry {
        let since = Day::new(self.since);
        let size = |size: u32| Some(size).filter(|size| *size != NO_SIZE);
        let digest = |halves, flag| self.has(flag).then(|| Digest::from_bits(join(halves)));
        Entry {
            kept: self.kept,
            presence: if self.has(DELETING) {
                Presence::Deleting(since)
            } else if self.has(ABSENT) {
                Presence::Absent(since)
            } else {
                Presence::Listed
            },
            first_seen: Day::new(self.first_seen),
            listed: size(self.listed),
            received: size(self.received),
            header: digest(self.header, HEADER),
            whole: digest(self.whole, WHOLE),
            tries: 0,
            tried: Day::default(),
            suspect: false,
            commits: self.commits,
        }
    }

    /// The digests as a key for messages without a unique-id.
    pub(super) fn digests(&self) -> ([u32; 2], [u32; 2]) {
        (self.header, self.whole)
    }

    pub(super) fn forget(&mut self) {
        self.flags |= FORGOTTEN;
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.has(FORGOTTEN)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Returns the halves of a digest: fields of four octets leave no gaps in [`Packed`].
pub(super) fn split(bits: u64) -> [u32; 2] {
    [(bits >> 32) as u32, bits as u32]
}

fn join(halves: [u32; 2]) -> u64 {
    let [high, low] = halves;
    u64::from(high) << 32 | u64::from(low)
}
