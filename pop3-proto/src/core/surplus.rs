//! Octets that follow the end of a multi-line reply and that no command explains.
//!
//! A server that does not stuff a dot, or that mixes replies, makes a message end early. What follows
//! the terminator then is the rest of the message, not a reply. If it is received together with the
//! terminator, the message itself fails. If it is received later, the end was reported already; the
//! same error then ends the connection.

use crate::listing::without_line_end;
use crate::status::indicator;

/// Whether octets can be the beginning of what may follow a multi-line reply: of a status line if a
/// reply is awaited, otherwise of a single unsolicited `-ERR` with nothing after it.
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
