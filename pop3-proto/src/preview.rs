//! The header of a message, up to a budget of octets, without the rest of the message.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::received::Received;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// The header of a message: a result of the clients' `preview` methods.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preview {
    /// The number of the message.
    pub number: MessageNumber,
    /// The octets of the header, ready for a parser: with line ends as sent, and with the blank line
    /// after the header if there is one. If the budget cut the header, it ends after a whole line,
    /// unless its first line is longer than the budget.
    pub header: Bytes,
    /// Why the header ends there.
    pub end: HeaderEnd,
    /// The command that it was received with: [`Verb::Top`] or [`Verb::Retr`].
    pub verb: Verb,
    /// The size of the whole reply. Known only if the reply ended with the header, as the reply to
    /// `TOP n 0` should. The size of the message is in [`List`](crate::List).
    pub received: Option<Received>,
}

impl Preview {
    /// Returns whether the header is complete: the budget did not cut it.
    pub fn is_complete(&self) -> bool {
        self.end != HeaderEnd::Budget
    }
}

/// Why a header ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderEnd {
    /// The blank line after the header was received (RFC 5322 section 2.1).
    BlankLine,
    /// The message ended without a blank line: it consists of a header, or the server left the blank
    /// line out.
    Message,
    /// The budget is used up. The rest of the header is missing.
    Budget,
}

/// Collects the header of a message from the chunks of its body, up to a budget of octets.
///
/// The clients use it for their `preview` methods. In an event loop, pass it the chunks of
/// [`Event::Body`](crate::Event::Body). When it [has ended](Self::has_ended), call
/// [`Connection::abandon`](crate::Connection::abandon), which skips the rest of the message.
///
/// ```
/// use pop3_proto::reply::{HeaderEnd, HeaderReader};
///
/// let mut reader = HeaderReader::new(1000);
/// reader.push(b"Subject: hello\r\n\r");
/// assert!(!reader.has_ended());
/// reader.push(b"\nworld\r\n");
/// assert!(reader.has_ended());
/// let (header, end) = reader.finish();
/// assert_eq!((&header[..], end), (&b"Subject: hello\r\n\r\n"[..], HeaderEnd::BlankLine));
/// ```
#[derive(Debug, Clone)]
pub struct HeaderReader {
    budget: usize,
    octets: Vec<u8>,
    line: Line,
    /// Whether octets of the header were left out.
    is_cut: bool,
    discarded: u64,
    body: u64,
}

/// What of the current line was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Empty,
    /// Only a CR.
    Cr,
    /// Other octets.
    Text,
    /// The line is after the header.
    Body,
}

impl HeaderReader {
    /// Creates a reader that keeps at most this many octets. Memory is allocated as octets are
    /// received.
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            octets: Vec::new(),
            line: Line::Empty,
            is_cut: false,
            discarded: 0,
            body: 0,
        }
    }

    /// Adds octets of the message. Octets beyond the header or the budget are counted and left out.
    pub fn push(&mut self, chunk: &[u8]) {
        let (header, body) = chunk
            .split_at_checked(self.header_part(chunk))
            .unwrap_or((chunk, &[]));
        let room = self.budget.saturating_sub(self.octets.len());
        let kept = header.get(..room).unwrap_or(header);
        let kept = if self.is_cut { &[] } else { kept };
        self.octets.extend_from_slice(kept);
        self.is_cut |= kept.len() < header.len();
        self.body += body.len() as u64;
        self.discarded += (chunk.len() - kept.len()) as u64;
    }

    /// Returns how many octets at the start of the chunk belong to the header.
    fn header_part(&mut self, chunk: &[u8]) -> usize {
        let mut rest = chunk;
        while self.line != Line::Body && !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let (text, tail) = rest
                .split_at_checked(end.unwrap_or(rest.len()))
                .unwrap_or((rest, &[]));
            self.line = match (self.line, text) {
                (line, []) => line,
                (Line::Empty, [b'\r']) => Line::Cr,
                _ => Line::Text,
            };
            rest = match tail {
                [] => tail,
                [_, after @ ..] => {
                    self.line = match self.line {
                        Line::Empty | Line::Cr => Line::Body,
                        _ => Line::Empty,
                    };
                    after
                }
            };
        }
        chunk.len() - rest.len()
    }

    /// Returns whether no more octets are needed: the blank line was received, or the budget is used
    /// up.
    pub fn has_ended(&self) -> bool {
        self.is_cut || self.line == Line::Body
    }

    /// Returns how many octets after the header were received.
    pub fn body(&self) -> u64 {
        self.body
    }

    /// Returns how many octets were left out: those after the header, and those beyond the budget.
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Returns the header, and why it ends. Call it when the reader [has ended](Self::has_ended), or
    /// at the end of the message.
    pub fn finish(mut self) -> (Bytes, HeaderEnd) {
        let header = self.take();
        (header, self.end())
    }

    /// Returns the header, and keeps only what is needed to count further octets.
    pub(crate) fn take(&mut self) -> Bytes {
        let mut octets = core::mem::take(&mut self.octets);
        if self.is_cut
            && let Some(end) = memchr::memrchr(b'\n', &octets)
        {
            octets.truncate(end + 1);
        }
        octets.into()
    }

    pub(crate) fn end(&self) -> HeaderEnd {
        match self.line {
            _ if self.is_cut => HeaderEnd::Budget,
            Line::Body => HeaderEnd::BlankLine,
            _ => HeaderEnd::Message,
        }
    }
}
