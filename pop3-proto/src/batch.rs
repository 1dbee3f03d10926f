//! Batches: several commands that are submitted together and whose replies are returned together.
//! All clients use this module.

use crate::command::Whole;
use crate::connection::Connection;
use crate::error::Error;
use crate::reply::Reply;
use crate::ticket::{RequestId, Ticket};

/// A tuple of [`Whole`] commands that are sent in as few round trips as the server allows.
///
/// A batch has up to six commands. If a command is refused, the batch reads all replies, returns
/// the first refusal, and discards the other replies. A pipeline accepts more commands, and returns
/// a result for each.
pub trait Batch: Sealed<Output = <Self as Batch>::Replies> {
    /// The replies, as a tuple.
    type Replies;
}

pub(crate) mod sealed {
    use super::{Connection, Error, Pending};

    /// How the clients submit a batch. It is private to the crate, so that other crates cannot
    /// implement it.
    pub trait Sealed: Sized {
        /// The replies, as a tuple.
        type Output;
        /// The type of a batch that was submitted.
        type Pending: Pending<Replies = Self::Output>;

        /// Submits the commands in order, or none of them.
        ///
        /// # Errors
        ///
        /// As for [`Connection::submit`].
        fn submit(self, connection: &mut Connection) -> Result<Self::Pending, Error>;
    }
}
use sealed::Sealed;

/// A batch that was submitted and whose replies are awaited.
pub trait Pending {
    /// The replies, as a tuple.
    type Replies;

    /// Stores a reply. A reply to a command that is not part of this batch is ignored.
    fn accept(&mut self, id: RequestId, result: Result<Reply, Error>);

    /// Returns the first command whose reply was not received.
    fn next_id(&self) -> Option<RequestId>;

    /// Returns the replies.
    ///
    /// # Errors
    ///
    /// The first refusal or failure, in the order of the commands.
    fn finish(self) -> Result<Self::Replies, Error>;
}

/// One command of a batch.
#[derive(Debug)]
pub struct Slot<C> {
    ticket: Ticket<C>,
    result: Option<Result<Reply, Error>>,
}

impl<C: Whole> Slot<C> {
    fn submit(connection: &mut Connection, command: C, first: RequestId) -> Result<Self, Error> {
        match connection.submit(command) {
            Ok(ticket) => Ok(Self {
                ticket,
                result: None,
            }),
            Err(error) => {
                connection.abandon(first..connection.next_id());
                Err(error)
            }
        }
    }

    fn read(self) -> Result<C::Reply, Error> {
        let spent = Err(crate::misuse::Misuse::TicketSpent.into());
        self.ticket.read(self.result.unwrap_or(spent)?)
    }
}

macro_rules! batch {
    ($($command:ident $slot:ident),+) => {
        impl<$($command: Whole),+> Batch for ($($command,)+) {
            type Replies = ($($command::Reply,)+);
        }

        impl<$($command: Whole),+> Sealed for ($($command,)+) {
            type Output = ($($command::Reply,)+);
            type Pending = ($(Slot<$command>,)+);

            fn submit(self, connection: &mut Connection) -> Result<Self::Pending, Error> {
                let ($($slot,)+) = self;
                let first = connection.next_id();
                Ok(($(Slot::submit(connection, $slot, first)?,)+))
            }
        }

        impl<$($command: Whole),+> Pending for ($(Slot<$command>,)+) {
            type Replies = ($($command::Reply,)+);

            fn accept(&mut self, id: RequestId, result: Result<Reply, Error>) {
                let ($($slot,)+) = self;
                $(if $slot.ticket.id() == id {
                    $slot.result = Some(result);
                    return;
                })+
            }

            fn next_id(&self) -> Option<RequestId> {
                let ($($slot,)+) = self;
                $(if $slot.result.is_none() {
                    return Some($slot.ticket.id());
                })+
                None
            }

            fn finish(self) -> Result<Self::Replies, Error> {
                let ($($slot,)+) = self;
                Ok(($($slot.read()?,)+))
            }
        }
    };
}

batch!(A a);
batch!(A a, B b);
batch!(A a, B b, C c);
batch!(A a, B b, C c, D d);
batch!(A a, B b, C c, D d, E e);
batch!(A a, B b, C c, D d, E e, F f);
