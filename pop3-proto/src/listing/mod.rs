//! `LIST` and `UIDL` replies. A listing is one allocation; entries are parsed during the iteration.

mod builder;
mod entry;
mod text;

use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ops::Range;

use bytes::Bytes;

pub(crate) use self::builder::{ListingBuilder, Quirks, Rules};
pub(crate) use self::entry::ListingEntry;
pub use self::entry::{ScanEntry, UidEntry};
use self::text::without_status;
pub(crate) use self::text::{digits, leading_number, lines, size, trimmed, without_line_end};
use crate::config::Leniency;
use crate::text::ServerText;
use crate::types::MessageNumber;

/// The sizes of all messages (`LIST`, RFC 1939 section 5).
pub type Listing = Entries<ScanEntry>;

/// The unique-ids of all messages (`UIDL`, RFC 1939 section 7).
pub type UidListing = Entries<UidEntry>;

/// A listing of messages. The numbers may have gaps, because deleted messages are left out.
///
/// It keeps the text of the server's reply. Its lines were checked when they were received, and are
/// parsed when entries are requested. Clones share the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<E> {
    octets: Bytes,
    count: usize,
    ascending: bool,
    after_dele: bool,
    /// The number of malformed lines that were left out.
    malformed_lines: usize,
    /// The first of them.
    malformed_line: Option<ServerText>,
    /// Whether some message has two different values.
    contradictory: bool,
    entry: PhantomData<fn() -> E>,
}

impl<E: ListingEntry> Entries<E> {
    /// Returns the number of listed messages.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns whether the listing has no messages.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns whether the listing was requested after a message was marked as deleted. Some
    /// servers then renumber the messages in listings, but not in other commands: in `RETR`, such a
    /// number then means another message.
    pub fn is_after_dele(&self) -> bool {
        self.after_dele
    }

    /// Returns how many malformed lines were left out. This is 0 except in the listings of a
    /// [`sync::Run`](crate::sync::Run): other listings fail as a whole.
    pub fn malformed_lines(&self) -> usize {
        self.malformed_lines
    }

    /// Returns the first malformed line that was left out.
    pub fn malformed_line(&self) -> Option<&ServerText> {
        self.malformed_line.as_ref()
    }

    /// Returns whether the replies to later questions about single messages can be compared with
    /// this listing.
    pub(crate) fn is_comparable(&self) -> bool {
        !self.after_dele && !self.contradictory
    }

    pub(crate) fn is_ascending(&self) -> bool {
        self.ascending
    }

    /// Returns the entries in the server's order.
    pub fn iter(&self) -> EntryIter<'_, E> {
        EntryIter {
            rest: &self.octets,
            listing: self,
        }
    }

    /// Returns the numbers of the listed messages in the server's order. The iterator keeps the
    /// text of the listing in memory.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            rest: self.octets.clone(),
        }
    }

    /// Returns the entry of one message. If the server listed the messages in ascending order, as
    /// all servers should, this is a binary search; otherwise a linear search. To look up many
    /// messages, iterate instead.
    pub fn get(&self, number: MessageNumber) -> Option<E> {
        if !self.ascending {
            return self.iter().find(|entry| entry.number() == number);
        }
        let mut octets: &[u8] = &self.octets;
        while !octets.is_empty() {
            let line = line_at(octets, octets.len() / 2)?;
            let entry = E::read(octets.get(line.clone())?, &self.octets)?;
            octets = match number.cmp(&entry.number()) {
                core::cmp::Ordering::Less => octets.get(..line.start)?,
                core::cmp::Ordering::Equal => return Some(entry),
                core::cmp::Ordering::Greater => octets.get(line.end..)?,
            };
        }
        None
    }

    /// Returns the length of the text that the entries are parsed from.
    pub(crate) fn text_len(&self) -> usize {
        self.octets.len()
    }

    /// Returns the entry whose line contains the octet at `at`, and the length of that line.
    pub(crate) fn entry_at(&self, at: usize) -> Option<(Option<E>, usize)> {
        let line = line_at(&self.octets, at)?;
        let text = self.octets.get(line.clone())?;
        Some((E::read(text, &self.octets), line.len()))
    }

    /// Returns all entries, beginning with the one whose line contains the octet at `at`, and
    /// wrapping around.
    pub(crate) fn iter_from(&self, at: usize) -> impl Iterator<Item = E> + '_ {
        let start = line_at(&self.octets, at).map_or(0, |line| line.start);
        let (head, tail) = self.octets.split_at_checked(start).unwrap_or_default();
        let lines = lines(Leniency::Lenient, tail).chain(lines(Leniency::Lenient, head));
        lines.filter_map(|line| E::read(line, &self.octets))
    }

    /// Returns the entries by index: index 0 is message 1, and `None` means that the number is
    /// missing. Entries with a number above `max` are left out, so the vector has at most `max`
    /// elements.
    pub fn by_index(&self, max: u32) -> Vec<Option<E>> {
        let mut slots = Vec::new();
        for entry in self.iter().filter(|entry| entry.number().get() <= max) {
            let index = entry.number().get() as usize - 1;
            if slots.len() <= index {
                slots.resize_with(index + 1, || None);
            }
            if let Some(slot) = slots.get_mut(index) {
                *slot = Some(entry);
            }
        }
        slots
    }
}

/// Returns the range of the line that contains the octet at `at`, including its line end.
fn line_at(octets: &[u8], at: usize) -> Option<Range<usize>> {
    let (head, tail) = octets.split_at_checked(at)?;
    let start = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', tail).map_or(octets.len(), |end| head.len() + end + 1);
    Some(start..end)
}

impl UidListing {
    /// Returns the numbers of all messages with this unique-id. There may be several, because
    /// identical copies of a message may have the same one (RFC 1939 section 7). Delete by
    /// unique-id only if there is exactly one.
    pub fn find<'a>(&'a self, unique_id: &'a [u8]) -> impl Iterator<Item = MessageNumber> + 'a {
        self.iter()
            .filter(move |entry| {
                entry
                    .unique_id
                    .as_ref()
                    .is_some_and(|id| id.as_bytes() == unique_id)
            })
            .map(|entry| entry.number)
    }
}

impl Listing {
    /// Returns the sum of all sizes. It saturates instead of overflowing, because a server can send
    /// any numbers.
    pub fn octets(&self) -> u64 {
        self.iter()
            .filter_map(|entry| entry.octets)
            .fold(0, u64::saturating_add)
    }
}

/// The entries of a listing, in the server's order.
#[derive(Debug, Clone)]
pub struct EntryIter<'a, E> {
    rest: &'a [u8],
    listing: &'a Entries<E>,
}

impl<E: ListingEntry> Iterator for EntryIter<'_, E> {
    type Item = E;

    fn next(&mut self) -> Option<E> {
        while !self.rest.is_empty() {
            // Under `Strict`, listings with lines that end in a bare LF were rejected before.
            let end = memchr::memchr(b'\n', self.rest).map_or(self.rest.len(), |end| end + 1);
            let (line, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest;
            if let Some(entry) = E::read(without_line_end(line), &self.listing.octets) {
                return Some(entry);
            }
        }
        None
    }
}

impl<'a, E: ListingEntry> IntoIterator for &'a Entries<E> {
    type Item = E;
    type IntoIter = EntryIter<'a, E>;

    fn into_iter(self) -> EntryIter<'a, E> {
        self.iter()
    }
}

/// The numbers of a listing, in the server's order.
#[derive(Debug, Clone)]
pub struct Numbers {
    rest: Bytes,
}

impl Iterator for Numbers {
    type Item = MessageNumber;

    fn next(&mut self) -> Option<MessageNumber> {
        let end = memchr::memchr(b'\n', &self.rest).map_or(self.rest.len(), |end| end + 1);
        let line = self.rest.split_to(end);
        leading_number(without_status(&line)).map(|(number, _)| number)
    }
}
