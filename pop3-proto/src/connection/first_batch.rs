//! Whether the server has shown that it supports pipelining.

use super::Connection;
use super::queue::{Entry, UNSENT};
use super::transmit::Transmit;

/// The first pipelined batch of a connection: the commands of one write, starting with the first one
/// that was sent while another was unanswered. Positions count all octets ever sent.
#[derive(Debug, Default)]
pub(super) enum FirstBatch {
    /// No command was sent while another was unanswered.
    #[default]
    None,
    /// Not answered whole.
    Open {
        /// Where the first command begins that did not wait for a reply.
        begin: u64,
        /// Where the last command ends.
        end: u64,
    },
    /// Answered whole: the server supports pipelining.
    Answered,
}

impl FirstBatch {
    /// A command of so many octets, up to `end`, joins those in flight; in the same write as the
    /// command before it, or in one of its own.
    pub(super) fn join(&mut self, end: u64, octets: usize, same_write: bool) {
        match self {
            Self::None => {
                let begin = end.saturating_sub(octets as u64);
                *self = Self::Open { begin, end };
            }
            Self::Open { end: last, .. } if same_write => *last = end,
            // A long pipeline never drains: without this the first batch would never be answered whole.
            Self::Open { .. } | Self::Answered => {}
        }
    }

    /// Commands were removed that had not been sent. `second` is the request in flight after the first.
    pub(super) fn remove(&mut self, transmit: &Transmit, second: Option<&Entry>) {
        let Self::Open { begin, end } = self else {
            return;
        };
        // Whatever was not sent leaves in one write.
        let queued = transmit.queued();
        match second {
            _ if transmit.has_passed(*begin) => {
                if !transmit.has_sent(*end) {
                    *end = queued;
                }
            }
            None => *self = Self::None,
            Some(second) => {
                *begin = second.end.saturating_sub(second.octets() as u64);
                *end = queued;
            }
        }
    }

    /// The reply to this request is complete.
    pub(super) fn answer(&mut self, entry: &Entry) {
        if let Self::Open { end, .. } = self
            && entry.end != UNSENT
            && entry.end >= *end
        {
            *self = Self::Answered;
        }
    }
}

impl Connection {
    /// Whether pipelined commands were sent, and none of their batches is answered whole.
    pub(super) fn is_in_first_batch(&self) -> bool {
        matches!(self.first_batch, FirstBatch::Open { begin, .. } if self.transmit.has_passed(begin))
    }

    /// Takes the first request from the queue: its reply is complete.
    pub(super) fn pop_answered(&mut self) -> Option<Entry> {
        let entry = self.queue.pop()?;
        self.first_batch.answer(&entry);
        self.timers.operation(self.queue.in_flight() > 0);
        Some(entry)
    }
}
