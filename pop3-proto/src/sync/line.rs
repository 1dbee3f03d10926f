//! A line of the ledger: fields, and a checksum of them.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

use super::digest::Digest;

/// The ASCII characters of a unique-id that are escaped. All octets outside ASCII are escaped, too.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'*');

/// The digits of numbers of a fixed length: 6 bits each, the highest first.
const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

/// The length of a checksum.
const CHECKSUM: usize = 6;

/// Appends a line. Writing to a string cannot fail.
pub(super) fn append(text: &mut String, fields: fmt::Arguments<'_>) {
    let start = text.len();
    let _ = text.write_fmt(fields);
    let checksum = crc32fast::hash(text.as_bytes().get(start..).unwrap_or_default());
    let _ = writeln!(text, " {}", Fixed(checksum.into(), CHECKSUM));
}

/// Returns the fields of a line (without its line end) if the checksum is right.
pub(super) fn checked(line: &[u8]) -> Option<&[u8]> {
    let (text, checksum) = line.split_at_checked(line.len().checked_sub(CHECKSUM)?)?;
    let text = text.strip_suffix(b" ")?;
    (fixed(checksum)? == u64::from(crc32fast::hash(text))).then_some(text)
}

/// A number with a fixed number of digits.
struct Fixed(u64, usize);

impl fmt::Display for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for place in (0..self.1).rev() {
            let digit = (self.0 >> (6 * place)) & 63;
            let digit = DIGITS.get(digit as usize).copied().unwrap_or(b'0');
            f.write_char(char::from(digit))?;
        }
        Ok(())
    }
}

fn fixed(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0u64, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'_' => 36,
            b'a'..=b'z' => digit - b'a' + 37,
            b'~' => 63,
            _ => return None,
        };
        Some(value << 6 | u64::from(digit))
    })
}

/// How a digest is written: 11 digits, or `-` for none.
pub(super) struct DigestField(pub(super) Option<Digest>);

impl fmt::Display for DigestField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(digest) => Fixed(digest.bits(), 11).fmt(f),
            None => f.write_char('-'),
        }
    }
}

/// Parses a digest. The outer `None` means that it is malformed.
pub(super) fn digest(field: &[u8]) -> Option<Option<Digest>> {
    match field {
        b"-" => Some(None),
        _ if field.len() == 11 => Some(Some(Digest::from_bits(fixed(field)?))),
        _ => None,
    }
}

/// How a unique-id is written.
pub(super) fn id(id: &[u8]) -> impl fmt::Display + '_ {
    percent_encode(id, ESCAPED)
}

/// Parses a unique-id into `buffer`, and returns it.
pub(super) fn parse_id<'a>(field: &'a [u8], buffer: &'a mut Vec<u8>) -> &'a [u8] {
    if memchr::memchr(b'%', field).is_none() {
        return field;
    }
    buffer.clear();
    buffer.extend(percent_decode(field));
    buffer
}

/// Parses a decimal number; `None` if it is malformed or too large.
pub(super) fn number(field: &[u8]) -> Option<u64> {
    match crate::listing::digits(field)? {
        (value, []) => value,
        _ => None,
    }
}
