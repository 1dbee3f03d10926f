//! A set of entries of a ledger.

use alloc::vec::Vec;

use super::table::Handle;

/// A set of entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Vec<u64>);

impl Places {
    /// Adds an entry. Returns whether it was not there.
    pub(super) fn insert(&mut self, handle: Handle) -> bool {
        let (word, bit) = (handle.0 as usize / 64, 1u64 << (handle.0 % 64));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        match self.0.get_mut(word) {
            Some(word) => {
                let new = *word & bit == 0;
                *word |= bit;
                new
            }
            None => false,
        }
    }

    pub(super) fn contains(&self, handle: Handle) -> bool {
        let word = self.0.get(handle.0 as usize / 64);
        word.is_some_and(|word| word & 1u64 << (handle.0 % 64) != 0)
    }
}
