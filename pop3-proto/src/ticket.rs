//! Request ids and tickets.
//!
//! A request id identifies a request in events. A [`Ticket`] adds the type of the reply, so that the
//! caller does not have to match on [`Reply`].

use core::fmt;
use core::marker::PhantomData;

use crate::command::Command;
use crate::error::Error;
use crate::misuse::Misuse;
use crate::reply::Reply;

/// The id of a request on its connection. Each new request gets the next higher id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// Returns the id that is this many after `first`.
    #[cfg(feature = "record")]
    pub(crate) const fn nth(first: Self, after: u64) -> Self {
        Self(first.0.saturating_add(after))
    }

    /// Returns the id after this one: `id..id.next()` is a range of one id.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A handle for the reply to a request. Its type contains the type of the reply. It is valid only
/// on its own connection.
pub struct Ticket<C> {
    id: RequestId,
    command: PhantomData<fn() -> C>,
}

impl<C: Command> Ticket<C> {
    pub(crate) fn new(id: RequestId) -> Self {
        Self {
            id,
            command: PhantomData,
        }
    }

    /// Returns the id of the request.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Converts the reply to this request to its own type.
    ///
    /// # Errors
    ///
    /// [`Misuse::TicketSpent`] if the type of the reply is wrong, because it belongs to another
    /// request.
    pub fn read(&self, reply: Reply) -> Result<C::Reply, Error> {
        C::read(reply).ok_or(Error::Misuse(Misuse::TicketSpent))
    }
}

impl<C> Clone for Ticket<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Ticket<C> {}

impl<C> fmt::Debug for Ticket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({})", self.id.0)
    }
}
