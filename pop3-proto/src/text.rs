//! Text that came from a server: octets, shown with every dangerous character escaped.

use core::fmt;

use bytes::Bytes;

/// What a server wrote for a person to read: untrusted octets in no stated encoding.
///
/// `Display` shows it as UTF-8 where it is that, with control characters, bidirectional overrides
/// and octets that are not UTF-8 escaped, and cuts it at 512 octets, so that it can stand in a
/// log or on a terminal. [`ServerText::as_bytes`] has it as it came.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ServerText(Bytes);

impl ServerText {
    pub(crate) fn new(octets: Bytes) -> Self {
        Self(octets)
    }

    /// A copy of its own, cut at `SHOWN` octets: errors outlive the receive buffer.
    pub(crate) fn excerpt(octets: &[u8]) -> Self {
        let shown = octets.get(..SHOWN).unwrap_or(octets);
        Self(Bytes::copy_from_slice(shown))
    }

    /// A copy that no longer keeps the receive buffer in memory.
    pub(crate) fn detach(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// A part of this text, which shares its memory.
    pub(crate) fn part(&self, part: &[u8]) -> Self {
        Self(self.0.slice_ref(part))
    }

    /// The octets as the server sent them, without status indicator and line end.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the server said nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Escaped(&self.0))
    }
}

impl fmt::Display for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// Longest excerpt of server text that is shown or kept in an error, in octets.
const SHOWN: usize = 512;

/// Shows octets from a server, escaped and cut.
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..SHOWN).unwrap_or(self.0);
        for chunk in shown.utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_dangerous(c) {
                    write!(f, "{}", c.escape_unicode())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            for octet in chunk.invalid() {
                write!(f, "\\x{octet:02x}")?;
            }
        }
        if shown.len() < self.0.len() {
            f.write_str("…")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Controls (C0, DEL, C1), line and paragraph separators, and what reorders the text around it.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
