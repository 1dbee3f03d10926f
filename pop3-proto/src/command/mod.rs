//! The commands. Each has its own type, which defines the command line and the type of the reply.

mod exchanges;
mod international;
mod raw;
mod standard;

use alloc::boxed::Box;

pub use self::exchanges::{GetCapabilities, StartTls};
pub use self::international::{Lang, SetLang, Utf8};
pub use self::raw::{Raw, RawLong, RawShort, RawStream};
pub use self::standard::{
    Apop, AuthMechanisms, Capa, Dele, List, ListOne, Noop, Pass, Quit, Retr, Rset, Stat,
    StreamedListing, Top, Uidl, UidlOne, User,
};
use crate::command_line::CommandLine;
pub use crate::confirm::Confirm;
use crate::confirm::Run;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::types::MessageNumber;
pub use crate::verb::Verb;

/// A submitted request: one command, or several that no other command may interrupt.
#[derive(Debug)]
pub(crate) enum Request {
    Command(CommandLine),
    Exchange(Box<Exchange>),
    Confirm(Box<Run>),
}

mod sealed {
    use super::{Reply, Request};

    /// The part of [`Command`](super::Command) that is private to this crate.
    pub trait Sealed: Sized {
        type Output;
        fn request(self) -> Submission;
        fn read(reply: Reply) -> Option<Self::Output>;
    }

    /// A request. Its contents are private to this crate.
    #[derive(Debug)]
    pub struct Submission(pub(crate) Request);
}
pub(crate) use sealed::{Sealed, Submission};

/// A request that can be [submitted](crate::Connection::submit): one command, or an exchange of
/// several.
pub trait Command: Sealed<Output = <Self as Command>::Reply> {
    /// The type of the reply.
    type Reply;
}

/// A command whose reply is returned as a whole. Batches and pipelines accept these.
pub trait Whole: Command {}

/// A command whose reply is streamed: first a [`BodyHead`](crate::reply::BodyHead), then the chunks
/// of the body.
pub trait Streamed: Command {}

/// Defines how a command is sent and what reply it gets.
macro_rules! command {
    ($kind:ident $name:ty => $reply:ty, |$this:ident| $request:expr, $variant:path) => {
        impl Sealed for $name {
            type Output = $reply;
            fn request(self) -> $crate::command::Submission {
                let $this = self;
                $crate::command::Submission($request.into())
            }
            fn read(reply: Reply) -> Option<$reply> {
                if let $variant(value) = reply {
                    Some(value)
                } else {
                    None
                }
            }
        }
        impl Command for $name {
            type Reply = $reply;
        }
        impl $kind for $name {}
    };
}
pub(crate) use command;

impl From<CommandLine> for Request {
    fn from(command: CommandLine) -> Self {
        Self::Command(command)
    }
}

/// An item that the `retrieve` methods of the clients accept: a [`Streamed`] command, or a message
/// number, which means [`Retr`].
pub trait IntoStreamed {
    /// The type of the command.
    type Command: Streamed;
    /// Converts the item to a command.
    fn into_streamed(self) -> Self::Command;
}

impl<C: Streamed> IntoStreamed for C {
    type Command = C;

    fn into_streamed(self) -> C {
        self
    }
}

impl IntoStreamed for MessageNumber {
    type Command = Retr;

    fn into_streamed(self) -> Retr {
        Retr(self)
    }
}
