//! The entries of a ledger in memory, and the index that finds them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::day::Day;
use super::digest::Digest;
use super::entry::{Entry, Packed, Presence, split};

/// The place of an entry in a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Handle(pub(super) u32);

/// What identifies an entry: its unique-id, or its digests if it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key<'a> {
    Id(&'a [u8]),
    Content(Digest, Digest),
}

/// A million unique-ids in a few large blocks.
#[derive(Debug, Clone, Default)]
struct Ids {
    blocks: Vec<Vec<u8>>,
}

/// The size of a block. A unique-id is never split between two.
const BLOCK: usize = 1 << 18;

/// The longest unique-id that a ledger keeps, in octets.
pub(super) const MAX_ID: usize = 512;

impl Ids {
    fn push(&mut self, id: &[u8]) -> u32 {
        let id = id.get(..MAX_ID).unwrap_or(id);
        let needed = 2 + id.len();
        if self
            .blocks
            .last()
            .is_none_or(|block| block.len() + needed > BLOCK)
        {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let index = self.blocks.len().saturating_sub(1);
        let Some(block) = self.blocks.last_mut() else {
            return Packed::NO_ID;
        };
        let at = index * BLOCK + block.len();
        // At most 512, so it fits.
        block.extend_from_slice(&(id.len() as u16).to_be_bytes());
        block.extend_from_slice(id);
        u32::try_from(at).unwrap_or(Packed::NO_ID)
    }

    fn get(&self, at: u32) -> Option<&[u8]> {
        if at == Packed::NO_ID {
            return None;
        }
        let at = at as usize;
        let block = self.blocks.get(at / BLOCK)?.get(at % BLOCK..)?;
        let (length, rest) = block.split_first_chunk::<2>()?;
        rest.get(..u16::from_be_bytes(*length).into())
    }
}

/// The entries of a ledger.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    ids: Ids,
    entries: Vec<Packed>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The tries of the few messages that could not be fetched, the day of the last, and
    /// whether they are suspects.
    tries: BTreeMap<Handle, (u8, Day, bool)>,
    forgotten: usize,
}

impl Table {
    /// Reserves room for this many entries.
    pub(super) fn reserve(&mut self, entries: usize) {
        let Self {
            ids,
            entries: packed,
            index,
            hasher,
            ..
        } = self;
        packed.reserve(entries);
        index.reserve(entries, |at| hash_at(hasher, ids, packed, *at));
    }

    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.forgotten
    }

    /// Returns a number above every handle.
    pub(super) fn end(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, handle: Handle) -> Option<Entry> {
        let packed = self.entries.get(handle.0 as usize)?;
        if packed.is_forgotten() {
            return None;
        }
        let mut entry = packed.entry();
        if let Some((tries, day, suspect)) = self.tries.get(&handle) {
            (entry.tries, entry.tried, entry.suspect) = (*tries, *day, *suspect);
        }
        Some(entry)
    }

    pub(super) fn id(&self, handle: Handle) -> Option<&[u8]> {
        self.ids.get(self.entries.get(handle.0 as usize)?.id)
    }

    /// Changes an entry. Its digests may only change if it has a unique-id.
    pub(super) fn set(&mut self, handle: Handle, entry: &Entry) {
        let Some(packed) = self.entries.get_mut(handle.0 as usize) else {
            return;
        };
        packed.set(entry);
        if entry.tries == 0 {
            self.tries.remove(&handle);
        } else {
            let tries = (entry.tries, entry.tried, entry.suspect);
            self.tries.insert(handle, tries);
        }
    }

    /// Returns the entry with this unique-id.
    pub(super) fn find_id(&self, id: &[u8]) -> Option<Handle> {
        let hash = hash_id(&self.hasher, id);
        let is = |at: &u32| self.id(Handle(*at)) == Some(id);
        self.index.find(hash, is).map(|at| Handle(*at))
    }

    /// Returns the entries without a unique-id that have these digests.
    pub(super) fn find_content(
        &self,
        header: Digest,
        whole: Digest,
    ) -> impl Iterator<Item = Handle> {
        let key = (split(header.bits()), split(whole.bits()));
        let hash = hash_content(&self.hasher, key);
        self.index
            .iter_hash(hash)
            .copied()
            .map(Handle)
            .filter(move |handle| {
                self.entries
                    .get(handle.0 as usize)
                    .is_some_and(|packed| packed.id == Packed::NO_ID && packed.digests() == key)
            })
    }

    /// Returns the entry that a line of the ledger means. Among equal copies without a unique-id,
    /// that is the last one that `wanted` accepts.
    pub(super) fn find(&self, key: Key<'_>, wanted: fn(Presence) -> bool) -> Option<Handle> {
        match key {
            Key::Id(id) => self.find_id(id),
            Key::Content(header, whole) => {
                let accepted =
                    |handle: &Handle| self.get(*handle).is_some_and(|it| wanted(it.presence));
                self.find_content(header, whole).filter(accepted).max()
            }
        }
    }

    /// Adds an entry. An entry with the same unique-id must not exist.
    pub(super) fn insert(&mut self, id: Option<&[u8]>, entry: &Entry) -> Handle {
        let handle = Handle(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        let id = id.map_or(Packed::NO_ID, |id| self.ids.push(id));
        self.entries.push(Packed::new(id, entry));
        self.set(handle, entry);
        self.index(handle);
        handle
    }

    /// Gives an entry another unique-id.
    pub(super) fn rename(&mut self, handle: Handle, id: &[u8]) {
        self.unindex(handle);
        let at = self.ids.push(id);
        if let Some(packed) = self.entries.get_mut(handle.0 as usize) {
            packed.id = at;
        }
        self.index(handle);
    }

    /// Removes an entry.
    pub(super) fn forget(&mut self, handle: Handle) {
        self.unindex(handle);
        self.tries.remove(&handle);
        if let Some(packed) = self.entries.get_mut(handle.0 as usize)
            && !packed.is_forgotten()
        {
            packed.forget();
            self.forgotten += 1;
        }
    }

    fn index(&mut self, handle: Handle) {
        let Self {
            ids,
            entries,
            index,
            hasher,
            ..
        } = self;
        let hash = hash_at(hasher, ids, entries, handle.0);
        index.insert_unique(hash, handle.0, |at| hash_at(hasher, ids, entries, *at));
    }

    fn unindex(&mut self, handle: Handle) {
        let Self {
            ids,
            entries,
            index,
            hasher,
            ..
        } = self;
        let hash = hash_at(hasher, ids, entries, handle.0);
        if let Ok(found) = index.find_entry(hash, |at| *at == handle.0) {
            found.remove();
        }
    }

    /// Returns all entries.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Handle, Entry)> {
        (0..self.entries.len()).filter_map(|at| {
            let handle = Handle(u32::try_from(at).ok()?);
            Some((handle, self.get(handle)?))
        })
    }
}

fn hash_at(hasher: &DefaultHashBuilder, ids: &Ids, entries: &[Packed], at: u32) -> u64 {
    let Some(packed) = entries.get(at as usize) else {
        return 0;
    };
    match ids.get(packed.id) {
        Some(id) => hash_id(hasher, id),
        None => hash_content(hasher, packed.digests()),
    }
}

fn hash_id(hasher: &DefaultHashBuilder, id: &[u8]) -> u64 {
    hasher.hash_one(id)
}

fn hash_content(hasher: &DefaultHashBuilder, digests: ([u32; 2], [u32; 2])) -> u64 {
    hasher.hash_one(digests)
}
