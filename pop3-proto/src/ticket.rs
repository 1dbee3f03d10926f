use core::fmt;
use core::marker::PhantomData;

use crate::command::Command;
use crate::error::Error;
use crate::misuse::Misuse;
use crate::reply::Reply;

/// The name of a request on its connection. Ids rise by one with each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// The id behind this one: `id..id.next()` is a range of one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The claim to a reply: which request it belongs to, and which type the reply has. It is good on its
/// own connection only.
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

    /// The request.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Makes the reply of this request its own type.
    ///
    /// # Errors
    ///
    /// [`Misuse::TicketSpent`] for the reply of another request, if it has another type.
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
