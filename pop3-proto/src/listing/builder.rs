//! Builds a listing chunk by chunk while it is received.

use alloc::vec::Vec;
use core::marker::PhantomData;

use bytes::{Bytes, BytesMut};

use super::Entries;
use super::entry::ListingEntry;
use super::text::{leading_number, lines, without_line_end, without_status};
use crate::config::Leniency;
use crate::error::{LimitError, Limited};
use crate::quirk::Quirk;
use crate::text::ServerText;
use crate::types::MessageNumber;

/// Collects a listing chunk by chunk, and checks each line once, when it is complete.
#[derive(Debug)]
pub(crate) struct ListingBuilder<E> {
    octets: BytesMut,
    /// The offset of the first line that was not checked yet.
    checked: usize,
    count: usize,
    /// How many lines begin with a status indicator.
    with_status: usize,
    ascending: bool,
    last: Option<MessageNumber>,
    malformed: Option<(&'static str, Bytes)>,
    malformed_lines: usize,
    malformed_line: Option<Bytes>,
    quirks: Quirks,
    rules: Rules,
    entry: PhantomData<fn() -> E>,
}

/// The limits and the leniency for a listing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) leniency: Leniency,
    pub(crate) entries: usize,
    pub(crate) line: usize,
    pub(crate) octets: usize,
    /// Whether malformed lines are left out, instead of spoiling the listing.
    pub(crate) salvage: bool,
}

/// The quirks of one listing, each once.
pub(crate) type Quirks = Vec<Quirk>;

impl<E: ListingEntry> ListingBuilder<E> {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            octets: BytesMut::new(),
            checked: 0,
            count: 0,
            with_status: 0,
            ascending: true,
            last: None,
            malformed: None,
            malformed_lines: 0,
            malformed_line: None,
            quirks: Quirks::new(),
            rules,
            entry: PhantomData,
        }
    }

    /// Appends a part of the reply.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), LimitError> {
        let limit = |what, limit| LimitError { what, limit };
        // Octets beyond the limit are not parsed. Otherwise it would depend on the size of the
        // reads which limit is reported.
        let room = self.rules.octets.saturating_sub(self.octets.len());
        let fits = chunk.get(..room).unwrap_or(chunk);
        self.octets.extend_from_slice(fits);
        let mut at = self.checked;
        let mut octets = core::mem::take(&mut self.octets);
        while let Some(rest) = octets.get(at..).filter(|rest| !rest.is_empty()) {
            let plain = plain_line::<E>(rest).filter(|(_, line)| *line <= self.rules.line);
            at += match plain {
                Some((number, line)) => {
                    self.follow(number);
                    line
                }
                None => {
                    let end = memchr::memchr(b'\n', rest);
                    let line = rest
                        .get(..end.map_or(rest.len(), |end| end + 1))
                        .unwrap_or(rest);
                    if line.len() > self.rules.line {
                        return Err(limit(Limited::Line, self.rules.line));
                    }
                    if end.is_none() {
                        break;
                    }
                    let length = line.len();
                    self.check(line);
                    if self.rules.salvage
                        && let Some((_, line)) = self.malformed.take()
                    {
                        self.malformed_line.get_or_insert(line);
                        // Only the rest of this chunk has to move.
                        let left = octets.len() - length;
                        octets.copy_within(at + length.., at);
                        octets.truncate(left);
                        self.malformed_lines += 1;
                        self.within_entries(self.malformed_lines)?;
                        continue;
                    }
                    length
                }
            };
            self.count += 1;
            self.within_entries(self.count)?;
        }
        self.checked = at;
        self.octets = octets;
        if fits.len() < chunk.len() {
            return Err(limit(Limited::Octets, self.rules.octets));
        }
        Ok(())
    }

    fn within_entries(&self, count: usize) -> Result<(), LimitError> {
        let limit = self.rules.entries;
        if count > limit {
            return Err(LimitError {
                what: Limited::Lines,
                limit,
            });
        }
        Ok(())
    }

    fn check(&mut self, line: &[u8]) {
        if self.malformed.is_some() {
            return;
        }
        if self.rules.leniency == Leniency::Strict && !line.ends_with(b"\r\n") {
            return self.reject("a bare LF as a line end", line);
        }
        let bare = without_status(line);
        if bare.len() != line.len() {
            if self.rules.leniency == Leniency::Strict {
                return self.reject("a status indicator within a listing", line);
            }
            self.with_status += 1;
            self.note(Quirk::StatusInListing);
        }
        let Some((number, rest)) = leading_number(bare) else {
            return self.reject("no message number", line);
        };
        self.follow(number);
        match E::check(rest, self.rules.leniency) {
            Ok(None) => {}
            Ok(Some(quirk)) => self.note(quirk),
            Err(what) => self.reject(what, line),
        }
    }

    fn follow(&mut self, number: MessageNumber) {
        self.ascending &= self.last.is_none_or(|last| last < number);
        self.last = Some(number);
    }

    #[cold]
    fn note(&mut self, quirk: Quirk) {
        if !self.quirks.contains(&quirk) {
            self.quirks.push(quirk);
        }
    }

    #[cold]
    fn reject(&mut self, what: &'static str, line: &[u8]) {
        self.malformed = Some((what, Bytes::copy_from_slice(without_line_end(line))));
    }

    /// Returns the listing, or what is wrong with it and the line that is wrong.
    pub(crate) fn finish(
        self,
        after_dele: bool,
    ) -> Result<(Entries<E>, Quirks), (&'static str, Bytes)> {
        if let Some(malformed) = self.malformed {
            return Err(malformed);
        }
        let octets = self.octets.freeze();
        if self.with_status != 0 && self.with_status != self.count {
            // Only some lines have it: then it is not the style of this server, but a reply that
            // was mixed in.
            return Err(stray_status(&octets));
        }
        let mut contradictory = false;
        if !self.ascending
            && let Err(twice) = one_value_each(&octets)
        {
            if !self.rules.salvage {
                return Err(twice);
            }
            contradictory = true;
        }
        let entries = Entries {
            octets,
            count: self.count,
            ascending: self.ascending,
            after_dele,
            malformed_lines: self.malformed_lines,
            malformed_line: self.malformed_line.map(|line| ServerText::copy(&line)),
            contradictory,
            entry: PhantomData,
        };
        Ok((entries, self.quirks))
    }
}

/// Parses the form that almost every line has: a number, one space, an ordinary value, CR LF.
/// Returns the number and the length of the line.
#[inline]
fn plain_line<E: ListingEntry>(rest: &[u8]) -> Option<(MessageNumber, usize)> {
    let mut number = 0u32;
    for (digits, octet) in rest.iter().take(10).enumerate() {
        match octet {
            // A number of nine digits cannot overflow.
            b'0'..=b'9' if digits < 9 => number = number * 10 + u32::from(octet - b'0'),
            b' ' => {
                let value = E::plain_value(rest.get(digits + 1..)?)?;
                return Some((MessageNumber::new(number)?, digits + 1 + value));
            }
            _ => return None,
        }
    }
    None
}

/// Returns the first line with a status indicator, in a listing where other lines have none.
#[cold]
fn stray_status(octets: &[u8]) -> (&'static str, Bytes) {
    let mut lines = lines(Leniency::Lenient, octets);
    let stray = lines.find(|line| without_status(line).len() != line.len());
    let stray = stray.map(Bytes::copy_from_slice).unwrap_or_default();
    ("a status indicator within a listing", stray)
}

/// Rejects a listing that has two different values for one message.
fn one_value_each(octets: &[u8]) -> Result<(), (&'static str, Bytes)> {
    let mut entries: Vec<_> = lines(Leniency::Lenient, octets)
        .filter_map(|line| leading_number(without_status(line)))
        .collect();
    entries.sort_unstable();
    let twice = entries
        .iter()
        .zip(entries.iter().skip(1))
        .find(|(a, b)| a.0 == b.0 && a.1 != b.1);
    match twice {
        Some((_, (_, rest))) => Err(("two values for one message", Bytes::copy_from_slice(rest))),
        None => Ok(()),
    }
}
