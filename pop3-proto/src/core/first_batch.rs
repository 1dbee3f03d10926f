//! Tracks whether the server has shown that it supports pipelining.

use super::send_buffer::{SendBuffer, Span};

/// The first pipelined batch of a connection: the commands of one write, starting with the first
/// one that was sent while another was unanswered. Positions count all octets ever sent.
#[derive(Debug, Default)]
pub(super) enum FirstBatch {
    /// No command was sent while another was unanswered.
    #[default]
    None,
    /// The batch is not answered completely. It begins with the first command that did not wait for
    /// a reply.
    Open(Span),
    /// The batch is answered completely: the server supports pipelining.
    Answered,
}

impl FirstBatch {
    /// Adds a command that is sent while others are in flight. `same_write` is whether the previous
    /// command is sent in the same write.
    pub(super) fn join(&mut self, command: Span, same_write: bool) {
        match self {
            Self::None => *self = Self::Open(command),
            Self::Open(batch) if same_write => batch.end = command.end,
            // In a long pipeline there is always a command in flight. If the batch could grow, it
            // would never be answered completely.
            Self::Open(_) | Self::Answered => {}
        }
    }

    /// Handles the retraction of commands that were not sent. `second` is the line of the second
    /// request in flight.
    pub(super) fn retract(&mut self, buffer: &SendBuffer, second: Option<Span>) {
        let Self::Open(batch) = self else {
            return;
        };
        // The lines that are still in the buffer are sent in one write.
        let queued = buffer.queued();
        match second {
            _ if buffer.has_passed(batch.begin) => {
                if !buffer.has_sent(*batch) {
                    batch.end = queued;
                }
            }
            None => *self = Self::None,
            Some(second) => {
                batch.begin = second.begin;
                batch.end = queued;
            }
        }
    }

    /// Handles the complete reply to a command.
    pub(super) fn answered(&mut self, command: Span) {
        if let Self::Open(batch) = self
            && command.end >= batch.end
        {
            *self = Self::Answered;
        }
    }

    /// Returns whether the first pipelined batch was sent, at least in part, and is not answered
    /// completely.
    pub(super) fn is_unanswered(&self, buffer: &SendBuffer) -> bool {
        matches!(self, Self::Open(batch) if buffer.has_begun(*batch))
    }
}
