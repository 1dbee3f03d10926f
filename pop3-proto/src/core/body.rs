//! Multi-line replies: finding the end, and removing dot-stuffing in place (RFC 1939 section 3).

use memchr::{memchr, memmem};

/// The line ends that are accepted in a multi-line reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// Only CR LF. Anything after a bare LF is data.
    CrLf,
    /// The first line end will select `CrLf` or `Lf`. It has not been received yet.
    Undecided,
    /// All lines so far ended in a bare LF, although the server's status lines end in CR LF. `.` CR
    /// LF ends the reply, `.` LF is data. After the first CR LF only CR LF counts.
    Lf,
    /// LF or CR LF. `.` CR LF ends the reply, `.` LF is data. Selected by
    /// [`LfDot::EndsReply`](crate::config::LfDot::EndsReply), which allows the sender of a message
    /// to end it early.
    Either,
    /// LF or CR LF. `.` LF also ends the reply, because the server's status lines end in a bare LF.
    LfServer,
}

/// Parses a multi-line reply block by block. The size of its state does not depend on the length of
/// the lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    ends: LineEnds,
    /// Whether the next octet is the first of a line.
    line_start: bool,
    /// Whether the first line end was a bare LF that selected [`LineEnds::Lf`].
    began_with_lf: bool,
    /// The last octets that were processed, dot-stuffing included.
    tail: [u8; TAIL],
}

/// Octets that are data while only CR LF ends a line, but that a server may send as the terminator.
const LF_DOT: &[u8; 4] = b"\n.\r\n";

/// The length of [`LF_DOT`] and of the octet before it.
const TAIL: usize = LF_DOT.len() + 1;

/// The maximum number of octets at the end of a block that must be passed to the next call again:
/// those of `.` CR.
const HELD: usize = 2;

/// The result of scanning a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scan {
    /// The block now begins with this many octets of the body.
    pub(super) kept: usize,
    /// The number of octets that are processed, including the kept ones. The rest must be passed
    /// again at the front of the next block.
    pub(super) consumed: usize,
    /// Whether the terminator was found.
    pub(super) ended: bool,
}

/// The meaning of a line that begins with a dot.
enum Dotted {
    /// Data with a stuffed dot.
    Stuffed,
    /// Data without a stuffed dot.
    Plain,
    /// The terminator, and its length.
    Terminator(usize),
    /// Undecided until more octets are received.
    Open,
}

impl Body {
    pub(super) fn new(ends: LineEnds) -> Self {
        Self {
            ends,
            line_start: true,
            began_with_lf: false,
            tail: [0; TAIL],
        }
    }

    /// Returns whether the first line end was a bare LF that selected [`LineEnds::Lf`].
    pub(super) fn began_with_lf(&self) -> bool {
        self.began_with_lf
    }

    /// Returns whether the last octets so far are LF `.` CR LF, treated as data.
    pub(super) fn stops_at_lf_dot(&self) -> bool {
        let [before, rest @ ..] = &self.tail;
        *before != b'\r' && rest == LF_DOT
    }

    /// Moves the octets of the body to the front of `block`. CR LF is never split between blocks.
    pub(super) fn scan(&mut self, block: &mut [u8]) -> Scan {
        if self.ends == LineEnds::Undecided {
            self.decide(block);
        }
        let mut last = [0; TAIL + HELD];
        let seen = last.len().min(block.len());
        for (last, octet) in last.iter_mut().rev().zip(block.iter().rev()) {
            *last = *octet;
        }
        let scan = self.compact(block);
        let held = block.len() - scan.consumed;
        if !scan.ended {
            self.remember(last.get(last.len() - seen..last.len() - held));
        }
        scan
    }

    /// Selects the line ends by the first line end in the block. A CR LF is never split between
    /// blocks.
    fn decide(&mut self, block: &[u8]) {
        let Some(before) = memchr(b'\n', block).and_then(|lf| block.get(..lf)) else {
            return;
        };
        self.began_with_lf = !before.ends_with(b"\r");
        self.ends = if self.began_with_lf {
            LineEnds::Lf
        } else {
            LineEnds::CrLf
        };
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the scan is the hot loop; every bound is a length of `block`"
    )]
    fn compact(&mut self, block: &mut [u8]) -> Scan {
        let (mut kept, mut read) = (0, 0);
        loop {
            // Dot-stuffed lines are often adjacent, so check the next line before a longer search.
            while self.line_start && is_certainly_stuffed(&block[read..]) {
                let Some(end) = memchr(b'\n', &block[read + 1..]) else {
                    break;
                };
                let line = read + 1..read + end + 2;
                self.end_of_run(&block[line.clone()]);
                read = line.end;
                block.copy_within(line.clone(), kept);
                kept += line.len();
            }
            if self.line_start && block.get(read) == Some(&b'.') {
                match self.dotted(&block[read..]) {
                    Dotted::Stuffed => read += 1,
                    Dotted::Plain => {}
                    Dotted::Terminator(octets) => {
                        return Scan {
                            kept,
                            consumed: read + octets,
                            ended: true,
                        };
                    }
                    Dotted::Open => {
                        return Scan {
                            kept,
                            consumed: read,
                            ended: false,
                        };
                    }
                }
                self.line_start = false;
            }
            let rest = &block[read..];
            let stop = self.stop(rest);
            let run = stop.unwrap_or(rest.len() - usize::from(rest.last() == Some(&b'\r')));
            if run > 0 {
                self.end_of_run(&rest[..run]);
                if kept != read {
                    block.copy_within(read..read + run, kept);
                }
                kept += run;
                read += run;
            }
            if stop.is_none() {
                return Scan {
                    kept,
                    consumed: read,
                    ended: false,
                };
            }
        }
    }

    /// Returns the number of octets before the next place that needs handling: a dot at the start
    /// of a line, or the end of the first CR LF after lines that ended in a bare LF.
    fn stop(&self, rest: &[u8]) -> Option<usize> {
        let line_dot: &[u8] = match self.ends {
            LineEnds::CrLf | LineEnds::Undecided => b"\r\n.",
            LineEnds::Lf | LineEnds::Either | LineEnds::LfServer => b"\n.",
        };
        let dot = memmem::find(rest, line_dot).map(|at| at + line_dot.len() - 1);
        if self.ends != LineEnds::Lf {
            return dot;
        }
        let before = dot.and_then(|dot| rest.get(..dot)).unwrap_or(rest);
        memmem::find(before, b"\r\n").map(|at| at + 2).or(dot)
    }

    /// Updates the state after a run of octets. Only a line end at the end of the run can change
    /// it.
    fn end_of_run(&mut self, run: &[u8]) {
        let crlf = run.ends_with(b"\r\n");
        self.line_start = match self.ends {
            LineEnds::CrLf | LineEnds::Undecided => crlf,
            LineEnds::Lf | LineEnds::Either | LineEnds::LfServer => run.ends_with(b"\n"),
        };
        if crlf && self.ends == LineEnds::Lf {
            self.ends = LineEnds::CrLf;
        }
    }

    fn dotted(&self, line: &[u8]) -> Dotted {
        match (line, self.ends) {
            ([b'.', b'\r', b'\n', ..], _) => Dotted::Terminator(3),
            ([b'.', b'\n', ..], LineEnds::LfServer) => Dotted::Terminator(2),
            ([b'.', b'\n', ..], LineEnds::Lf | LineEnds::Either) => Dotted::Plain,
            ([b'.'] | [b'.', b'\r'], _) => Dotted::Open,
            _ => Dotted::Stuffed,
        }
    }

    fn remember(&mut self, octets: Option<&[u8]>) {
        for octet in octets.unwrap_or_default() {
            self.tail.rotate_left(1);
            if let Some(last) = self.tail.last_mut() {
                *last = *octet;
            }
        }
    }
}

/// Returns whether a line begins with a stuffed dot and cannot be the terminator, regardless of the
/// line ends.
fn is_certainly_stuffed(line: &[u8]) -> bool {
    matches!(line, [b'.', second, ..] if !matches!(second, b'\r' | b'\n'))
}
