//! Octets as text: the escapes of transcripts.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::Problem;

/// Parses `\r`, `\n`, `\t`, `\\` and `\xNN`. All other characters mean themselves.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, Problem> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once('\\') {
        octets.extend_from_slice(before.as_bytes());
        let (octet, length) = match escaped.as_bytes() {
            [b'r', ..] => (b'\r', 1),
            [b'n', ..] => (b'\n', 1),
            [b't', ..] => (b'\t', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', high, low, ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => return Err(Problem::Escape(shortened(escaped))),
            },
            _ => return Err(Problem::Escape(shortened(escaped))),
        };
        octets.push(octet);
        rest = escaped.get(length..).unwrap_or_default();
    }
    octets.extend_from_slice(rest.as_bytes());
    Ok(octets)
}

/// Parses escaped octets that must be UTF-8.
pub(super) fn text(escaped: &str) -> Result<String, Problem> {
    String::from_utf8(unescape(escaped)?).map_err(|_| Problem::NotUtf8(escaped.into()))
}

fn digit(octet: u8) -> Option<u8> {
    let value = char::from(octet).to_digit(16)?;
    u8::try_from(value).ok()
}

fn shortened(escaped: &str) -> String {
    escaped.chars().take(3).collect()
}

/// Writes octets so that [`unescape`] returns them.
pub(crate) fn escape(octets: &[u8]) -> String {
    escaped(octets, |_| false)
}

/// Writes a word of an operation: without blanks and `=`, which separate the words.
pub(super) fn word(octets: &[u8]) -> String {
    escaped(octets, |octet| matches!(octet, b' ' | b'='))
}

fn escaped(octets: &[u8], also: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(octets.len());
    for octet in octets {
        match octet {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' if !also(*octet) => text.push(char::from(*octet)),
            other => {
                // Writing to a string never fails.
                let _ = write!(text, "\\x{other:02x}");
            }
        }
    }
    text
}
