//! Look-ups of entries by the digests of their headers.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::digest::Digest;
use super::entry::Entry;
use super::table::{Handle, Table};

/// Entries by the digests of their headers.
#[derive(Debug, Default)]
pub(super) struct Headers(BTreeMap<Digest, Vec<Handle>>);

impl Headers {
    /// Collects the entries that `wanted` accepts.
    pub(super) fn new(table: &Table, wanted: impl Fn(Handle, &Entry) -> bool) -> Self {
        let mut headers = BTreeMap::<Digest, Vec<Handle>>::new();
        for (handle, entry) in table.iter() {
            if let Some(header) = entry.header
                && wanted(handle, &entry)
            {
                headers.entry(header).or_default().push(handle);
            }
        }
        Self(headers)
    }

    pub(super) fn get(&self, header: Digest) -> &[Handle] {
        self.0.get(&header).map_or(&[], Vec::as_slice)
    }
}
