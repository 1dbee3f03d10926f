//! Octets that follow the end of a multi-line reply and that no command explains.
//!
//! A server that does not stuff a dot, or that mixes replies, makes a message end early. What follows
//! the terminator then is the rest of the message, not a reply. If it is received together with the
//! terminator, the message itself fails. If it is received later, the end was reported already; the
//! same error then ends the connection.

use super::Connection;
use super::queue::Entry;
use super::replies::BLANK_LINES;
use crate::command::{Verb, Wire};
use crate::config::Leniency;
use crate::error::{Error, ProtocolError};
use crate::listing::without_line_end;
use crate::status::indicator;
use crate::types::MessageNumber;

/// A multi-line reply that ended; nothing was sent and no line was accepted since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    verb: Verb,
    number: Option<MessageNumber>,
}

impl Ended {
    pub(super) fn new(wire: &Wire) -> Self {
        Self {
            verb: wire.verb,
            number: wire.number(),
        }
    }
}

impl Connection {
    /// The error if the received octets cannot follow this reply. `next` is the request in flight
    /// after it.
    pub(super) fn surplus(&self, ended: Ended, next: Option<&Entry>) -> Option<Error> {
        let octets = self.receive.octets();
        // Only a command that left whole can have been answered.
        let awaited = next.is_some_and(|next| self.transmit.has_sent(next.end));
        let blank_lines = match self.config.leniency {
            Leniency::Default => BLANK_LINES.saturating_sub(self.blank_lines),
            Leniency::Strict => 0,
        };
        if can_follow(octets, awaited, blank_lines) {
            return None;
        }
        let end = memchr::memchr(b'\n', octets).map_or(octets.len(), |lf| lf + 1);
        let line = without_line_end(octets.get(..end).unwrap_or(octets));
        let Ended { verb, number } = ended;
        let got = self.shown(line);
        Some(ProtocolError::Surplus { verb, number, got }.into())
    }
}

/// Whether octets can be the beginning of what may follow a multi-line reply: of a status line if a
/// reply is awaited, otherwise of a single unsolicited `-ERR` with nothing after it.
fn can_follow(octets: &[u8], awaited: bool, blank_lines: u8) -> bool {
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
