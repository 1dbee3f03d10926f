//! Finds text inside a message that looks like a reply of the server.
//!
//! Some servers neither stuff dots nor end the last line of a message with CR LF. If a message ends
//! in the middle of a line, the server's terminator is not on a line of its own: `text.` CR LF. The
//! message then contains the terminator and the whole reply to the next command. If the sender also
//! forged a reply in another message, the number of replies is right again, and no later question
//! can detect the error. A line of the message that begins with `+OK` reveals it: the message ends
//! at the terminator of the reply that begins there.

use memchr::memmem;

/// The end of a line and the start of a status line.
const BEGIN: &[u8] = b"\n+";
const REST: &[u8] = b"OK";

/// One octet less than the pattern.
const TAIL: usize = BEGIN.len() + REST.len() - 1;

/// A search in a message that is received in chunks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swallowed {
    found: bool,
    /// The last octets so far.
    tail: [u8; TAIL],
}

impl Swallowed {
    /// Starts a search. The start of the message counts as the start of a line. The terminator may
    /// be hidden in the status line, so a message must not begin with a reply either.
    pub(crate) fn new() -> Self {
        Self {
            found: false,
            tail: *b"\r\r\n",
        }
    }

    /// Returns whether the message so far contains what looks like a reply.
    pub(crate) fn is_found(self) -> bool {
        self.found
    }

    /// Searches the next octets of the message.
    pub(crate) fn search(&mut self, chunk: &[u8]) {
        if self.found || chunk.is_empty() {
            return;
        }
        let mut border = [0; 2 * TAIL];
        let octets = self.tail.iter().chain(chunk);
        border
            .iter_mut()
            .zip(octets)
            .for_each(|(to, octet)| *to = *octet);
        let across = border.windows(TAIL + 1).any(|octets| {
            octets
                .strip_prefix(BEGIN)
                .is_some_and(|rest| rest.eq_ignore_ascii_case(REST))
        });
        self.found = across || contains_reply(chunk);
        // How much of the old tail and of the chunk is not in the new tail.
        let (old, new) = (
            TAIL.saturating_sub(chunk.len()),
            chunk.len().saturating_sub(TAIL),
        );
        let old = self.tail.iter().skip(TAIL - old);
        let octets = old.chain(chunk.iter().skip(new));
        let mut tail = [0; TAIL];
        tail.iter_mut()
            .zip(octets)
            .for_each(|(to, octet)| *to = *octet);
        self.tail = tail;
    }
}

fn contains_reply(octets: &[u8]) -> bool {
    memmem::find_iter(octets, BEGIN).any(|at| {
        let next = octets.get(at + BEGIN.len()..).unwrap_or_default();
        let head = next.get(..REST.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(REST))
    })
}
