//! The messages on the server, and the key by which the Maildir recognizes each.

use std::collections::HashMap;

use pop3_blocking::{
    MessageNumber, UniqueId,
    listing::{Listing, UidListing},
};

/// A message on the server.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) number: MessageNumber,
    /// The size in octets that the server listed. Only the progress bar uses it.
    pub(crate) octets: u64,
    /// The key in the Maildir's record; `None` if the server gives the message no unique-id.
    pub(crate) key: Option<Vec<u8>>,
    /// Whether no other message has the same unique-id. Only then does a stored unique-id prove that
    /// this message was stored and may be deleted.
    pub(crate) unique: bool,
}

/// Returns the messages in the `UIDL` listing, in its order, and the numbers that only `LIST` has.
pub(crate) fn mailbox(sizes: &Listing, unique_ids: &UidListing) -> (Vec<Mail>, Vec<MessageNumber>) {
    let mut sizes: HashMap<MessageNumber, Option<u64>> = sizes
        .iter()
        .map(|entry| (entry.number, entry.octets))
        .collect();
    let mut owners: HashMap<UniqueId, u32> = HashMap::new();
    for id in unique_ids.iter().filter_map(|entry| entry.unique_id) {
        *owners.entry(id).or_default() += 1;
    }
    let mut nth: HashMap<UniqueId, u32> = HashMap::new();
    let mail = unique_ids.iter().map(|entry| {
        let id = entry.unique_id;
        let unique = id.as_ref().is_some_and(|id| owners.get(id) == Some(&1));
        let key = id.map(|id| {
            let mut key = id.as_bytes().to_vec();
            if !unique {
                // No unique-id contains a line break. Without the suffix, a message would count as stored
                // if another one with the same unique-id was.
                let nth = nth.entry(id).or_default();
                *nth += 1;
                key.extend_from_slice(format!("\n{nth}").as_bytes());
            }
            key
        });
        let size = sizes.remove(&entry.number).flatten();
        Mail {
            number: entry.number,
            octets: size.unwrap_or_default(),
            key,
            unique,
        }
    });
    let mail = mail.collect();
    let mut left_out: Vec<_> = sizes.into_keys().collect();
    left_out.sort_unstable();
    (mail, left_out)
}
