//! The receive buffer: one block of fixed size, which is reused when no chunk refers to it any
//! more.

use bytes::{Buf as _, Bytes, BytesMut};

/// The octets from the server that were not parsed yet.
pub(super) struct RecvBuffer {
    /// Initialised memory: `filled` octets from the server, then room for more.
    block: BytesMut,
    filled: usize,
    /// How many of the octets were searched for a line end without success.
    searched: usize,
    capacity: usize,
}

/// The length of `-ERR`.
const LONGEST_INDICATOR: usize = 4;

impl core::fmt::Debug for RecvBuffer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RecvBuffer({} octets)", self.filled)
    }
}

impl RecvBuffer {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            block: BytesMut::new(),
            filled: 0,
            searched: 0,
            capacity,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == self.capacity
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.block.get(..self.filled).unwrap_or_default()
    }

    pub(super) fn octets_mut(&mut self) -> &mut [u8] {
        self.block.get_mut(..self.filled).unwrap_or_default()
    }

    /// Returns whether the octets are the continuation of one line whose first word was checked
    /// before.
    pub(super) fn is_within_a_line(&self) -> bool {
        let new = self.octets().get(self.searched..).unwrap_or_default();
        self.searched > LONGEST_INDICATOR && memchr::memchr(b'\n', new).is_none()
    }

    /// Returns the room for the next read.
    pub(super) fn room(&mut self) -> &mut [u8] {
        // Avoid small reads: a read costs the same for a few octets as for many.
        if self.block.len() - self.filled < self.capacity / 4 {
            self.make_room();
        }
        self.block.get_mut(self.filled..).unwrap_or_default()
    }

    /// Moves the unread octets to the front of the block, or to a new block if chunks of the old
    /// one are still in use. The capacity never grows.
    fn make_room(&mut self) {
        self.block.truncate(self.filled);
        if !self.block.try_reclaim(self.capacity - self.filled) {
            let mut fresh = BytesMut::with_capacity(self.capacity);
            fresh.extend_from_slice(&self.block);
            self.block = fresh;
        }
        self.block.resize(self.capacity, 0);
    }

    /// Counts octets that were read into the room.
    pub(super) fn fill(&mut self, octets: usize) {
        self.filled = self.block.len().min(self.filled.saturating_add(octets));
    }

    /// Removes the first octets and returns them as a chunk, without a copy.
    pub(super) fn take(&mut self, octets: usize) -> Bytes {
        let octets = octets.min(self.filled);
        if octets == 0 {
            return Bytes::new();
        }
        self.filled -= octets;
        self.searched = 0;
        self.block.split_to(octets).freeze()
    }

    /// Drops the first octets.
    pub(super) fn skip(&mut self, octets: usize) {
        let octets = octets.min(self.filled);
        self.filled -= octets;
        self.searched = 0;
        self.block.advance(octets);
    }

    pub(super) fn clear(&mut self) {
        self.block = BytesMut::new();
        self.filled = 0;
        self.searched = 0;
    }

    /// Returns the next line without its line end, and whether that was a bare LF. Each octet is
    /// searched only once, even if the line is received in many parts.
    pub(super) fn line(&mut self) -> Option<(Bytes, bool)> {
        let unsearched = self.octets().get(self.searched..)?;
        let Some(found) = memchr::memchr(b'\n', unsearched) else {
            self.searched = self.filled;
            return None;
        };
        let end = self.searched + found;
        let before = self.octets().get(..end).unwrap_or_default();
        let bare = !before.ends_with(b"\r");
        let line = self.take(if bare { end } else { end - 1 });
        self.skip(if bare { 1 } else { 2 });
        Some((line, bare))
    }
}
