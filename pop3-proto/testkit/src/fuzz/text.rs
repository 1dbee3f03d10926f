//! What the text of a reply says, read in the plainest way.

use super::unstuffing::{LineEnds, naive};

/// The text of the status line, and what is behind that line.
pub fn status(text: &[u8], strict: bool) -> (&[u8], &[u8]) {
    let blank = |octet: &u8| matches!(octet, b'\r' | b'\n');
    let begin = text.iter().position(|octet| !blank(octet));
    let text = &text[begin.unwrap_or(text.len())..];
    let (line, rest) = first_line(text, strict).expect("a status line");
    let mut parts = line.splitn(2, |octet| matches!(octet, b' ' | b'\t'));
    (parts.nth(1).unwrap_or_default(), rest)
}

/// What a multi-line reply holds, dot-stuffing undone.
pub fn body(text: &[u8], strict: bool) -> Vec<u8> {
    let mode = if strict {
        LineEnds::Strict
    } else {
        LineEnds::Adaptive
    };
    let (body, rest) = naive(status(text, strict).1, mode);
    assert!(rest.is_some(), "no terminator");
    body
}

/// Lines without their line ends.
pub fn lines(mut body: &[u8], strict: bool) -> Vec<&[u8]> {
    std::iter::from_fn(|| {
        let (line, rest) = first_line(body, strict)?;
        body = rest;
        Some(line)
    })
    .collect()
}

fn first_line(text: &[u8], strict: bool) -> Option<(&[u8], &[u8])> {
    let end: &[u8] = if strict { b"\r\n" } else { b"\n" };
    let at = text.windows(end.len()).position(|window| window == end)?;
    let (line, behind) = text.split_at(at);
    let bare = line.strip_suffix(b"\r").filter(|_| !strict);
    Some((bare.unwrap_or(line), &behind[end.len()..]))
}

/// The number that a line begins with, and the value behind it.
pub fn entry(line: &[u8]) -> Option<(u32, &[u8])> {
    let end = line.iter().position(u8::is_ascii_whitespace);
    let (number, value) = line.split_at(end.unwrap_or(line.len()));
    Some((digits(number)?.try_into().ok()?, trimmed(value)))
}

/// The size that a value begins with.
pub fn size(value: &[u8]) -> Option<u64> {
    digits(value.split(|octet| matches!(octet, b' ' | b'\t')).next()?)
}

fn digits(word: &[u8]) -> Option<u64> {
    let digits = word.iter().all(u8::is_ascii_digit);
    str::from_utf8(word).ok().filter(|_| digits)?.parse().ok()
}

/// Text without blanks around it, and without what is left of a line end.
pub fn trimmed(text: &[u8]) -> &[u8] {
    let blank = |octet: &u8| matches!(octet, b' ' | b'\t');
    let begin = text.iter().position(|octet| !blank(octet));
    let text = &text[begin.unwrap_or(text.len())..];
    let end = text
        .iter()
        .rposition(|octet| !blank(octet) && !matches!(octet, b'\r' | b'\n'));
    &text[..end.map_or(0, |last| last + 1)]
}
