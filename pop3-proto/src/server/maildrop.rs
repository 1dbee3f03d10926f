//! The messages that a server offers, in memory.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::slice;

use bytes::Bytes;

/// The messages of one account, in the order of their message-numbers (RFC 1939 section 4).
///
/// A clone shares the messages with its original and costs next to nothing; whichever of the two is changed first gets
/// its own list. Each [`Server`](super::Server) works on such a snapshot, as RFC 1939 wants: what arrives or goes
/// elsewhere during a session changes neither numbers nor sizes in it.
///
/// Unique-ids are written as they are given. RFC 1939 section 7 allows 1 to 70 octets from 0x21 to 0x7E; nothing is
/// checked here, because a test may well want to see what a client does about others.
#[derive(Clone, Default)]
pub struct Maildrop {
    messages: Arc<Vec<StoredMessage>>,
    octets: u64,
}

impl Maildrop {
    /// A maildrop without messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message behind all others.
    ///
    /// `octets` is the message as the client is to see it: lines that end in CRLF, without dot-stuffing. It is kept
    /// exactly as given; where the last line lacks its CRLF, the server adds one as it sends the message. A bare CR or
    /// LF is data and is sent as it is: dots are stuffed only after CRLF, as RFC 1939 section 3 says.
    pub fn push(&mut self, unique_id: impl Into<Bytes>, octets: impl Into<Bytes>) {
        self.extend([(unique_id, octets)]);
    }

    /// The number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The size of the maildrop in octets, as STAT announces it: the sum of [`StoredMessage::size`].
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// The messages in the order of their message-numbers; the first one has number 1.
    pub fn messages(&self) -> slice::Iter<'_, StoredMessage> {
        self.messages.iter()
    }

    /// The first message with this unique-id.
    #[must_use]
    pub fn get(&self, unique_id: &[u8]) -> Option<&StoredMessage> {
        self.messages()
            .find(|message| message.unique_id == unique_id)
    }

    /// Takes the first message with this unique-id out; all behind it move up by one number.
    ///
    /// With [`Server::expunged`](super::Server::expunged) this applies to a shared maildrop what one session removed.
    pub fn remove(&mut self, unique_id: &[u8]) -> Option<StoredMessage> {
        let index = self
            .messages()
            .position(|message| message.unique_id == unique_id)?;
        let message = Arc::make_mut(&mut self.messages).remove(index);
        self.octets -= message.size();
        Some(message)
    }

    /// The message at this place, counted from 0.
    pub(super) fn at(&self, index: usize) -> Option<&StoredMessage> {
        self.messages.get(index)
    }

    /// Keeps only the messages that `keep` accepts; it is asked in order.
    pub(super) fn retain(&mut self, keep: impl FnMut(&StoredMessage) -> bool) {
        Arc::make_mut(&mut self.messages).retain(keep);
        self.octets = self.messages().map(StoredMessage::size).sum();
    }
}

impl<U: Into<Bytes>, O: Into<Bytes>> Extend<(U, O)> for Maildrop {
    /// Adds pairs of unique-id and octets, as [`push`](Self::push) does.
    fn extend<I: IntoIterator<Item = (U, O)>>(&mut self, messages: I) {
        let octets = &mut self.octets;
        Arc::make_mut(&mut self.messages).extend(messages.into_iter().map(
            |(unique_id, octets_given)| {
                let message = StoredMessage {
                    unique_id: unique_id.into(),
                    octets: octets_given.into(),
                };
                *octets += message.size();
                message
            },
        ));
    }
}

impl<U: Into<Bytes>, O: Into<Bytes>> FromIterator<(U, O)> for Maildrop {
    /// A maildrop of pairs of unique-id and octets.
    fn from_iter<I: IntoIterator<Item = (U, O)>>(messages: I) -> Self {
        let mut maildrop = Self::new();
        maildrop.extend(messages);
        maildrop
    }
}

impl fmt::Debug for Maildrop {
    /// Counts only: nobody wants a gigabyte of mail in a panic message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maildrop")
            .field("messages", &self.len())
            .field("octets", &self.octets)
            .finish()
    }
}

/// A message in a [`Maildrop`]. A clone shares the octets.
#[derive(Clone)]
pub struct StoredMessage {
    unique_id: Bytes,
    octets: Bytes,
}

impl StoredMessage {
    /// The unique-id (RFC 1939 section 7).
    #[must_use]
    pub fn unique_id(&self) -> &Bytes {
        &self.unique_id
    }

    /// The message exactly as it was given.
    #[must_use]
    pub fn octets(&self) -> &Bytes {
        &self.octets
    }

    /// The size in octets that LIST announces and RETR yields (RFC 1939 section 11): the length of
    /// [`octets`](Self::octets), and 2 more where the final CRLF is missing. Dot-stuffing does not count.
    #[must_use]
    pub fn size(&self) -> u64 {
        let added = if self.lacks_final_crlf() { 2 } else { 0 };
        self.octets.len() as u64 + added
    }

    /// Whether CRLF has to be added so that the terminating octet gets a line of its own.
    pub(super) fn lacks_final_crlf(&self) -> bool {
        lacks_final_crlf(&self.octets)
    }
}

/// Whether these octets end inside a line.
pub(super) fn lacks_final_crlf(octets: &[u8]) -> bool {
    !octets.is_empty() && !octets.ends_with(b"\r\n")
}

impl fmt::Debug for StoredMessage {
    /// The unique-id and the size, not the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredMessage")
            .field("unique_id", &self.unique_id)
            .field("size", &self.size())
            .finish()
    }
}
