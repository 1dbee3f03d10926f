//! Text from a server: octets, displayed with every dangerous character escaped.

use core::fmt;

use bytes::Bytes;

/// Text that a server wrote for a person to read: untrusted octets in an unknown encoding.
///
/// `Display` is safe for a log or a terminal. It shows valid UTF-8 as it is, and escapes control
/// characters, invisible characters, bidirectional overrides and octets that are not UTF-8. It ends
/// the text with `…` after 512 octets.
/// [`ServerText::as_bytes`] returns all octets.
///
/// # Redaction
///
/// A server can echo what it received. In every text that is received after credentials were sent,
/// the connection replaces the credentials that it recognizes with `<redacted>`; see
/// [`Secret`](crate::Secret#redaction) for what it recognizes and what it cannot recognize.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ServerText(Bytes);

impl ServerText {
    pub(crate) fn new(octets: Bytes) -> Self {
        Self(octets)
    }

    /// Copies the octets, so that a long-lived error does not keep the receive buffer in memory.
    pub(crate) fn copy(octets: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(octets))
    }

    /// Copies this text, so that it no longer keeps the receive buffer in memory.
    pub(crate) fn detach(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// Returns a part of this text, which shares its memory.
    pub(crate) fn part(&self, part: &[u8]) -> Self {
        Self(self.0.slice_ref(part))
    }

    /// Returns the octets as the server sent them, without status indicator and line end, but with
    /// credentials redacted. They are never truncated. Their number is bounded by
    /// [`Limits::line`](crate::config::Limits::line), and in an authentication exchange by
    /// [`Limits::challenge`](crate::config::Limits::challenge).
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether the text is empty or consists of blanks.
    pub(crate) fn is_blank(&self) -> bool {
        self.0.trim_ascii().is_empty()
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

/// The number of octets after which `Display` truncates a text.
const SHOWN: usize = 512;

/// Shows octets from a server, escaped and truncated.
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

/// Shows a line in an error text: in quotation marks, or in words if it is empty.
pub(crate) struct Quoted<'a>(pub(crate) &'a ServerText);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_blank() {
            f.write_str("an empty line")
        } else {
            write!(f, "\"{}\"", self.0)
        }
    }
}

/// Shows the reason that a server gave, as the end of a sentence.
pub(crate) struct Reason<'a>(pub(crate) &'a ServerText);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_blank() {
            f.write_str(" without a reason")
        } else {
            write!(f, ": {}", self.0)
        }
    }
}

/// Returns whether a character must be escaped: controls (C0, DEL, C1), separators of lines and
/// paragraphs, characters that reorder the text around them, and invisible characters. Joiners and
/// the variation selectors of emoji are part of ordinary words and are not escaped.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Separators and bidirectional controls.
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
            // Without a width: soft hyphen, joiners that join nothing, invisible operators.
            | '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
            // Fillers, which look like spaces.
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            // Annotations, tags, and selectors that can hide whole texts.
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}
