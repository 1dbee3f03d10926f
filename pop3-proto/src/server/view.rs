//! The maildrop as one session sees it: numbered messages, some of them marked as deleted.

use alloc::vec;
use alloc::vec::Vec;

use bytes::Bytes;

use super::maildrop::{Maildrop, StoredMessage};

/// A maildrop with its deletion marks.
pub(super) struct View {
    maildrop: Maildrop,
    /// One mark for each message.
    deleted: Vec<bool>,
    /// The number of messages that are not marked, and their octets. They are kept up to date,
    /// because a client may pipeline thousands of STATs.
    left: (usize, u64),
}

impl View {
    pub(super) fn new(maildrop: Maildrop) -> Self {
        let deleted = vec![false; maildrop.len()];
        let left = (maildrop.len(), maildrop.octets());
        Self {
            maildrop,
            deleted,
            left,
        }
    }

    pub(super) fn maildrop(&self) -> &Maildrop {
        &self.maildrop
    }

    /// Returns the number of messages that are not marked, and their octets.
    pub(super) fn left(&self) -> (usize, u64) {
        self.left
    }

    /// Returns the message with this number, or the text of the refusal.
    pub(super) fn message(&self, number: u64) -> Result<&StoredMessage, &'static str> {
        let index = index(number).ok_or(NO_SUCH_MESSAGE)?;
        let message = self.maildrop.at(index).ok_or(NO_SUCH_MESSAGE)?;
        if self.is_deleted(index) {
            Err("message is deleted")
        } else {
            Ok(message)
        }
    }

    /// Returns the first message from `index` on that is not marked, and its index.
    pub(super) fn next(&self, index: usize) -> Option<(usize, &StoredMessage)> {
        let skipped = self
            .deleted
            .get(index..)?
            .iter()
            .position(|deleted| !deleted)?;
        Some((index + skipped, self.maildrop.at(index + skipped)?))
    }

    /// Marks the message with this number as deleted (DELE), or returns the text of the refusal.
    pub(super) fn delete(&mut self, number: u64) -> Result<(), &'static str> {
        let size = self.message(number)?.size();
        if let Some(mark) = index(number).and_then(|index| self.deleted.get_mut(index)) {
            *mark = true;
            self.left.0 -= 1;
            self.left.1 -= size;
        }
        Ok(())
    }

    /// Removes all marks (RSET).
    pub(super) fn reset(&mut self) {
        self.deleted.fill(false);
        self.left = (self.maildrop.len(), self.maildrop.octets());
    }

    /// Removes the marked messages in the UPDATE state, and returns their unique-ids.
    pub(super) fn expunge(&mut self) -> Vec<Bytes> {
        let mut expunged = Vec::new();
        if self.left.0 < self.maildrop.len() {
            let mut deleted = self.deleted.iter();
            self.maildrop.retain(|message| {
                let delete = deleted.next().is_some_and(|deleted| *deleted);
                if delete {
                    expunged.push(message.unique_id().clone());
                }
                !delete
            });
            self.deleted = vec![false; self.maildrop.len()];
        }
        expunged
    }

    fn is_deleted(&self, index: usize) -> bool {
        self.deleted.get(index).is_some_and(|deleted| *deleted)
    }
}

const NO_SUCH_MESSAGE: &str = "no such message";

/// Converts a message-number to an index. Message-numbers begin with 1 (RFC 1939 section 4).
fn index(number: u64) -> Option<usize> {
    usize::try_from(number).ok()?.checked_sub(1)
}
