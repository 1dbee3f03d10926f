//! The entries of a listing.

use bytes::Bytes;

use super::text::{leading_number, size, without_status};
use crate::config::Leniency;
use crate::quirk::Quirk;
use crate::types::{MessageNumber, UniqueId};

/// A message and its size (RFC 1939 section 5, `LIST`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct ScanEntry {
    /// The number of the message.
    pub number: MessageNumber,
    /// The size of the message in octets as the server counts it, with CR LF as two octets; `None`
    /// if the server does not state it. Servers are often wrong about sizes, so never use it to
    /// allocate memory.
    pub octets: Option<u64>,
}

/// A message and its unique-id (RFC 1939 section 7, `UIDL`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct UidEntry {
    /// The number of the message.
    pub number: MessageNumber,
    /// The message's unique-id; `None` if the server left it out.
    pub unique_id: Option<UniqueId>,
}

/// A kind of listing: which values its lines contain, and which of them are valid.
pub trait ListingEntry: Sized {
    fn number(&self) -> MessageNumber;

    /// Creates the entry of a message from a value that was checked before. `within` is the buffer
    /// that contains the value.
    fn new(number: MessageNumber, value: &[u8], within: &Bytes) -> Self;

    /// Parses a line that was checked before. `within` is the buffer that contains the line.
    fn read(line: &[u8], within: &Bytes) -> Option<Self> {
        let (number, value) = leading_number(without_status(line))?;
        Some(Self::new(number, value, within))
    }

    /// Returns the length of an ordinary value at the start of `rest`, including its CR LF.
    fn plain_value(rest: &[u8]) -> Option<usize>;

    /// Checks the value after the number. Returns the deviation that it shows, or what is wrong
    /// with it.
    fn check(value: &[u8], leniency: Leniency) -> Result<Option<Quirk>, &'static str>;
}

impl ListingEntry for ScanEntry {
    fn number(&self) -> MessageNumber {
        self.number
    }

    fn new(number: MessageNumber, value: &[u8], _: &Bytes) -> Self {
        let octets = size(value).ok().flatten();
        Self { number, octets }
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

impl ListingEntry for UidEntry {
    fn number(&self) -> MessageNumber {
        self.number
    }

    fn new(number: MessageNumber, value: &[u8], within: &Bytes) -> Self {
        let unique_id = (!value.is_empty()).then(|| UniqueId::new(within.slice_ref(value)));
        Self { number, unique_id }
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
                Leniency::Lenient => Ok(Some(Quirk::MissingUniqueId)),
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
            Leniency::Lenient => Ok(Some(Quirk::OddUniqueId)),
        }
    }
}

/// The longest unique-id that is accepted, in octets.
const MAX_UNIQUE_ID: usize = UniqueId::LONGEST;
