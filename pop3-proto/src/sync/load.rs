//! Reading a ledger from its text.

use alloc::vec::Vec;

use thiserror::Error as ThisError;

use super::change::Change;
use super::day::Day;
use super::entry::{Entry, Kept};
use super::ledger::{Ledger, Settled};
use super::line::{self, checked, parse_id};
use super::table::Key;
use crate::text::ServerText;

/// Why a text is not a ledger.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
#[non_exhaustive]
pub enum LedgerError {
    /// The first line is not that of a ledger.
    #[error("not a ledger: the first line is \"{0}\" instead of \"pop3-ledger 1\"")]
    NotALedger(ServerText),
    /// A newer version of this crate has written it.
    #[error(
        "the ledger has version {0}, and this program reads version 1: use a newer version of the program"
    )]
    Version(ServerText),
}

/// What was noticed while a ledger was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The number of lines whose checksum is wrong, or whose fields make no sense. They were
    /// skipped. What they said is forgotten: at worst, messages are fetched again.
    pub damaged: usize,
    /// Whether the last line has no line end, as a crash leaves it. Append a line end before
    /// anything else. If only the line end is missing, the line counts.
    pub torn: bool,
}

/// Reads a ledger piece by piece, so that its text need not be in memory.
#[derive(Debug, Default)]
pub struct LedgerReader {
    ledger: Ledger,
    loaded: Loaded,
    /// The start of a line whose end was not fed yet.
    partial: Vec<u8>,
    id: Vec<u8>,
    has_header: bool,
    /// Whether the header was torn, so that it is not expected again.
    torn_header: bool,
}

/// The longest line that makes sense. A longer one is damaged.
const MAX_LINE: usize = 4096;

/// How many octets of a file one entry takes, at least: to reserve memory once.
const MIN_LINE: u64 = 56;

impl Ledger {
    /// Returns a reader. `octets` is the size of the file, or 0 if it is not known: it only saves
    /// reallocations.
    pub fn reader(octets: u64) -> LedgerReader {
        let mut reader = LedgerReader::default();
        // The size of a file is no promise: reserve for a million entries at most.
        let entries = usize::try_from(octets / MIN_LINE).unwrap_or(usize::MAX);
        reader.ledger.reserve(entries.min(1 << 20));
        reader
    }
}

impl LedgerReader {
    /// Reads the next octets of the text.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] if the first line is not that of a ledger of this version. Do not write to
    /// that file then.
    pub fn feed(&mut self, mut octets: &[u8]) -> Result<(), LedgerError> {
        while let Some(end) = memchr::memchr(b'\n', octets) {
            let (line, rest) = octets.split_at_checked(end).unwrap_or_default();
            octets = rest.get(1..).unwrap_or_default();
            if self.partial.is_empty() {
                self.line(line)?;
            } else {
                let mut whole = core::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.line(&whole)?;
                whole.clear();
                self.partial = whole;
            }
        }
        // What is beyond the longest line is damaged anyway.
        let room = MAX_LINE.saturating_sub(self.partial.len());
        self.partial.extend(octets.iter().take(room));
        Ok(())
    }

    /// Returns the ledger after the last octets.
    ///
    /// # Errors
    ///
    /// As for [`LedgerReader::feed`].
    pub fn finish(mut self) -> Result<(Ledger, Loaded), LedgerError> {
        if !self.has_header && !self.partial.is_empty() {
            let header = Ledger::HEADER.trim_end().as_bytes();
            if self.torn_header && begins_line(&self.partial) {
                self.has_header = true;
            } else if !header.starts_with(&self.partial) {
                return Err(LedgerError::NotALedger(ServerText::copy(&self.partial)));
            }
        }
        self.loaded.torn = !self.partial.is_empty();
        let partial = core::mem::take(&mut self.partial);
        if self.has_header && checked(&partial).is_some() {
            // The line end that closes it makes it valid for the next reader, so it counts now, too.
            self.line(&partial)?;
        }
        Ok((self.ledger, self.loaded))
    }

    fn line(&mut self, line: &[u8]) -> Result<(), LedgerError> {
        if !self.has_header {
            return self.header(line);
        }
        if line.is_empty() || line == Ledger::HEADER.trim_end().as_bytes() {
            // A line end closes what a crash left, even if it left nothing.
            return Ok(());
        }
        let known = checked(line).and_then(|fields| {
            let kind = fields.first()?;
            if KINDS.contains(kind) {
                apply(&mut self.ledger, fields, &mut self.id)
            } else {
                Some(())
            }
        });
        if known.is_none() {
            self.loaded.damaged += 1;
            // It may have been an `R` line.
            self.ledger.lose_token();
        }
        Ok(())
    }

    fn header(&mut self, line: &[u8]) -> Result<(), LedgerError> {
        let header = Ledger::HEADER.trim_end().as_bytes();
        if line == header {
            self.has_header = true;
            return Ok(());
        }
        if header.starts_with(line) {
            // A crash left a part of the header, and a line end closed it: nothing was written yet.
            self.torn_header = true;
            return Ok(());
        }
        if self.torn_header && begins_line(line) {
            // The file was not empty, so the header was not written again. This line may be torn, too.
            self.has_header = true;
            return self.line(line);
        }
        Err(match line.strip_prefix(b"pop3-ledger ") {
            Some(version) => LedgerError::Version(ServerText::copy(version)),
            None => LedgerError::NotALedger(ServerText::copy(line)),
        })
    }
}

/// Returns whether a text can be the beginning of a line.
fn begins_line(text: &[u8]) -> bool {
    match text {
        [kind] | [kind, b' ', ..] => KINDS.contains(kind),
        _ => false,
    }
}

/// The kinds of line that this version knows.
const KINDS: &[u8] = b"SUPEHKXOADQVLMTCFNRB";

/// Applies the change that a line describes; `None` if its fields make no sense.
fn apply(ledger: &mut Ledger, text: &[u8], buffer: &mut Vec<u8>) -> Option<()> {
    let mut fields = text.split(|octet| *octet == b' ');
    let kind = fields.next()?;
    let [kind] = *kind else { return None };
    if let Some(kept) = Kept::from_letter(kind) {
        let id = match fields.next()? {
            b"*" => None,
            field => Some(parse_id(field, buffer)),
        };
        let mut entry = Entry::new(kept, day(fields.next()?)?);
        entry.listed = size(fields.next()?)?;
        entry.received = match fields.next()? {
            b"=" => entry.listed,
            field => size(field)?,
        };
        entry.header = line::digest(fields.next()?)?;
        entry.whole = line::digest(fields.next()?)?;
        let name = match fields.next() {
            Some(name) => Some(u32::try_from(line::number(name)?).ok()?),
            None => None,
        };
        if id.is_none() && (entry.header.is_none() || entry.whole.is_none()) {
            return None;
        }
        ledger.learn(&Change::Stored {
            id,
            entry: &entry,
            name,
        });
        return Some(());
    }
    match kind {
        b'Q' => {
            ledger.learn(&Change::Committed);
            return Some(());
        }
        b'R' => {
            let token = core::str::from_utf8(fields.next()?).ok()?;
            ledger.learn(&Change::Run(token));
            return Some(());
        }
        b'B' => {
            let mut id = Vec::new();
            let id = parse_id(fields.next()?, &mut id).to_vec();
            let number = u32::try_from(line::number(fields.next()?)?).ok()?;
            let (messages, octets) = (line::number(fields.next()?)?, line::number(fields.next()?)?);
            let day = day(fields.next()?)?;
            ledger.learn(&Change::Settled(&Settled {
                messages,
                octets,
                number,
                id,
                day,
            }));
            return Some(());
        }
        b'N' => {
            let (name, value) = (fields.next()?, line::number(fields.next()?)?);
            ledger.learn(&Change::Server(name, u32::try_from(value).ok()?));
            return Some(());
        }
        _ => {}
    }
    let key = key(fields.next()?, buffer)?;
    let change = match kind {
        b'A' => Change::Absent(key, day(fields.next()?)?),
        b'D' => Change::Deleting(key, day(fields.next()?)?),
        b'V' => Change::Verified(key),
        b'L' => Change::Listed(key, size(fields.next()?)?),
        b'F' => Change::Forgotten(key),
        b'T' => {
            let tries = u8::try_from(line::number(fields.next()?)?).ok()?;
            let day = day(fields.next()?)?;
            Change::Tried(key, tries, day, fields.next() == Some(b"s"))
        }
        b'C' => Change::Commits(key, u8::try_from(line::number(fields.next()?)?).ok()?),
        b'M' => {
            let mut id = Vec::new();
            let id = parse_id(fields.next()?, &mut id);
            ledger.learn(&Change::Renamed(key, id));
            return Some(());
        }
        _ => return None,
    };
    ledger.learn(&change);
    Some(())
}

fn key<'a>(field: &'a [u8], buffer: &'a mut Vec<u8>) -> Option<Key<'a>> {
    let Some(digests) = field.strip_prefix(b"*") else {
        return Some(Key::Id(parse_id(field, buffer)));
    };
    let (header, whole) = digests.split_at_checked(11)?;
    Some(Key::Content(line::digest(header)??, line::digest(whole)??))
}

fn day(field: &[u8]) -> Option<Day> {
    Some(Day::new(u16::try_from(line::number(field)?).ok()?))
}

/// Parses a size. The outer `None` means that it is malformed.
fn size(field: &[u8]) -> Option<Option<u32>> {
    match field {
        b"-" => Some(None),
        _ => Some(Some(u32::try_from(line::number(field)?).ok()?)),
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Ledger {
    /// Serializes the text of [`Ledger::to_lines`].
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_lines())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Ledger {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = alloc::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut reader = Self::reader(text.len() as u64);
        let ledger = match reader.feed(text.as_bytes()) {
            Ok(()) => reader.finish().map(|(ledger, _)| ledger),
            Err(error) => Err(error),
        };
        ledger.map_err(serde::de::Error::custom)
    }
}
