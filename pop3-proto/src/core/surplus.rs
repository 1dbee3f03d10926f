//! Octets after the end of a multi-line reply that are not part of any reply.
//!
//! A server that does not stuff dots, or that mixes up replies, ends a message early. The octets
//! after the terminator are then the rest of the message, not a reply. If they are received
//! together with the terminator, the message itself fails. If they are received later, the end was
//! already reported, and the same error ends the connection.

use crate::listing::without_line_end;
use crate::status::indicator;

/// Returns whether octets can follow a multi-line reply. If a reply is awaited, they can be the
/// beginning of a status line. Otherwise they can only be the beginning of a single unsolicited
/// `-ERR`, with nothing after it.
pub(super) fn can_follow(octets: &[u8], awaited: bool, blank_lines: u8) -> bool {
    let (mut rest, mut blank_lines) = (octets, blank_lines);
    while let [b'\r', b'\n', tail @ ..] | [b'\n', tail @ ..] = rest
        && blank_lines > 0
    {
        rest = tail;
        blank_lines -= 1;
    }
    if rest.is_empty() || rest == b"\r" && blank_lines > 0 {
        return true;
    }
    let end = memchr::memchr(b'\n', rest).map(|lf| lf + 1);
    let (line, tail) = end
        .and_then(|end| rest.split_at_checked(end))
        .unwrap_or((rest, &[]));
    match indicator(without_line_end(line)) {
        Some((ok, _)) => awaited || !ok && tail.is_empty(),
        None => {
            let begins = |word: &[u8]| {
                let head = word.get(..line.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(line))
            };
            awaited && begins(b"+OK") || begins(b"-ERR")
        }
    }
}
