//! Values that cannot be wrong: each is checked once, when it is built.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::num::NonZeroU32;

use bytes::Bytes;

use crate::misuse::{Argument, Misuse};
use crate::saslprep::saslprep;

/// The number of a message in this session's maildrop: 1 or more (RFC 1939 section 4).
///
/// Numbers are given by the server at login and are good for this session only; a unique-id
/// ([`UniqueId`]) names a message across sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageNumber(NonZeroU32);

impl MessageNumber {
    /// The first message of a maildrop.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The message number `n`, or `None` for 0, which no server means.
    pub const fn new(n: u32) -> Option<Self> {
        match NonZeroU32::new(n) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// The number as the protocol writes it.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for MessageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<NonZeroU32> for MessageNumber {
    fn from(n: NonZeroU32) -> Self {
        Self(n)
    }
}

impl TryFrom<u32> for MessageNumber {
    type Error = Misuse;

    fn try_from(n: u32) -> Result<Self, Misuse> {
        Self::new(n).ok_or(Misuse::Argument(Argument::ZeroMessageNumber))
    }
}

/// The name of a mailbox, as `USER` and `APOP` send it (RFC 1939 section 7).
///
/// Any octets but control characters: spaces, `@` and UTF-8 are fine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(Box<str>);

impl Username {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when the name is empty or holds a control character: a line end in a
    /// name would be a command of its own.
    pub fn new(name: impl Into<String>) -> Result<Self, Misuse> {
        let name = name.into();
        if name.is_empty() {
            return Err(Misuse::Argument(Argument::EmptyUsername));
        }
        if name.chars().any(char::is_control) {
            return Err(Misuse::Argument(Argument::ControlInUsername));
        }
        Ok(Self(name.into_boxed_str()))
    }

    /// The name by SASLprep (RFC 4013), if it goes beyond ASCII.
    pub(crate) fn prepared(self) -> Result<Self, Misuse> {
        if self.0.is_ascii() {
            return Ok(self);
        }
        let prepared = saslprep(&self.0).ok_or(Misuse::Argument(Argument::UnpreparedUsername))?;
        Self::new(prepared.as_str())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Username {
    type Error = Misuse;

    fn try_from(name: String) -> Result<Self, Misuse> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Username {
    type Error = Misuse;

    fn try_from(name: &str) -> Result<Self, Misuse> {
        Self::new(name)
    }
}

/// A server's permanent name for a message (RFC 1939 section 7, `UIDL`).
///
/// Only ever received, so it takes what servers send: any octets but control characters, up to
/// 512 of them; [`UniqueId::is_conforming`] tells whether it keeps to the RFC. Two messages may
/// share one. **Never use it as a file name as it is**: a server may send `../../etc/passwd`.
/// [`UniqueId::to_file_name`] gives a safe one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueId(Bytes);

impl UniqueId {
    pub(crate) fn new(octets: Bytes) -> Self {
        Self(octets)
    }

    /// The octets as the server sent them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A copy of its own: this unique-id no longer keeps the listing it came from in memory.
    pub fn detach(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Whether it is 1 to 70 octets of printable ASCII, as RFC 1939 section 7 demands.
    pub fn is_conforming(&self) -> bool {
        (1..=70).contains(&self.0.len()) && self.0.iter().all(u8::is_ascii_graphic)
    }

    /// A name for a file: letters, digits, `-` and `_` stand as they are, all else as `%` and two
    /// hex digits, so that distinct unique-ids have distinct names and none is a path.
    pub fn to_file_name(&self) -> String {
        use core::fmt::Write as _;
        let mut name = String::with_capacity(self.0.len());
        for &octet in self.0.iter() {
            if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_') {
                name.push(char::from(octet));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(name, "%{octet:02x}");
            }
        }
        name
    }
}

impl fmt::Debug for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UniqueId({:?})", crate::text::Escaped(&self.0))
    }
}

impl fmt::Display for UniqueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::text::Escaped(&self.0).fmt(f)
    }
}
