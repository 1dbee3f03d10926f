//! Digests of a message: one of its header, which `TOP n 0` is enough for, and one of the whole.

use core::fmt;

use sha2::{Digest as _, Sha256};

/// The first 64 bits of a SHA-256 digest.
///
/// Digests decide whether a message is one that was stored before. Forging a match with another
/// sender's message takes some 2^64 attempts. Two own messages that match take their sender about
/// 2^32, and only cost that sender a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Digest(u64);

impl Digest {
    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    fn of(state: Sha256) -> Self {
        let octets = state.finalize();
        let first = octets.iter().take(8);
        Self(first.fold(0, |bits, octet| bits << 8 | u64::from(*octet)))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:016x})", self.0)
    }
}

/// What the octets of a message say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) header: Digest,
    pub(super) whole: Digest,
    /// The number of octets.
    pub(super) octets: u64,
    /// The number of line ends that are a bare LF. A server may list each as two octets.
    pub(super) bare: u64,
}

/// Header fields that servers change while they store a message. They are left out of the digests.
const VOLATILE: [&[u8]; 9] = [
    b"status:",
    b"x-status:",
    b"x-uidl:",
    b"x-uid:",
    b"x-imap:",
    b"x-imapbase:",
    b"x-keywords:",
    b"x-mozilla-status:",
    b"content-length:",
];

/// The longest prefix of a header line that is needed to recognize a field of [`VOLATILE`].
const PREFIX: usize = 18;

/// Computes the digests of a message chunk by chunk, in constant memory.
///
/// The header ends before the first empty line. Its line ends are counted as LF, because `TOP` and
/// `RETR` of one server may differ in them.
#[derive(Clone)]
pub(super) struct Hasher {
    state: Sha256,
    header: Option<Digest>,
    octets: u64,
    bare: u64,
    after_cr: bool,
    line: Line,
    /// Whether the current field is left out; its continuation lines are then left out, too.
    skipping: bool,
}

/// How much of the current header line was received.
#[derive(Clone, Copy)]
enum Line {
    /// The start of a line, without CRs: too little to know the field.
    Start([u8; PREFIX], usize),
    /// The field is known.
    Decided,
}

impl Line {
    const EMPTY: Self = Self::Start([0; PREFIX], 0);
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self {
            state: Sha256::new(),
            header: None,
            octets: 0,
            bare: 0,
            after_cr: false,
            line: Line::EMPTY,
            skipping: false,
        }
    }

    /// Adds octets of the message.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.octets += chunk.len() as u64;
        self.count_bare(chunk);
        let mut rest = chunk;
        while self.header.is_none() && !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            let (piece, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = tail;
            self.header_piece(piece);
        }
        self.state.update(rest);
    }

    fn count_bare(&mut self, chunk: &[u8]) {
        for at in memchr::memchr_iter(b'\n', chunk) {
            let before = at.checked_sub(1).and_then(|before| chunk.get(before));
            let pair = before.map_or(self.after_cr, |octet| *octet == b'\r');
            self.bare += u64::from(!pair);
        }
        if let Some(last) = chunk.last() {
            self.after_cr = *last == b'\r';
        }
    }

    /// Adds a part of one header line; the line is complete if the part ends in LF.
    fn header_piece(&mut self, piece: &[u8]) {
        let ends = piece.ends_with(b"\n");
        for part in piece.split(|octet| matches!(octet, b'\r' | b'\n')) {
            self.header_octets(part);
        }
        if !ends {
            return;
        }
        if let Line::Start(prefix, length) = self.line {
            if length == 0 {
                self.end_header();
                return;
            }
            self.decide(&prefix, length);
        }
        if !self.skipping {
            self.state.update(b"\n");
        }
        self.line = Line::EMPTY;
    }

    fn header_octets(&mut self, mut part: &[u8]) {
        if let Line::Start(mut prefix, mut length) = self.line {
            let mut slots = prefix.iter_mut().skip(length);
            while let ([octet, rest @ ..], Some(slot)) = (part, slots.next()) {
                *slot = *octet;
                length += 1;
                part = rest;
            }
            self.line = Line::Start(prefix, length);
            if length < PREFIX {
                return;
            }
            self.decide(&prefix, length);
        }
        if !self.skipping {
            self.state.update(part);
        }
    }

    fn decide(&mut self, prefix: &[u8; PREFIX], length: usize) {
        let start = prefix.get(..length).unwrap_or_default();
        if !matches!(start.first(), Some(b' ' | b'\t')) {
            self.skipping = VOLATILE.iter().any(|name| {
                start
                    .get(..name.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(name))
            });
        }
        if !self.skipping {
            self.state.update(start);
        }
        self.line = Line::Decided;
    }

    fn end_header(&mut self) {
        self.header = Some(Digest::of(self.state.clone()));
        // Separates the header from the body: otherwise an octet could belong to either.
        self.state.update(b"\n");
    }

    /// Returns the digests after the last octet.
    pub(super) fn finish(mut self) -> Content {
        if self.header.is_none() {
            if let Line::Start(prefix, length) = self.line
                && length > 0
            {
                self.decide(&prefix, length);
            }
            if !self.skipping && matches!(self.line, Line::Decided) {
                self.state.update(b"\n");
            }
            self.end_header();
        }
        let whole = Digest::of(self.state.clone());
        Content {
            header: self.header.unwrap_or(whole),
            whole,
            octets: self.octets,
            bare: self.bare,
        }
    }
}
