//! What the unique-ids of a mailbox are worth: whether they identify its messages.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::entry::Presence;
use super::mailbox::Mailbox;
use super::places::Places;
use super::table::{Handle, Table};
use crate::types::{MessageNumber, UniqueId};

/// What the unique-ids of a mailbox are worth.
pub(super) struct Ids {
    /// The entry of each message that has a unique-id, in order: look-ups are the slowest part of a
    /// plan.
    pub(super) found: Vec<Option<Handle>>,
    /// Whether they identify messages.
    pub(super) usable: bool,
    /// The unique-ids of more than one message.
    pub(super) shared: BTreeSet<UniqueId>,
    /// Whether `UIDL` was answered, so that each message should be in it.
    pub(super) all_in_uidl: bool,
    /// How many are known.
    pub(super) known: usize,
    /// Whether the ledger has entries for messages that were listed last time.
    pub(super) any_stored: bool,
    /// The sizes of all messages that the ledger has headers of, if the mailbox has messages that
    /// only these can identify.
    pub(super) sizes: BTreeSet<u32>,
    /// Whether the ledger has such an entry without a size.
    pub(super) sizeless: bool,
    /// The sizes of the messages that are not listed by their own unique-ids.
    pub(super) missing: BTreeSet<u32>,
}

impl Ids {
    pub(super) fn examine(mailbox: &Mailbox, table: &Table) -> Self {
        let (mut messages, mut count, mut numbers, mut known) = (0, 0, 0, 0);
        let mut seen = Places::default();
        let mut found = Vec::new();
        let mut new = Vec::new();
        let mut shared = BTreeSet::new();
        mailbox.for_each(|message| {
            messages += 1;
            let Some(id) = message.id else { return };
            count += 1;
            numbers += usize::from(is_number(id.as_bytes(), message.number));
            let entry = table.find_id(id.as_bytes());
            found.push(entry);
            match entry {
                Some(handle) => {
                    known += 1;
                    if !seen.insert(handle) {
                        shared.insert(id);
                    }
                }
                None => new.push(id),
            }
        });
        new.sort_unstable();
        let twice = new.iter().zip(new.iter().skip(1)).filter(|(a, b)| a == b);
        shared.extend(twice.map(|(id, _)| id.clone()));
        let ids = mailbox.unique_ids.as_ref();
        let usable = numbers < count;
        let by_content = !usable || !shared.is_empty() || count < messages;
        let mut any_stored = false;
        let (mut sizes, mut sizeless) = (BTreeSet::new(), false);
        let mut missing = BTreeSet::new();
        for (handle, entry) in table.iter() {
            if entry.header.is_none() {
                continue;
            }
            if by_content {
                sizes.extend(entry.listed);
                sizeless |= entry.listed.is_none();
            }
            if seen.contains(handle) {
                continue;
            }
            any_stored |= entry.presence == Presence::Listed;
            // A message that is to be deleted comes back under its unique-id, if it has one.
            let expected = match entry.presence {
                Presence::Listed | Presence::Absent(_) => true,
                Presence::Deleting(_) => entry.commits == 0 && table.id(handle).is_none(),
            };
            if expected {
                missing.extend(entry.listed);
            }
        }
        Self {
            found,
            usable,
            shared,
            all_in_uidl: ids.is_some(),
            known,
            any_stored,
            sizes,
            sizeless,
            missing,
        }
    }
}

/// Returns whether a unique-id is the number of its message.
fn is_number(id: &[u8], number: MessageNumber) -> bool {
    crate::listing::digits(id) == Some((Some(number.get().into()), b""))
}
