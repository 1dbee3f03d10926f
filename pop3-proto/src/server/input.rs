//! Splits the octets from the client into command lines.

use bytes::BytesMut;
use memchr::memchr;

/// The octets that the client sent up to an LF.
pub(super) enum ClientLine {
    /// A command line with its line end.
    Whole(BytesMut),
    /// A line that is longer than the limit. Its octets were dropped.
    TooLong,
}

/// Octets that were received and not answered yet.
#[derive(Default)]
pub(super) struct Input {
    octets: BytesMut,
    /// Whether the input is inside a line that is too long: nothing is kept until its LF.
    skipping: bool,
}

impl Input {
    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    pub(super) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Drops everything, including the beginning of a line.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the next line, if its LF was received. A line that is too long is reported when it
    /// ends, not before. Otherwise the client would get the reply while it still sends the command,
    /// and take it for the reply to the previous command.
    pub(super) fn next_line(&mut self, limit: usize) -> Option<ClientLine> {
        if let Some(at) = memchr(b'\n', &self.octets) {
            let line = self.octets.split_to(at + 1);
            let too_long = core::mem::take(&mut self.skipping) || line.len() > limit;
            return Some(if too_long {
                ClientLine::TooLong
            } else {
                ClientLine::Whole(line)
            });
        }
        if self.octets.len() >= limit {
            self.octets.clear();
            self.skipping = true;
        }
        None
    }
}
