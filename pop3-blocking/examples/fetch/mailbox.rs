//! What is on the server, and what each message is remembered by.

use std::collections::HashMap;

use pop3_blocking::{
    MessageNumber, UniqueId,
    listing::{Listing, UidListing},
};

/// A message on the server.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) number: MessageNumber,
    /// Its octets by the server's reckoning: for the progress bar, and no more.
    pub(crate) octets: u64,
    /// What the Maildir remembers it by; nothing if the server gives it no unique-id.
    pub(crate) key: Option<Vec<u8>>,
    /// Whether no other message has its unique-id. Only then does "this id was stored" mean that
    /// this message was, and that it may be deleted.
    pub(crate) unique: bool,
}

/// The messages that `UIDL` names, in its order, and those that only `LIST` names.
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
                // No unique-id has a line break. Without this, the one message that is left of
                // several some day would count as stored, whichever it is.
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
