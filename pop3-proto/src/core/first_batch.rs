//! Whether the server has shown that it supports pipelining.

use super::send_buffer::{SendBuffer, Span};

/// The first pipelined batch of a connection: the commands of one write, starting with the first one
/// that was sent while another was unanswered. Positions count all octets ever sent.
#[derive(Debug, Default)]
pub(super) enum FirstBatch {
    /// No command was sent while another was unanswered.
    #[default]
    None,
    /// Not answered completely. It begins with the first command that did not wait for a reply.
    Open(Span),
    /// Answered completely: the server supports pipelining.
    Answered,
}

impl FirstBatch {
    /// A command joins those in flight; in the same write as the command before it, or in a write of
    /// its own.
    pub(super) fn join(&mut self, command: Span, same_write: bool) {
        match self {
            Self::None => *self = Self::Open(command),
            Self::Open(batch) if same_write => batch.end = command.end,
            // A long pipeline never drains: without this the first batch would never be answered
            // completely.
            Self::Open(_) | Self::Answered => {}
        }
    }

    /// Commands that were not sent were retracted. `second` is the request in flight after the first.
    pub(super) fn retract(&mut self, buffer: &SendBuffer, second: Option<Span>) {
        let Self::Open(batch) = self else {
            return;
        };
        // The lines that were not sent are sent in one write.
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

    /// The reply to this command is complete.
    pub(super) fn answered(&mut self, command: Span) {
        if let Self::Open(batch) = self
            && command.end >= batch.end
        {
            *self = Self::Answered;
        }
    }

    /// Whether pipelined commands were sent and are not answered completely.
    pub(super) fn is_unanswered(&self, buffer: &SendBuffer) -> bool {
        matches!(self, Self::Open(batch) if buffer.has_begun(*batch))
    }
}
