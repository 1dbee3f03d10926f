//! Parsing of numbers and lines.

use crate::config::Leniency;
use crate::types::MessageNumber;

/// Returns the lines without their line ends. Under `Strict`, only CR LF ends a line.
pub(crate) fn lines(leniency: Leniency, octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    core::iter::from_fn(move || {
        let after_cr = |at: &usize| rest.get(..*at).is_some_and(|line| line.ends_with(b"\r"));
        let end = match leniency {
            Leniency::Strict => memchr::memchr_iter(b'\n', rest).find(after_cr),
            Leniency::Lenient => memchr::memchr(b'\n', rest),
        };
        let (line, tail) = rest.split_at_checked(end.map_or(rest.len(), |end| end + 1))?;
        rest = tail;
        (!line.is_empty()).then(|| without_line_end(line))
    })
}

/// Removes CR LF or LF from the end of a line.
pub(crate) fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Removes the `+OK` that some servers put before each line of a listing.
pub(super) fn without_status(line: &[u8]) -> &[u8] {
    match line {
        [b'+', b'O' | b'o', b'K' | b'k', b' ', rest @ ..] => rest,
        _ => line,
    }
}

/// Returns the message number at the start of a line, and the text after it without surrounding
/// blanks.
pub(crate) fn leading_number(line: &[u8]) -> Option<(MessageNumber, &[u8])> {
    let (number, rest) = digits(line)?;
    let number = MessageNumber::new(u32::try_from(number?).ok()?)?;
    matches!(rest.first(), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
        .then_some((number, trimmed(rest)))
}

/// Returns the size at the start of the text after a message number; `None` if there is none.
pub(crate) fn size(rest: &[u8]) -> Result<Option<u64>, &'static str> {
    match digits(rest) {
        Some((None, _)) => Err("a size of more than 64 bits"),
        Some((Some(size), [] | [b' ' | b'\t', ..])) => Ok(Some(size)),
        _ => Ok(None),
    }
}

/// Parses leading ASCII digits. Returns the number (`None` if it has more than 64 bits) and the
/// rest of the text; nothing if the text does not begin with a digit.
pub(crate) fn digits(text: &[u8]) -> Option<(Option<u64>, &[u8])> {
    let mut value = Some(0u64);
    let mut rest = text;
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        value = value.and_then(|value| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        rest = tail;
    }
    (rest.len() < text.len()).then_some((value, rest))
}

/// Removes blanks and line ends from both ends of a text.
pub(crate) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = text {
        text = rest;
    }
    text
}
