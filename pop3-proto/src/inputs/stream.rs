//! The octets from the server, without secrets and without the contents of messages.
//!
//! A secret can be recognized only in a whole line, so octets are kept as they are until the
//! connection has parsed their line.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::hide::{Names, filler};
use crate::redact::Redactor;
use crate::status;

/// What the connection takes octets for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A status line or a challenge.
    Line,
    /// The reply to a command that lists something.
    Data,
    /// A message, or the reply to a raw command.
    Message,
}

/// The octets of a server, in segments.
#[derive(Debug)]
pub(crate) struct Stream {
    /// The octets whose lines were parsed.
    clean: Vec<u8>,
    /// The octets after them.
    raw: Zeroizing<Vec<u8>>,
    /// How many octets of `raw` were parsed, and what they are.
    parsed: Vec<(usize, Kind)>,
    /// The end of each segment: in `clean`, or in `raw`.
    ends: Vec<End>,
    keeps_messages: bool,
    /// Whether a part of a message was received.
    has_messages: bool,
}

#[derive(Debug, Clone, Copy)]
enum End {
    Clean(usize),
    Raw(usize),
}

impl Stream {
    pub(super) fn new(keeps_messages: bool) -> Self {
        Self {
            clean: Vec::new(),
            raw: Zeroizing::default(),
            parsed: Vec::new(),
            ends: Vec::new(),
            keeps_messages,
            has_messages: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.clean.len() + self.raw.len()
    }

    /// Adds a segment. Returns its number.
    pub(super) fn receive(&mut self, octets: &[u8]) -> usize {
        self.raw.extend_from_slice(octets);
        self.ends.push(End::Raw(self.raw.len()));
        self.ends.len() - 1
    }

    /// Notes that all octets but the last `unread` ones were parsed.
    pub(crate) fn parsed(&mut self, unread: usize, kind: Kind, redactor: &Redactor, names: &Names) {
        let end = self.raw.len().saturating_sub(unread);
        self.parsed.push((end, kind));
        self.has_messages |= kind == Kind::Message;
        self.clean_lines(end, redactor, names);
    }

    /// Notes that the connection will parse nothing more.
    pub(crate) fn finish(&mut self, redactor: &Redactor, names: &Names) {
        let end = self.raw.len();
        self.parsed.push((end, Kind::Line));
        self.clean_lines(end, redactor, names);
        if !self.raw.is_empty() {
            self.clean_line(end, redactor, names);
        }
    }

    /// Moves the lines before this position to the clean octets.
    fn clean_lines(&mut self, parsed: usize, redactor: &Redactor, names: &Names) {
        let mut parsed = parsed;
        while let Some(found) = memchr::memchr(b'\n', self.raw.get(..parsed).unwrap_or_default()) {
            self.clean_line(found + 1, redactor, names);
            parsed -= found + 1;
        }
    }

    fn clean_line(&mut self, length: usize, redactor: &Redactor, names: &Names) {
        let line: Zeroizing<Vec<u8>> = self.raw.drain(..length).collect::<Vec<_>>().into();
        let kind = self.parsed.iter().find(|(end, _)| *end >= length);
        let kind = kind.map_or(Kind::Line, |(_, kind)| *kind);
        let start = self.clean.len();
        let hidden = self.hidden(&line, kind, redactor, names);
        self.clean.extend_from_slice(&hidden);
        for end in &mut self.ends {
            if let End::Raw(at) = *end {
                *end = match at.checked_sub(length) {
                    Some(0) => End::Clean(self.clean.len()),
                    Some(rest) => End::Raw(rest),
                    None => End::Clean(self.clean.len().min(start + at)),
                };
            }
        }
        self.parsed.retain_mut(|(end, _)| {
            *end = end.saturating_sub(length);
            *end > 0
        });
    }

    fn hidden(&self, line: &[u8], kind: Kind, redactor: &Redactor, names: &Names) -> Vec<u8> {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let end = line.get(text.len()..).unwrap_or_default();
        // A line that is no reply may be a part of a message that the server ended too early.
        let is_reply = text.is_empty()
            || matches!(text, [b'+'] | [b'+', b' ', ..])
            || status::indicator(text).is_some();
        let stray = kind == Kind::Line && self.has_messages && !is_reply;
        if !self.keeps_messages && (kind == Kind::Message || stray) {
            return [&filler(text), end].concat();
        }
        let text = match kind {
            Kind::Line => {
                let redacted = redactor.line(text);
                names.hide(redacted.as_deref().unwrap_or(text))
            }
            Kind::Data | Kind::Message => redactor.masked(text),
        };
        [&text, end].concat()
    }

    /// Returns the octets of all segments that were parsed.
    pub(crate) fn octets(&self) -> Vec<u8> {
        self.clean.clone()
    }

    /// Returns the position of the end of a segment.
    pub(crate) fn end(&self, segment: usize) -> usize {
        match self.ends.get(segment) {
            Some(End::Clean(end)) => *end,
            _ => self.clean.len(),
        }
    }
}
