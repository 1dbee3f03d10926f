//! `LIST` and `UIDL` replies: one kept allocation, checked once, read as it is iterated.

use alloc::vec::Vec;
use core::marker::PhantomData;

use bytes::{Bytes, BytesMut};

use crate::config::Leniency;
use crate::error::{LimitError, Limited};
use crate::quirk::Quirk;
use crate::reply::{ScanEntry, UidEntry};
use crate::types::{MessageNumber, UniqueId};

/// The sizes of all messages (`LIST`, RFC 1939 section 5).
pub type Listing = Entries<ScanEntry>;

/// The unique-ids of all messages (`UIDL`, RFC 1939 section 7).
pub type UidListing = Entries<UidEntry>;

/// A listing of messages. Numbers may have gaps: deleted messages are left out.
///
/// It is the server's reply itself, checked line by line when it came; entries are read from it as
/// they are asked for. A clone shares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<E> {
    octets: Bytes,
    count: usize,
    ascending: bool,
    after_dele: bool,
    entry: PhantomData<fn() -> E>,
}

impl<E: Entry> Entries<E> {
    /// How many messages are listed.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the listing was taken after a message was marked as deleted. Some servers number
    /// messages anew then, but only in listings: such numbers name other messages in `RETR`.
    pub fn is_after_dele(&self) -> bool {
        self.after_dele
    }

    /// The entries in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = E> + '_ {
        lines(&self.octets).filter_map(|line| E::read(line, &self.octets))
    }

    /// The numbers of the listed messages, in the server's order. Keeps the listing alive.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            rest: self.octets.clone(),
        }
    }

    /// The entry of one message: by bisection where the server listed in ascending order, as all
    /// do, else by looking through.
    pub fn get(&self, number: MessageNumber) -> Option<E> {
        if !self.ascending {
            return self.iter().find(|entry| entry.number() == number);
        }
        let mut octets: &[u8] = &self.octets;
        while !octets.is_empty() {
            let (head, tail) = octets.split_at_checked(octets.len() / 2)?;
            // The line that the middle falls into.
            let start = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
            let end = memchr::memchr(b'\n', tail).map_or(octets.len(), |end| head.len() + end + 1);
            let line = octets.get(start..end)?;
            let entry = E::read(line, &self.octets)?;
            octets = match number.cmp(&entry.number()) {
                core::cmp::Ordering::Less => octets.get(..start)?,
                core::cmp::Ordering::Equal => return Some(entry),
                core::cmp::Ordering::Greater => octets.get(end..)?,
            };
        }
        None
    }

    /// The entries by index, `None` where a number is missing: index 0 is message 1. The vector
    /// is at most as long as a highest number of `max` makes it; entries above are left out.
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

impl UidListing {
    /// Every message with this unique-id. There may be several: identical copies may share one
    /// (RFC 1939 section 7), so delete by it only if there is one.
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
    /// All sizes together; saturates, since a server can send any numbers.
    pub fn octets(&self) -> u64 {
        self.iter()
            .filter_map(|entry| entry.octets)
            .fold(0, u64::saturating_add)
    }
}

/// The numbers of a listing.
#[derive(Debug, Clone)]
pub struct Numbers {
    rest: Bytes,
}

impl Iterator for Numbers {
    type Item = MessageNumber;

    fn next(&mut self) -> Option<MessageNumber> {
        while !self.rest.is_empty() {
            let end = memchr::memchr(b'\n', &self.rest).map_or(self.rest.len(), |end| end + 1);
            let line = self.rest.split_to(end);
            if let Some((number, _)) = leading_number(without_status(&line)) {
                return Some(number);
            }
        }
        None
    }
}

mod sealed {
    use super::{Bytes, Leniency, MessageNumber, Quirk};

    /// What a line of a listing says.
    pub trait Entry: Sized {
        fn number(&self) -> MessageNumber;
        /// Reads a line that was checked before. `within` is the buffer that the line is part of.
        fn read(line: &[u8], within: &Bytes) -> Option<Self>;
        /// The length of an ordinary value with its CR LF at the begin of `rest`.
        fn plain_value(rest: &[u8]) -> Option<usize>;
        /// Checks what stands behind the number; says what is odd, or what is wrong.
        fn check(rest: &[u8], leniency: Leniency) -> Result<Option<Quirk>, &'static str>;
    }
}
pub(crate) use sealed::Entry;

impl Entry for ScanEntry {
    fn number(&self) -> MessageNumber {
        self.number
    }

    fn read(line: &[u8], _: &Bytes) -> Option<Self> {
        let (number, rest) = leading_number(without_status(line))?;
        Some(Self {
            number,
            octets: size(rest).ok().flatten(),
        })
    }

    #[inline]
    fn plain_value(rest: &[u8]) -> Option<usize> {
        let digits = rest
            .iter()
            .take(19)
            .position(|octet| !octet.is_ascii_digit())?;
        let ends = digits > 0 && rest.get(digits..digits + 2) == Some(b"\r\n");
        ends.then_some(digits + 2)
    }

    fn check(rest: &[u8], leniency: Leniency) -> Result<Option<Quirk>, &'static str> {
        match size(rest)? {
            Some(_) => Ok(None),
            None if leniency == Leniency::Strict => Err("no size"),
            None => Ok(Some(Quirk::MissingSize)),
        }
    }
}

impl Entry for UidEntry {
    fn number(&self) -> MessageNumber {
        self.number
    }

    fn read(line: &[u8], within: &Bytes) -> Option<Self> {
        let (number, rest) = leading_number(without_status(line))?;
        let unique_id = (!rest.is_empty()).then(|| UniqueId::new(within.slice_ref(rest)));
        Some(Self { number, unique_id })
    }

    #[inline]
    fn plain_value(rest: &[u8]) -> Option<usize> {
        let end = memchr::memchr(b'\n', rest)?;
        let id = rest.get(..end)?.strip_suffix(b"\r")?;
        let plain = id
            .iter()
            .fold(true, |plain, octet| plain & octet.is_ascii_graphic());
        ((1..=70).contains(&id.len()) && plain).then_some(end + 1)
    }

    fn check(id: &[u8], leniency: Leniency) -> Result<Option<Quirk>, &'static str> {
        if id.is_empty() {
            return match leniency {
                Leniency::Strict => Err("no unique-id"),
                Leniency::Default => Ok(Some(Quirk::MissingUniqueId)),
            };
        }
        if id.len() <= 70 && id.iter().all(u8::is_ascii_graphic) {
            return Ok(None);
        }
        if id.iter().any(u8::is_ascii_control) {
            return Err("a control character in a unique-id");
        }
        if id.len() > MAX_UNIQUE_ID {
            return Err("a unique-id of more than 512 octets");
        }
        match leniency {
            Leniency::Strict => Err("a unique-id that is not 1 to 70 printable ASCII characters"),
            Leniency::Default => Ok(Some(Quirk::OddUniqueId)),
        }
    }
}

/// Longest unique-id that is taken, in octets.
const MAX_UNIQUE_ID: usize = 512;

/// Gathers a listing chunk by chunk and checks each line once, when it is complete.
#[derive(Debug)]
pub(crate) struct Gather<E> {
    octets: BytesMut,
    /// Where the first line begins that is not checked yet.
    checked: usize,
    count: usize,
    ascending: bool,
    last: Option<MessageNumber>,
    malformed: Option<(&'static str, Bytes)>,
    quirks: Quirks,
    rules: Rules,
    entry: PhantomData<fn() -> E>,
}

/// The limits and the leniency that a listing is gathered under.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) leniency: Leniency,
    pub(crate) entries: usize,
    pub(crate) line: usize,
    pub(crate) octets: usize,
}

/// The quirks of one listing, each once.
pub(crate) type Quirks = Vec<Quirk>;

impl<E: Entry> Gather<E> {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            octets: BytesMut::new(),
            checked: 0,
            count: 0,
            ascending: true,
            last: None,
            malformed: None,
            quirks: Quirks::new(),
            rules,
            entry: PhantomData,
        }
    }

    /// Takes more of the reply.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), LimitError> {
        let limit = |what, limit| LimitError { what, limit };
        if self.octets.len() + chunk.len() > self.rules.octets {
            return Err(limit(Limited::Octets, self.rules.octets));
        }
        self.octets.extend_from_slice(chunk);
        let mut at = self.checked;
        let octets = core::mem::take(&mut self.octets);
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
                    self.check(line);
                    line.len()
                }
            };
            self.count += 1;
            if self.count > self.rules.entries {
                return Err(limit(Limited::Lines, self.rules.entries));
            }
        }
        self.checked = at;
        self.octets = octets;
        Ok(())
    }

    fn check(&mut self, line: &[u8]) {
        if self.malformed.is_some() {
            return;
        }
        let bare = without_status(line);
        if bare.len() != line.len() {
            if self.rules.leniency == Leniency::Strict {
                return self.reject("a status indicator in a listing", line);
            }
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

    /// The listing, or what is wrong with it and the line that is.
    pub(crate) fn finish(
        self,
        after_dele: bool,
    ) -> Result<(Entries<E>, Quirks), (&'static str, Bytes)> {
        if let Some(malformed) = self.malformed {
            return Err(malformed);
        }
        let octets = self.octets.freeze();
        if !self.ascending {
            one_value_each(&octets)?;
        }
        let entries = Entries {
            octets,
            count: self.count,
            ascending: self.ascending,
            after_dele,
            entry: PhantomData,
        };
        Ok((entries, self.quirks))
    }
}

/// What almost every line is, read in one go: a number, one space, an ordinary value, CR LF. Gives
/// the number and the length of the line.
#[inline]
fn plain_line<E: Entry>(rest: &[u8]) -> Option<(MessageNumber, usize)> {
    let mut number = 0u32;
    for (digits, octet) in rest.iter().take(10).enumerate() {
        match octet {
            // Nine digits fit.
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

/// Refuses a listing that says two different things about one message.
fn one_value_each(octets: &[u8]) -> Result<(), (&'static str, Bytes)> {
    let mut entries: Vec<_> = lines(octets)
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

/// Lines with their line ends; the last one may have none.
pub(crate) fn lines(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    core::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, tail) = rest.split_at_checked(end)?;
        rest = tail;
        (!line.is_empty()).then_some(line)
    })
}

/// A line without CR LF or LF.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A line of a listing without the `+OK` that some servers put before each.
fn without_status(line: &[u8]) -> &[u8] {
    match line {
        [b'+', b'O' | b'o', b'K' | b'k', b' ', rest @ ..] => rest,
        _ => line,
    }
}

/// The message number that a line begins with, and what stands behind it without blanks around.
pub(crate) fn leading_number(line: &[u8]) -> Option<(MessageNumber, &[u8])> {
    let (number, rest) = digits(line)?;
    let number = MessageNumber::new(u32::try_from(number?).ok()?)?;
    matches!(rest.first(), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
        .then_some((number, trimmed(rest)))
}

/// The size that the text behind a number begins with: `None` if there is none.
pub(crate) fn size(rest: &[u8]) -> Result<Option<u64>, &'static str> {
    match digits(rest) {
        Some((None, _)) => Err("a size of more than 64 bits"),
        Some((Some(size), [] | [b' ' | b'\t', ..])) => Ok(Some(size)),
        _ => Ok(None),
    }
}

/// Leading ASCII digits as a number (`None` if it has more than 64 bits), and what follows;
/// nothing if there are none.
pub(crate) fn digits(text: &[u8]) -> Option<(Option<u64>, &[u8])> {
    let mut value = Some(0u64);
    let mut rest = text;
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        value = value.and_then(|value| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        rest = tail;
    }
    (rest.len() < text.len()).then_some((value, rest))
}

/// Text without blanks and line end around it.
pub(crate) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = text {
        text = rest;
    }
    text
}
