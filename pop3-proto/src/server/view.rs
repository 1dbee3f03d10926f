//! The maildrop as one session sees it: numbered messages, some of them marked as deleted.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::maildrop::{Maildrop, StoredMessage};

/// A maildrop with its deletion marks.
pub(super) struct View {
    maildrop: Maildrop,
    /// One mark for each message.
    deleted: Vec<bool>,
    /// The number of messages that are not marked, and their octets. They are kept up to date,
    /// because a client may pipeline thousands of STATs.
    left: (usize, u64),
    /// Whether messages after a deleted one get lower numbers.
    renumbers: bool,
    /// What is appended to each unique-id in this session.
    unique_id_suffix: String,
}

impl View {
    pub(super) fn new(maildrop: Maildrop) -> Self {
        let deleted = vec![false; maildrop.len()];
        let left = (maildrop.len(), maildrop.octets());
        Self {
            maildrop,
            deleted,
            left,
            renumbers: false,
            unique_id_suffix: String::new(),
        }
    }

    /// Makes a view whose messages get new numbers after DELE, and whose unique-ids end in a suffix
    /// for this session. Both are faults.
    pub(super) fn with_faults(mut self, renumbers: bool, unique_id_suffix: String) -> Self {
        self.renumbers = renumbers;
        self.unique_id_suffix = unique_id_suffix;
        self
    }

    /// Replaces the messages, before any of them is marked.
    pub(super) fn set_maildrop(&mut self, maildrop: Maildrop) {
        self.maildrop = maildrop;
        self.deleted = vec![false; self.maildrop.len()];
        self.reset();
    }

    /// Adds a message at the end.
    pub(super) fn deliver(&mut self, message: StoredMessage) {
        self.left.0 += 1;
        self.left.1 = self.left.1.saturating_add(message.listed_size());
        self.deleted.push(false);
        self.maildrop.push_message(message);
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
        let index = self.index(number).ok_or(NO_SUCH_MESSAGE)?;
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
        let size = self.message(number)?.listed_size();
        let index = self.index(number);
        if let Some(mark) = index.and_then(|index| self.deleted.get_mut(index)) {
            *mark = true;
            self.left.0 -= 1;
            self.left.1 = self.left.1.saturating_sub(size);
        }
        Ok(())
    }

    /// Removes all marks (RSET).
    pub(super) fn reset(&mut self) {
        self.deleted.fill(false);
        self.left = (self.maildrop.len(), self.maildrop.octets());
    }

    /// Removes the marked messages in the UPDATE state, at most this many, and returns them.
    pub(super) fn expunge(&mut self, most: usize) -> Vec<StoredMessage> {
        let mut expunged = Vec::new();
        if self.left.0 < self.maildrop.len() {
            let mut deleted = self.deleted.iter();
            self.maildrop.retain(|message| {
                let marked = deleted.next().is_some_and(|deleted| *deleted);
                let delete = marked && expunged.len() < most;
                if delete {
                    expunged.push(message.clone());
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

    /// Converts a message-number to an index.
    fn index(&self, number: u64) -> Option<usize> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        if !self.renumbers {
            return Some(index);
        }
        let left = self.deleted.iter().enumerate();
        let (index, _) = left.filter(|(_, deleted)| !**deleted).nth(index)?;
        Some(index)
    }

    /// Converts an index to a message-number. Message-numbers begin with 1 (RFC 1939 section 4).
    pub(super) fn number(&self, index: usize) -> u64 {
        let before = self.deleted.get(..index).unwrap_or_default();
        let gone = if self.renumbers {
            before.iter().filter(|deleted| **deleted).count()
        } else {
            0
        };
        (index - gone) as u64 + 1
    }

    /// Adds the unique-id of a message, as this session sees it.
    pub(super) fn push_unique_id(&self, octets: &mut Vec<u8>, message: &StoredMessage) {
        octets.extend_from_slice(message.unique_id());
        octets.extend_from_slice(self.unique_id_suffix.as_bytes());
    }
}

const NO_SUCH_MESSAGE: &str = "no such message";
