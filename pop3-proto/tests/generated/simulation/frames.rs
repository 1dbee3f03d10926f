//! Parses the octets that reached the client in the simplest way: from the complete input, line by
//! line, with one reply for each command in order. Where the library reports success, its results
//! must be the same.

use std::fmt;

use pop3_proto::config::Leniency;

use super::line::{is_long, verb};
use super::peer::Place;
use super::transcript::octets;

/// The reply to one command.
pub(crate) struct Frame {
    /// Includes the blank lines before it.
    pub(crate) place: Place,
    /// The first line, without its line end.
    pub(crate) status: Vec<u8>,
    /// The lines after it, without stuffed dots and terminator, as far as they were received.
    pub(crate) body: Vec<u8>,
    /// Whether the reply was received completely.
    pub(crate) complete: bool,
}

impl Frame {
    pub(crate) fn is_ok(&self) -> bool {
        self.complete && self.indicates(b"+OK")
    }

    pub(crate) fn is_err(&self) -> bool {
        self.complete && self.indicates(b"-ERR")
    }

    fn indicates(&self, indicator: &[u8]) -> bool {
        let word = self.status.split(|octet| *octet == b' ').next();
        word.is_some_and(|word| word.eq_ignore_ascii_case(indicator))
    }

    /// Returns what follows the indicator.
    pub(crate) fn text(&self) -> &[u8] {
        let space = self.status.iter().position(|octet| *octet == b' ');
        space.map_or(&[], |space| &self.status[space + 1..])
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, complete) = (octets(&self.status), self.complete);
        write!(f, "{status} {} (complete: {complete})", octets(&self.body))
    }
}

/// Parses one frame for each command, until there are no more octets.
pub(crate) fn read(
    commands: &[&[u8]],
    said: &[Vec<u8>],
    reached: &[usize],
    leniency: Leniency,
) -> Vec<Frame> {
    let mut frames = Vec::new();
    let (mut epoch, mut cursor) = (0, 0);
    let mut bare = None;
    for command in commands {
        let octets = &said[epoch][..reached[epoch]];
        let mut reader = Reader {
            rest: &octets[cursor..],
            strict: leniency == Leniency::Strict,
            bare,
        };
        let Some(status) = reader.status() else {
            break;
        };
        bare = reader.bare;
        let mut frame = Frame {
            place: Place {
                epoch,
                octets: 0..0,
            },
            status,
            body: Vec::new(),
            complete: true,
        };
        if is_long(command) && frame.is_ok() {
            frame.complete = reader.body(&mut frame.body);
        }
        let end = octets.len() - reader.rest.len();
        frame.place.octets = cursor..end;
        cursor = end;
        if verb(command) == b"STLS" && frame.is_ok() && said.len() > epoch + 1 {
            (epoch, cursor, bare) = (epoch + 1, 0, None);
        }
        let complete = frame.complete;
        frames.push(frame);
        if !complete {
            break;
        }
    }
    frames
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Only CRLF ends a line.
    strict: bool,
    /// Whether the first line ended in a bare LF, once there was one.
    bare: Option<bool>,
}

impl<'a> Reader<'a> {
    /// Returns the next line with its line end.
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = if self.strict {
            memchr::memmem::find(self.rest, b"\r\n")? + 2
        } else {
            memchr::memchr(b'\n', self.rest)? + 1
        };
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(line)
    }

    fn status(&mut self) -> Option<Vec<u8>> {
        for _ in 0..=8 {
            let line = self.line()?;
            let line_end = if line.ends_with(b"\r\n") { 2 } else { 1 };
            let text = &line[..line.len() - line_end];
            if !text.is_empty() || self.strict {
                self.bare.get_or_insert(line_end == 1);
                return Some(text.to_vec());
            }
        }
        None
    }

    /// Returns whether the terminator was received.
    fn body(&mut self, body: &mut Vec<u8>) -> bool {
        let bare = self.bare == Some(true);
        let first = self.rest.iter().position(|octet| *octet == b'\n');
        let begins_with_crlf = first.is_some_and(|lf| self.rest[..lf].ends_with(b"\r"));
        let strict = self.strict;
        self.strict = strict || !bare && begins_with_crlf;
        let ended = self.lines_of_body(body, bare);
        self.strict = strict;
        ended
    }

    fn lines_of_body(&mut self, body: &mut Vec<u8>, bare: bool) -> bool {
        while let Some(line) = self.line() {
            match line {
                b".\r\n" => return true,
                b".\n" if bare => return true,
                b".\n" if !self.strict => body.extend_from_slice(line),
                [b'.', line @ ..] | line => body.extend_from_slice(line),
            }
            self.strict |= !bare && line.ends_with(b"\r\n");
        }
        let rest = self.rest.strip_prefix(b".").unwrap_or(self.rest);
        body.extend_from_slice(rest);
        false
    }
}
