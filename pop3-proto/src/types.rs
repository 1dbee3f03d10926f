//! Types for values that are checked once, when they are created.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::num::NonZeroU32;

use bytes::Bytes;

use crate::misuse::{Argument, Misuse};
use crate::saslprep::saslprep;

/// The number of a message in the maildrop of this session: 1 or more (RFC 1939 section 4).
///
/// The server assigns the numbers when it opens the maildrop, and they are valid only in this
/// session. To identify a message across sessions, use its unique-id ([`UniqueId`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct MessageNumber(NonZeroU32);

impl MessageNumber {
    /// The first message of a maildrop.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// Returns the message number `n`, or `None` for 0, which is not a valid number.
    pub const fn new(n: u32) -> Option<Self> {
        match NonZeroU32::new(n) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// Returns the number.
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
/// It may contain all characters except control characters. Spaces, `@` and non-ASCII characters
/// are allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Username(Box<str>);

impl Username {
    /// Creates a user name.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the name is empty or contains a control character. A line end in a
    /// name would start another command.
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

    /// Returns the name after SASLprep (RFC 4013), if it contains characters beyond ASCII.
    pub(crate) fn prepared(self) -> Result<Self, Misuse> {
        if self.0.is_ascii() {
            return Ok(self);
        }
        let prepared = saslprep(&self.0).ok_or(Misuse::Argument(Argument::UnpreparedUsername))?;
        Self::new(prepared.as_str())
    }

    /// Returns the name.
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

/// The server's permanent identifier of a message (RFC 1939 section 7, `UIDL`).
///
/// It is only received, never sent, so it accepts what servers send: up to 512 octets except
/// control characters. [`UniqueId::is_conforming`] returns whether it complies with the RFC. Two
/// messages may have the same unique-id. **Never use it directly as a file name**: a server may
/// send `../../etc/passwd`. [`UniqueId::to_file_name`] returns a safe name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueId(Bytes);

impl UniqueId {
    /// The maximum length in octets.
    pub(crate) const LONGEST: usize = 512;

    pub(crate) fn new(octets: Bytes) -> Self {
        Self(octets)
    }

    /// Creates a unique-id that does not come from a listing. `None` if no listing could contain
    /// it.
    #[cfg(any(feature = "serde", feature = "arbitrary"))]
    pub(crate) fn checked(octets: alloc::vec::Vec<u8>) -> Option<Self> {
        let valid = (1..=Self::LONGEST).contains(&octets.len())
            && !octets.iter().any(u8::is_ascii_control)
            && octets.trim_ascii() == octets;
        valid.then(|| Self(octets.into()))
    }

    /// Returns the octets as the server sent them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns a copy with its own memory. The original keeps the whole listing, of which it is a
    /// part, in memory.
    pub fn detach(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Returns whether it has 1 to 70 octets of printable ASCII, as RFC 1939 section 7 requires.
    pub fn is_conforming(&self) -> bool {
        (1..=70).contains(&self.0.len()) && self.0.iter().all(u8::is_ascii_graphic)
    }

    /// Returns a name for a file. Letters, digits, `-` and `_` are kept; every other octet becomes
    /// `%` and two hex digits. So distinct unique-ids have distinct file names, and none contains a
    /// path.
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
