//! The receive buffer, and the code that splits its octets into frames. A frame is a line or a part
//! of a multi-line reply.
//!
//! [`Core`](super::Core) reads one [`Frame`] at a time and matches it with the front request. This
//! module does not interpret the lines.

use bytes::Bytes;

use super::body::{Body, LineEnds};
use super::recv_buffer::RecvBuffer;
use super::surplus::can_follow;
use crate::config::{Config, Leniency, LfDot};
use crate::error::{LimitError, Limited};
use crate::listing::without_line_end;
use crate::types::MessageNumber;
use crate::verb::Verb;

/// How many blank lines before a status line are tolerated.
const BLANK_LINES: u8 = 8;

/// A part of the octets from the server.
#[derive(Debug)]
pub(super) enum Frame {
    /// The beginning of a TLS record where a greeting is expected.
    TlsRecord,
    /// A blank line, which is tolerated.
    BlankLine { bare_lf: bool },
    /// A status line or a challenge, without its line end.
    Line { line: Bytes, bare_lf: bool },
    /// A line that is longer than the limit.
    TooLong(LimitError),
    /// Octets of a multi-line reply without dot-stuffing, possibly none, and what follows them.
    Chunk { octets: Bytes, then: Then },
}

/// What follows the octets of a chunk.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// More of the same reply.
    More,
    /// A line end that is not accepted, because the first line ends in a bare LF.
    BareLf,
    /// The terminator. `bare_lf`: the first line ended in a bare LF.
    End { bare_lf: bool },
}

/// The kind of line that is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Greeting,
    Status,
    /// The answer to `AUTH` or to a SASL response.
    Challenge,
}

/// The command that a multi-line reply answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin {
    pub(super) verb: Verb,
    pub(super) number: Option<MessageNumber>,
}

/// The receive buffer, and the state of its framing.
#[derive(Debug)]
pub(super) struct Inbound {
    buffer: RecvBuffer,
    rules: Rules,
    /// The multi-line reply that is being read. `None` while a line is expected.
    body: Option<(Body, Origin)>,
    /// The last multi-line reply, until octets are sent or another line is received.
    ended: Option<Origin>,
    /// Whether all status lines of this channel so far ended in a bare LF. `None` before the first
    /// line.
    lf_server: Option<bool>,
    /// Whether a line that ended in a bare LF was reported on this channel.
    lf_reported: bool,
    blank_lines: u8,
}

/// The settings for framing.
#[derive(Debug)]
struct Rules {
    leniency: Leniency,
    lf_dot: LfDot,
    line: usize,
    challenge: usize,
}

impl Inbound {
    pub(super) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        // There must be room for a line of maximum length, its line end and one octet of the next
        // line.
        let longest = limits.line.max(limits.challenge) + 4;
        Self {
            buffer: RecvBuffer::new(limits.receive_buffer.max(longest)),
            rules: Rules {
                leniency: config.leniency,
                lf_dot: config.lf_dot,
                line: limits.line,
                challenge: limits.challenge.max(limits.line),
            },
            body: None,
            ended: None,
            lf_server: None,
            lf_reported: false,
            blank_lines: 0,
        }
    }

    /// Returns whether all received octets are processed.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.buffer.is_full()
    }

    /// Returns the buffer for the next read.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.buffer.room()
    }

    /// Counts octets that were read into this buffer.
    pub(super) fn fill(&mut self, octets: usize) {
        self.buffer.fill(octets);
    }

    /// Returns the octets that were not processed.
    #[cfg(feature = "record")]
    pub(super) fn unread(&self) -> &[u8] {
        self.buffer.octets()
    }

    /// Drops the octets that were not processed.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
    }

    /// Resets the state after a TLS handshake, because everything before it was received in
    /// cleartext.
    pub(super) fn restart(&mut self) {
        self.buffer.clear();
        self.lf_server = None;
        self.lf_reported = false;
    }

    /// Notes that a command was sent, so that the next octets may be its reply.
    pub(super) fn expect_answer(&mut self) {
        self.ended = None;
    }

    /// Starts the multi-line reply to this command: the next octets are its lines.
    pub(super) fn begin_body(&mut self, origin: Origin) {
        self.body = Some((Body::new(self.line_ends(origin.verb)), origin));
    }

    /// Returns whether a multi-line reply is being read.
    pub(super) fn is_in_body(&self) -> bool {
        self.body.is_some()
    }

    /// Returns whether a reply has begun and is not complete.
    pub(super) fn is_in_reply(&self) -> bool {
        !self.buffer.is_empty() || self.is_in_body()
    }

    /// Returns whether the last octets of a multi-line reply are LF `.` CR LF, treated as data.
    pub(super) fn stops_at_lf_dot(&self) -> bool {
        let body = self.body.as_ref().filter(|_| self.buffer.is_empty());
        body.is_some_and(|(body, _)| body.stops_at_lf_dot())
    }

    /// Returns the incomplete line in the buffer. Called when its line end will never be received.
    pub(super) fn unfinished_line(&self) -> Option<&[u8]> {
        match self.body {
            Some(_) => None,
            None => Some(without_line_end(self.buffer.octets())),
        }
    }

    /// Records a bare LF. Returns whether it is the first one on this channel, which must be
    /// reported.
    pub(super) fn note_bare_lf(&mut self) -> bool {
        !core::mem::replace(&mut self.lf_reported, true)
    }

    /// Returns the first line after a multi-line reply, if that line is neither a reply nor an
    /// unsolicited `-ERR` (see [`can_follow`]). `awaited` is whether a command that was sent is
    /// unanswered.
    pub(super) fn surplus(&self, awaited: bool) -> Option<(Origin, &[u8])> {
        let ended = self.ended?;
        if self.buffer.is_within_a_line() {
            return None;
        }
        let octets = self.buffer.octets();
        let blank_lines = match self.rules.leniency {
            Leniency::Lenient => BLANK_LINES.saturating_sub(self.blank_lines),
            Leniency::Strict => 0,
        };
        if can_follow(octets, awaited, blank_lines) {
            return None;
        }
        let end = memchr::memchr(b'\n', octets).map_or(octets.len(), |lf| lf + 1);
        let line = without_line_end(octets.get(..end).unwrap_or(octets));
        Some((ended, line))
    }

    /// Returns the next frame, or `None` if more octets are needed.
    pub(super) fn next(&mut self, expected: Expected) -> Option<Frame> {
        if self.body.is_some() {
            self.next_chunk()
        } else {
            self.next_line(expected)
        }
    }

    fn next_line(&mut self, expected: Expected) -> Option<Frame> {
        if expected == Expected::Greeting && is_tls_record(self.buffer.octets()) {
            return Some(Frame::TlsRecord);
        }
        let limit = match expected {
            Expected::Challenge => self.rules.challenge,
            Expected::Greeting | Expected::Status => self.rules.line,
        };
        let line = self.buffer.line();
        let length = match &line {
            Some((line, _)) => line.len(),
            None => without_line_end(self.buffer.octets()).len(),
        };
        // A full buffer has no room for the rest of the line.
        if length > limit || line.is_none() && self.buffer.is_full() {
            return Some(Frame::TooLong(LimitError::new(Limited::Line, limit)));
        }
        let (line, bare_lf) = line?;
        // A challenge may be empty.
        let may_be_blank =
            self.rules.leniency == Leniency::Lenient && expected != Expected::Challenge;
        if line.is_empty() && may_be_blank && self.blank_lines < BLANK_LINES {
            self.blank_lines += 1;
            return Some(Frame::BlankLine { bare_lf });
        }
        self.blank_lines = 0;
        self.ended = None;
        // This is true only while every status line so far has ended in a bare LF.
        match &mut self.lf_server {
            Some(lf_server) => *lf_server &= bare_lf,
            unknown => *unknown = Some(bare_lf),
        }
        Some(Frame::Line { line, bare_lf })
    }

    fn next_chunk(&mut self) -> Option<Frame> {
        let (body, origin) = self.body.as_mut()?;
        let scan = body.scan(self.buffer.octets_mut());
        if scan.consumed == 0 {
            return None;
        }
        let bare_lf = body.began_with_lf();
        let (kept, then) = if bare_lf && self.rules.leniency == Leniency::Strict {
            // Do not pass on the octets after the rejected line end: their number depends on the
            // size of the read.
            let octets = self.buffer.octets().get(..scan.kept).unwrap_or_default();
            let first_line = memchr::memchr(b'\n', octets).map_or(scan.kept, |lf| lf + 1);
            (first_line, Then::BareLf)
        } else if scan.ended {
            self.ended = Some(*origin);
            self.body = None;
            (scan.kept, Then::End { bare_lf })
        } else {
            (scan.kept, Then::More)
        };
        let octets = self.buffer.take(kept);
        self.buffer.skip(scan.consumed - kept);
        Some(Frame::Chunk { octets, then })
    }

    /// Returns the line ends to accept in a multi-line reply that begins now.
    fn line_ends(&self, verb: Verb) -> LineEnds {
        match (self.lf_server, self.rules.lf_dot, self.rules.leniency) {
            (Some(true), ..) => LineEnds::LfServer,
            (_, LfDot::EndsReply, _) => LineEnds::Either,
            (_, LfDot::Auto, Leniency::Lenient) => LineEnds::Undecided,
            (_, LfDot::Auto, Leniency::Strict) if has_no_lf(verb) => LineEnds::Undecided,
            (_, LfDot::Auto, Leniency::Strict) => LineEnds::CrLf,
        }
    }
}

/// Returns whether the lines of a reply to this command never contain a bare LF. The lines of
/// messages may contain one.
fn has_no_lf(verb: Verb) -> bool {
    matches!(verb, Verb::Capa | Verb::List | Verb::Uidl)
}

/// Returns whether octets are the beginning of a TLS record, of any type and version.
fn is_tls_record(octets: &[u8]) -> bool {
    matches!(octets, [0x14..=0x17, 0x03, ..])
}
