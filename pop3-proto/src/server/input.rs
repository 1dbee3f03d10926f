//! Octets from the client, cut into command lines.

use bytes::BytesMut;
use memchr::memchr;

/// What the client sent up to one LF.
pub(super) enum ClientLine {
    /// A command line with its line end.
    Whole(BytesMut),
    /// A line over the limit. Its octets are gone.
    TooLong,
}

/// Received and not yet answered.
#[derive(Default)]
pub(super) struct Input {
    octets: BytesMut,
    /// Inside a line that is over the limit: nothing is kept up to its LF.
    skipping: bool,
}

impl Input {
    pub(super) fn len(&self) -> usize {
        self.octets.len()
    }

    pub(super) fn push(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
    }

    /// Forgets everything, the beginning of a line included.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the next line, if its LF is here. One that is too long is reported when it ends, not before: an answer to a
    /// command that is still being sent would look to the client like one to the command before.
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
