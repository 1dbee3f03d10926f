//! The send buffer: one batch of complete command lines, wiped after it was sent.

use alloc::vec::Vec;

use zeroize::Zeroize as _;

use crate::command_line::Line;

/// The capacity for a batch, in octets: see the window in `queue`.
const BATCH: usize = 4096;

/// The position of a line in the sequence of all octets that are sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Span {
    /// Reduces the position, because this many octets before it were removed.
    pub(super) fn move_back(&mut self, octets: u64) {
        self.begin = self.begin.saturating_sub(octets);
        self.end = self.end.saturating_sub(octets);
    }

    pub(super) fn octets(self) -> u64 {
        self.end.saturating_sub(self.begin)
    }
}

/// The octets of command lines that wait to be sent.
#[derive(Default)]
pub(super) struct SendBuffer {
    batch: Vec<u8>,
    /// How many octets of the batch were sent.
    sent: usize,
    sensitive: bool,
    /// All octets up to this position were passed to a layer that sends them.
    handed_over: u64,
    /// How many octets were queued and sent in total.
    queued_total: u64,
    sent_total: u64,
    /// How many lines the batch has, and the batches that were sent had.
    lines: u64,
    sent_lines: u64,
}

impl core::fmt::Debug for SendBuffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SendBuffer({} octets)", self.pending().len())
    }
}

impl SendBuffer {
    pub(super) fn pending(&self) -> &[u8] {
        self.batch.get(self.sent..).unwrap_or_default()
    }

    /// Returns whether commands can still be added to the batch, because none of it was sent yet.
    pub(super) fn accepts_lines(&self) -> bool {
        self.sent == 0 && (self.batch.is_empty() || self.handed_over < self.queued_total)
    }

    /// Appends a line.
    pub(super) fn append(&mut self, line: Line<'_>, challenge: &[u8]) -> Span {
        if line.verb().row().sensitive {
            self.sensitive = true;
        }
        // A line with a secret is alone in its batch, so growing the batch never leaves a copy of
        // the secret in memory.
        self.batch.reserve(line.octets().max(BATCH));
        let before = self.batch.len();
        line.encode(challenge, &mut self.batch);
        debug_assert_eq!(self.batch.len() - before, line.octets());
        self.lines += 1;
        let begin = self.queued_total;
        self.queued_total += (self.batch.len() - before) as u64;
        Span {
            begin,
            end: self.queued_total,
        }
    }

    /// Removes a line, if no octet of it was sent.
    pub(super) fn retract(&mut self, span: Span) {
        let octets = span.octets() as usize;
        let after = self.queued_total.saturating_sub(span.end) as usize;
        let end = self.batch.len().saturating_sub(after);
        let begin = end.saturating_sub(octets);
        self.queued_total -= (end - begin) as u64;
        self.lines = self.lines.saturating_sub(1);
        // A line with a secret is alone in its batch, and must be wiped.
        if octets == self.pending().len() {
            self.clear();
        } else {
            self.batch.drain(begin..end);
        }
    }

    /// Counts octets that were sent. Returns how many of them were pending.
    pub(super) fn transmitted(&mut self, octets: usize) -> usize {
        let octets = octets.min(self.pending().len());
        self.sent += octets;
        self.sent_total += octets as u64;
        if self.pending().is_empty() {
            self.sent_lines += self.lines;
            self.clear();
        }
        octets
    }

    /// Passes the whole batch to a layer that will send it, and counts it as handed over.
    #[cfg(feature = "rustls")]
    pub(super) fn hand_over(&mut self) -> &[u8] {
        self.handed_over = self.queued_total;
        self.pending()
    }

    /// Returns whether a line can still be retracted.
    pub(super) fn is_unsent(&self, span: Span) -> bool {
        self.sent_total.max(self.handed_over) <= span.begin
    }

    /// Returns whether any octet of a line was sent.
    pub(super) fn has_begun(&self, span: Span) -> bool {
        self.has_passed(span.begin)
    }

    /// Returns whether a line was sent completely.
    pub(super) fn has_sent(&self, span: Span) -> bool {
        self.has_reached(span.end)
    }

    /// Returns whether any octet after this position was sent.
    pub(super) fn has_passed(&self, position: u64) -> bool {
        self.sent_total > position
    }

    /// Returns whether all octets up to this position were sent.
    pub(super) fn has_reached(&self, position: u64) -> bool {
        self.sent_total >= position
    }

    /// Returns how many octets were sent in total.
    pub(super) fn sent(&self) -> u64 {
        self.sent_total
    }

    /// Returns how many lines the batches had that were sent completely.
    pub(super) fn sent_lines(&self) -> u64 {
        self.sent_lines
    }

    /// Returns the position of the end of the last line.
    pub(super) fn queued(&self) -> u64 {
        self.queued_total
    }

    /// Drops the octets that were not sent.
    pub(super) fn clear(&mut self) {
        if self.sensitive {
            self.batch.zeroize();
        }
        self.batch.clear();
        self.sent = 0;
        self.lines = 0;
        self.sensitive = false;
    }
}

impl Drop for SendBuffer {
    fn drop(&mut self) {
        self.clear();
    }
}
