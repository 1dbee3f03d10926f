//! A maildrop as one session lists it: `STAT`, `LIST` and `UIDL` together.

use alloc::collections::BTreeMap;
use core::num::NonZeroU32;

use crate::listing::{Entries, Listing, ListingEntry, UidListing};
use crate::reply::MailboxStat;
use crate::types::{MessageNumber, UniqueId};

/// The replies to `STAT`, `LIST` and `UIDL` in one session; `None` for those that failed.
#[derive(Debug, Clone, Default)]
pub struct Mailbox {
    /// The number of messages. It is used only if there are no listings.
    pub stat: Option<MailboxStat>,
    /// The sizes.
    pub sizes: Option<Listing>,
    /// The unique-ids.
    pub unique_ids: Option<UidListing>,
}

/// How many messages there are at most if the only thing known is the number in the reply to `STAT`:
/// a server can send any number.
const MAX_COUNT: u32 = 1_000_000;

/// A message as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) number: MessageNumber,
    pub(super) octets: Option<u64>,
    pub(super) id: Option<UniqueId>,
    /// Whether `UIDL` names the message, with or without a unique-id.
    pub(super) in_uidl: bool,
}

impl Listed {
    fn new(number: MessageNumber) -> Self {
        Self {
            number,
            octets: None,
            id: None,
            in_uidl: false,
        }
    }
}

impl Mailbox {
    /// Returns whether the server says that there are no messages.
    pub(super) fn is_empty(&self) -> bool {
        // `STAT` may be wrong: what is listed is there.
        self.len() == 0 && self.stat.is_none_or(|stat| stat.messages == 0)
    }

    /// Returns about how many messages there are.
    pub(super) fn len(&self) -> usize {
        let listed = |listed: Option<usize>| listed.unwrap_or(0);
        listed(self.sizes.as_ref().map(Entries::len))
            .max(listed(self.unique_ids.as_ref().map(Entries::len)))
    }

    /// Returns whether anything is known about its messages.
    pub(super) fn is_known(&self) -> bool {
        self.stat.is_some() || self.sizes.is_some() || self.unique_ids.is_some()
    }

    /// Returns whether every message must be in the listing of the unique-ids, so that one that is
    /// not there is gone.
    pub(super) fn is_complete(&self) -> bool {
        self.is_empty()
            || self
                .unique_ids
                .as_ref()
                .is_some_and(|ids| ids.malformed_lines() == 0)
    }

    /// Calls `each` with every message, in the order of their numbers.
    pub(super) fn for_each(&self, mut each: impl FnMut(Listed)) {
        if self.is_empty() {
            return;
        }
        match (&self.sizes, &self.unique_ids) {
            (None, None) => {
                let count = self.stat.map_or(0, |stat| stat.messages).min(MAX_COUNT);
                let numbers = (1..=count).map_while(NonZeroU32::new);
                numbers.for_each(|number| each(Listed::new(number.into())));
            }
            (sizes, ids) if ordered(sizes.as_ref()) && ordered(ids.as_ref()) => {
                merge(sizes.as_ref(), ids.as_ref(), each);
            }
            (sizes, ids) => sorted(sizes.as_ref(), ids.as_ref())
                .into_values()
                .for_each(each),
        }
    }
}

fn ordered<E: ListingEntry>(listing: Option<&Entries<E>>) -> bool {
    listing.is_none_or(Entries::is_ascending)
}

/// Joins two listings that are in the order of the numbers, without keeping them.
fn merge(sizes: Option<&Listing>, ids: Option<&UidListing>, mut each: impl FnMut(Listed)) {
    let mut sizes = sizes.into_iter().flatten().peekable();
    let mut ids = ids.into_iter().flatten().peekable();
    loop {
        let next = match (sizes.peek(), ids.peek()) {
            (None, None) => return,
            (Some(size), None) => size.number,
            (None, Some(id)) => id.number,
            (Some(size), Some(id)) => size.number.min(id.number),
        };
        let mut message = Listed::new(next);
        if let Some(size) = sizes.next_if(|size| size.number == next) {
            message.octets = size.octets;
        }
        if let Some(id) = ids.next_if(|id| id.number == next) {
            (message.id, message.in_uidl) = (id.unique_id, true);
        }
        each(message);
    }
}

/// Joins two listings in any order. A message with two values has none.
fn sorted(sizes: Option<&Listing>, ids: Option<&UidListing>) -> BTreeMap<MessageNumber, Listed> {
    let mut messages = BTreeMap::new();
    let mut contradictory = BTreeMap::<MessageNumber, (bool, bool)>::new();
    for size in sizes.into_iter().flatten() {
        let message = messages
            .entry(size.number)
            .or_insert_with(|| Listed::new(size.number));
        if message.octets.is_some() && message.octets != size.octets {
            contradictory.entry(size.number).or_default().0 = true;
        }
        message.octets = size.octets;
    }
    for id in ids.into_iter().flatten() {
        let message = messages
            .entry(id.number)
            .or_insert_with(|| Listed::new(id.number));
        if message.id.is_some() && message.id != id.unique_id {
            contradictory.entry(id.number).or_default().1 = true;
        }
        (message.id, message.in_uidl) = (id.unique_id, true);
    }
    for (number, (size, id)) in contradictory {
        if let Some(message) = messages.get_mut(&number) {
            if size {
                message.octets = None;
            }
            if id {
                message.id = None;
            }
        }
    }
    messages
}
