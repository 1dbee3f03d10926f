//! Look-ups of entries by the digests of their headers.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::digest::Digest;
use super::entry::{Entry, Kept};
use super::table::{Handle, Table};

/// Entries by the digests of their headers.
#[derive(Debug, Default)]
pub(super) struct Headers(BTreeMap<Digest, Alike>);

/// Entries with the same header.
#[derive(Debug)]
struct Alike {
    entries: Vec<Handle>,
    /// The text of the first that is not only a header.
    text: Option<Digest>,
    /// Whether another has another text, so that the header does not say which one a message is.
    ambiguous: bool,
}

impl Headers {
    /// Collects the entries that `wanted` accepts.
    pub(super) fn new(table: &Table, wanted: impl Fn(Handle, &Entry) -> bool) -> Self {
        let mut headers = BTreeMap::<Digest, Alike>::new();
        for (handle, entry) in table.iter() {
            if let Some(header) = entry.header
                && wanted(handle, &entry)
            {
                let text = entry.whole.filter(|_| entry.kept != Kept::Header);
                let alike = headers.entry(header).or_insert_with(|| Alike {
                    entries: Vec::new(),
                    text,
                    ambiguous: false,
                });
                alike.entries.push(handle);
                alike.ambiguous |= alike
                    .text
                    .zip(text)
                    .is_some_and(|(one, other)| one != other);
                alike.text = alike.text.or(text);
            }
        }
        Self(headers)
    }

    /// Returns the entries with this header that are not removed.
    pub(super) fn get(&self, header: Digest) -> &[Handle] {
        self.0
            .get(&header)
            .map_or(&[], |alike| alike.entries.as_slice())
    }

    /// Returns whether entries with this header have different texts.
    pub(super) fn is_ambiguous(&self, header: Digest) -> bool {
        self.0.get(&header).is_some_and(|alike| alike.ambiguous)
    }

    /// Removes an entry that a message was found to be, so that equal copies are not searched again
    /// and again.
    pub(super) fn remove(&mut self, header: Digest, handle: Handle) {
        if let Some(alike) = self.0.get_mut(&header)
            && let Some(at) = alike.entries.iter().position(|it| *it == handle)
        {
            alike.entries.swap_remove(at);
        }
    }
}
