//! Multi-line replies: where they end, and dot-stuffing undone in place (RFC 1939 section 3).

use memchr::{memchr, memmem};

/// What counts as a line end in a multi-line reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// CR LF alone.
    Strict,
    /// LF ends a line as CR LF does, but the terminator is `.` CR LF: a server that sends CR LF may
    /// leave a sender's `LF . LF` unstuffed, and that must not end the message.
    Adaptive,
    /// The server sends LF alone, so `.` LF is a terminator too.
    BareLf,
}

/// Walks through a multi-line reply block by block. Its state between blocks is one bit, however
/// long the lines are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    /// Whether the next octet is the first of a line.
    line_start: bool,
}

/// What a block held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scan {
    /// The block now begins with this many octets of the body.
    pub(super) kept: usize,
    /// So many octets of the block are done with, the kept ones included. What remains has to be
    /// shown again in front of the next block.
    pub(super) consumed: usize,
    /// Whether the terminator was met.
    pub(super) ended: bool,
}

/// What a line that begins with a dot is.
enum Dotted {
    /// Data with a dot too many.
    Stuffed,
    /// Data as it is.
    Plain,
    /// The terminator, and its length.
    Terminator(usize),
    /// Cannot be told yet.
    Open,
}

impl Body {
    pub(super) fn new() -> Self {
        Self { line_start: true }
    }

    /// Compacts the body's octets to the front of `block`. CR LF is never split between blocks.
    #[expect(
        clippy::indexing_slicing,
        reason = "the scan is the hot loop; every bound is a length of `block`"
    )]
    pub(super) fn scan(&mut self, block: &mut [u8], ends: LineEnds) -> Scan {
        let (mut kept, mut read) = (0, 0);
        loop {
            // Dotted lines come in groups: the next line is looked at before searching far.
            while self.line_start && is_plainly_stuffed(&block[read..]) {
                let Some(end) = memchr(b'\n', &block[read + 1..]) else {
                    break;
                };
                let line = read + 1..read + end + 2;
                self.line_start = ends != LineEnds::Strict || block[line.end - 2] == b'\r';
                read = line.end;
                block.copy_within(line.clone(), kept);
                kept += line.len();
            }
            if self.line_start && block.get(read) == Some(&b'.') {
                match dotted(&block[read..], ends) {
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
            let dot = before_dot(rest, ends);
            let run = dot.unwrap_or(rest.len() - usize::from(rest.last() == Some(&b'\r')));
            if run > 0 {
                self.line_start = dot.is_some() || ends_line(&rest[..run], ends);
                if kept != read {
                    block.copy_within(read..read + run, kept);
                }
                kept += run;
                read += run;
            }
            if dot.is_none() {
                return Scan {
                    kept,
                    consumed: read,
                    ended: false,
                };
            }
        }
    }
}

/// Whether a line begins with a dot too many and is no terminator whatever the line ends are.
fn is_plainly_stuffed(line: &[u8]) -> bool {
    matches!(line, [b'.', second, ..] if !matches!(second, b'\r' | b'\n'))
}

/// How many octets stand before the next dot that begins a line.
fn before_dot(rest: &[u8], ends: LineEnds) -> Option<usize> {
    let line_dot: &[u8] = if ends == LineEnds::Strict {
        b"\r\n."
    } else {
        b"\n."
    };
    Some(memmem::find(rest, line_dot)? + line_dot.len() - 1)
}

fn ends_line(run: &[u8], ends: LineEnds) -> bool {
    run.ends_with(if ends == LineEnds::Strict {
        b"\r\n"
    } else {
        b"\n"
    })
}

fn dotted(line: &[u8], ends: LineEnds) -> Dotted {
    match (line, ends) {
        ([b'.', b'\r', b'\n', ..], _) => Dotted::Terminator(3),
        ([b'.', b'\n', ..], LineEnds::BareLf) => Dotted::Terminator(2),
        ([b'.', b'\n', ..], LineEnds::Adaptive) => Dotted::Plain,
        ([b'.'] | [b'.', b'\r'], _) => Dotted::Open,
        _ => Dotted::Stuffed,
    }
}
