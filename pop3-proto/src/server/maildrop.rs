//! The messages of a server, in memory.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::slice;

use bytes::Bytes;

/// The messages of one account, in the order of their message-numbers (RFC 1939 section 4).
///
/// A clone shares the messages with its original and needs almost no memory. A clone that is
/// changed gets its own list. Each [`Server`](super::Server) works on such a snapshot, as RFC 1939
/// requires: messages that are added or removed elsewhere during a session change neither its
/// numbers nor its sizes.
///
/// Unique-ids are written unchanged. RFC 1939 section 7 allows 1 to 70 octets from 0x21 to 0x7E.
/// This is not checked, because a test may need to find out how a client handles invalid ones.
#[derive(Clone, Default)]
pub struct Maildrop {
    messages: Arc<Vec<StoredMessage>>,
    octets: u64,
}

impl Maildrop {
    /// Creates a maildrop without messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message at the end.
    ///
    /// `octets` is the message as the client should receive it: lines that end in CRLF, without
    /// dot-stuffing. It is kept unchanged. If the last line has no CRLF, the server adds one when
    /// it sends the message. A bare CR or LF is data and is sent unchanged: dots are stuffed only
    /// after CRLF, as RFC 1939 section 3 says.
    pub fn push(&mut self, unique_id: impl Into<Bytes>, octets: impl Into<Bytes>) {
        self.push_message(StoredMessage::new(unique_id, octets));
    }

    /// Adds a message at the end.
    pub fn push_message(&mut self, message: StoredMessage) {
        self.extend([message]);
    }

    /// Returns the number of messages.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Returns whether the maildrop has no messages.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Returns the size of the maildrop in octets, as STAT reports it: the sum of
    /// [`StoredMessage::listed_size`].
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Returns the messages in the order of their message-numbers; the first one has number 1.
    pub fn messages(&self) -> slice::Iter<'_, StoredMessage> {
        self.messages.iter()
    }

    /// Returns the first message with this unique-id.
    #[must_use]
    pub fn get(&self, unique_id: &[u8]) -> Option<&StoredMessage> {
        self.messages()
            .find(|message| message.unique_id == unique_id)
    }

    /// Removes and returns the first message with this unique-id. The numbers of the messages after
    /// it decrease by one.
    ///
    /// Use it with [`Server::expunged`](super::Server::expunged) to remove the messages that one
    /// session deleted from a shared maildrop.
    pub fn remove(&mut self, unique_id: &[u8]) -> Option<StoredMessage> {
        let index = self
            .messages()
            .position(|message| message.unique_id == unique_id)?;
        self.take(index)
    }

    /// Removes a message that is equal to this one in unique-id and octets, as
    /// [`remove`](Self::remove) does. Two messages may have the same unique-id, because tests need
    /// servers that reuse them.
    pub fn remove_message(&mut self, message: &StoredMessage) -> Option<StoredMessage> {
        let index = self.messages().position(|stored| stored == message)?;
        self.take(index)
    }

    fn take(&mut self, index: usize) -> Option<StoredMessage> {
        let messages = Arc::make_mut(&mut self.messages);
        let message = (index < messages.len()).then(|| messages.remove(index));
        self.count();
        message
    }

    fn count(&mut self) {
        let sizes = self.messages.iter().map(StoredMessage::listed_size);
        self.octets = sizes.fold(0, u64::saturating_add);
    }

    /// Returns the message at this index, counted from 0.
    pub(super) fn at(&self, index: usize) -> Option<&StoredMessage> {
        self.messages.get(index)
    }

    /// Keeps only the messages for which `keep` returns true. It is called in order.
    pub(super) fn retain(&mut self, keep: impl FnMut(&StoredMessage) -> bool) {
        Arc::make_mut(&mut self.messages).retain(keep);
        self.count();
    }
}

impl<U: Into<Bytes>, O: Into<Bytes>> Extend<(U, O)> for Maildrop {
    /// Adds pairs of unique-id and octets, as [`push`](Self::push) does.
    fn extend<I: IntoIterator<Item = (U, O)>>(&mut self, messages: I) {
        let new = |(unique_id, octets)| StoredMessage::new(unique_id, octets);
        self.extend(messages.into_iter().map(new));
    }
}

impl Extend<StoredMessage> for Maildrop {
    /// Adds messages at the end.
    fn extend<I: IntoIterator<Item = StoredMessage>>(&mut self, messages: I) {
        let octets = &mut self.octets;
        let counted = messages.into_iter().inspect(|message| {
            *octets = octets.saturating_add(message.listed_size());
        });
        Arc::make_mut(&mut self.messages).extend(counted);
    }
}

impl<U: Into<Bytes>, O: Into<Bytes>> FromIterator<(U, O)> for Maildrop {
    /// Creates a maildrop from pairs of unique-id and octets.
    fn from_iter<I: IntoIterator<Item = (U, O)>>(messages: I) -> Self {
        let mut maildrop = Self::new();
        maildrop.extend(messages);
        maildrop
    }
}

impl FromIterator<StoredMessage> for Maildrop {
    /// Creates a maildrop from messages, for example from those of another one in another order.
    fn from_iter<I: IntoIterator<Item = StoredMessage>>(messages: I) -> Self {
        let mut maildrop = Self::new();
        maildrop.extend(messages);
        maildrop
    }
}

impl fmt::Debug for Maildrop {
    /// Shows only the counts, because panic messages must not contain whole maildrops.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maildrop")
            .field("messages", &self.len())
            .field("octets", &self.octets)
            .finish()
    }
}

/// A message in a [`Maildrop`]. A clone shares the octets.
///
/// ```
/// use pop3_proto::server::{Maildrop, Server, ServerConfig, StoredMessage};
///
/// // A server that counts each line end as one octet, as its file system does.
/// let message = StoredMessage::new("uid-1", "two\r\nlines\r\n").with_listed_size(10);
/// let mail = Maildrop::from_iter([message]);
/// let mut server = Server::new(ServerConfig::new("joe", "secret"), mail);
/// server.exchange(b"USER joe\r\nPASS secret\r\n");
/// assert_eq!(server.exchange(b"LIST 1\r\n"), b"+OK 1 10\r\n");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMessage {
    unique_id: Bytes,
    octets: Bytes,
    listed_size: Option<u64>,
}

impl StoredMessage {
    /// Creates a message. [`Maildrop::push`] says what `octets` are.
    pub fn new(unique_id: impl Into<Bytes>, octets: impl Into<Bytes>) -> Self {
        Self {
            unique_id: unique_id.into(),
            octets: octets.into(),
            listed_size: None,
        }
    }

    /// Sets the size that the server states, for tests of clients: many servers state wrong sizes.
    #[must_use]
    pub fn with_listed_size(mut self, octets: u64) -> Self {
        self.listed_size = Some(octets);
        self
    }

    /// Replaces the unique-id. RFC 1939 section 7 forbids that, but some servers do it.
    #[must_use]
    pub fn with_unique_id(mut self, unique_id: impl Into<Bytes>) -> Self {
        self.unique_id = unique_id.into();
        self
    }

    /// Returns the size that STAT, LIST and RETR state: [`size`](Self::size), unless
    /// [`with_listed_size`](Self::with_listed_size) has set another one.
    #[must_use]
    pub fn listed_size(&self) -> u64 {
        self.listed_size.unwrap_or_else(|| self.size())
    }

    /// Returns the unique-id (RFC 1939 section 7).
    #[must_use]
    pub fn unique_id(&self) -> &Bytes {
        &self.unique_id
    }

    /// Returns the message as it was added.
    #[must_use]
    pub fn octets(&self) -> &Bytes {
        &self.octets
    }

    /// Returns the number of octets that RETR sends (RFC 1939 section 11): the length of [`octets`](Self::octets), and 2 more if the final CRLF is missing. Dot-stuffing is
    /// not counted.
    #[must_use]
    pub fn size(&self) -> u64 {
        let added = if self.lacks_final_crlf() { 2 } else { 0 };
        self.octets.len() as u64 + added
    }

    /// Returns whether CRLF must be added, so that the terminator is on its own line.
    pub(super) fn lacks_final_crlf(&self) -> bool {
        lacks_final_crlf(&self.octets)
    }
}

/// Returns whether these octets end inside a line.
pub(super) fn lacks_final_crlf(octets: &[u8]) -> bool {
    !octets.is_empty() && !octets.ends_with(b"\r\n")
}

impl fmt::Debug for StoredMessage {
    /// Shows the unique-id and the size, not the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredMessage")
            .field("unique_id", &self.unique_id)
            .field("size", &self.size())
            .finish()
    }
}
