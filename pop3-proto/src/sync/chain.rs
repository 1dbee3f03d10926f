//! The way of a message to its deletion. Each type is made only from the one before, with a proof of
//! the step between: so nothing can be deleted that is not stored, confirmed and recorded.
//!
//! [`Fetched`] → [`Durable`] → [`Confirmed`] → [`Recorded`] → [`Deletable`]

use bytes::Bytes;

use super::digest::Content;
use super::ledger::FetchName;
use super::plan::Item;
use super::table::Handle;
use crate::reply;
use crate::types::MessageNumber;

/// The proof that a [`Keep`](super::Keep) has returned, and that it was durable.
#[derive(Debug)]
pub(super) struct Kept(());

impl Kept {
    /// The application asks for the next step only after the one before has succeeded.
    pub(super) fn by_next_step() -> Self {
        Self(())
    }
}

/// The proof that everything received before is what the server meant to send.
#[derive(Debug)]
pub(super) struct Proof(());

impl From<&reply::Confirmed> for Proof {
    fn from(_: &reply::Confirmed) -> Self {
        Self(())
    }
}

/// A message, or a header, that was received to its end.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) item: Item,
    pub(super) content: Content,
    /// Whether the server ended it early: what followed its end was not a reply.
    pub(super) cut: bool,
    /// Its header, if a filter may need it.
    pub(super) text: Bytes,
    /// The staged file; `None` if the message was only looked at.
    pub(super) name: Option<(u32, FetchName)>,
}

/// A message whose staged file survives a crash.
#[derive(Debug)]
pub(super) struct Durable(Fetched);

/// A message that is what the server meant to send.
#[derive(Debug)]
pub(super) struct Confirmed(Fetched);

/// A message that the ledger names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recorded {
    number: MessageNumber,
    entry: Handle,
}

/// A message that may be deleted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deletable {
    number: MessageNumber,
    entry: Handle,
}

impl Fetched {
    pub(super) fn durable(self, _: &Kept) -> Durable {
        Durable(self)
    }
}

impl Durable {
    pub(super) fn confirmed(self, _: &Proof) -> Confirmed {
        Confirmed(self.0)
    }

    /// Returns the message without a confirmation: it can be stored, and cannot be deleted.
    pub(super) fn unconfirmed(self) -> Fetched {
        self.0
    }

    pub(super) fn get(&self) -> &Fetched {
        &self.0
    }
}

impl Confirmed {
    pub(super) fn get(&self) -> &Fetched {
        &self.0
    }

    /// Links the message with its entry, whose line is about to be appended.
    pub(super) fn recorded(self, entry: Handle) -> Recorded {
        Recorded {
            number: self.0.item.number,
            entry,
        }
    }
}

impl Recorded {
    /// Allows the deletion after the line was appended and the file was published.
    pub(super) fn published(self, _: &Kept) -> Deletable {
        Deletable {
            number: self.number,
            entry: self.entry,
        }
    }
}

impl Deletable {
    pub(super) fn number(&self) -> MessageNumber {
        self.number
    }

    pub(super) fn entry(&self) -> Handle {
        self.entry
    }
}
