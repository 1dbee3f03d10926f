//! Parses the text of a reply in the simplest way.

use crate::naive::{self, Lines, trimmed};

/// Returns the text of the status line, and what follows that line.
pub fn status(text: &[u8], strict: bool) -> (&[u8], &[u8]) {
    let blank = |octet: &u8| matches!(octet, b'\r' | b'\n');
    let begin = text.iter().position(|octet| !blank(octet));
    let text = &text[begin.unwrap_or(text.len())..];
    let (line, rest) = naive::first_line(text, end(strict)).expect("a status line");
    let mut parts = line.splitn(2, |octet| matches!(octet, b' ' | b'\t'));
    (parts.nth(1).unwrap_or_default(), rest)
}

/// Returns the content of a multi-line reply, without dot-stuffing.
pub fn body(text: &[u8], strict: bool) -> Vec<u8> {
    let lines = if strict { Lines::CrLf } else { Lines::Either };
    let (body, rest) = naive::read(status(text, strict).1, lines);
    assert!(rest.is_some(), "no terminator");
    body
}

/// Returns the lines without their line ends.
pub fn lines(body: &[u8], strict: bool) -> Vec<&[u8]> {
    naive::lines(body, end(strict))
}

fn end(strict: bool) -> Lines {
    if strict { Lines::CrLf } else { Lines::Lf }
}

/// Returns the number at the start of a line, and the value after it.
pub fn entry(line: &[u8]) -> Option<(u32, &[u8])> {
    let end = line.iter().position(u8::is_ascii_whitespace);
    let (number, value) = line.split_at(end.unwrap_or(line.len()));
    Some((digits(number)?.try_into().ok()?, trimmed(value)))
}

/// Returns the size at the start of a value.
pub fn size(value: &[u8]) -> Option<u64> {
    digits(value.split(|octet| matches!(octet, b' ' | b'\t')).next()?)
}

fn digits(word: &[u8]) -> Option<u64> {
    let digits = word.iter().all(u8::is_ascii_digit);
    str::from_utf8(word).ok().filter(|_| digits)?.parse().ok()
}
