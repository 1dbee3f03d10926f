//! Commands: a type for each, the line that it sends and the reply that it gets.

mod exchanges;
mod raw;
mod standard;

use alloc::boxed::Box;

pub use self::exchanges::{GetCapabilities, StartTls};
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

/// What is submitted: one command, or several that nothing may overtake.
#[derive(Debug)]
pub(crate) enum Request {
    Command(CommandLine),
    Exchange(Box<Exchange>),
    Confirm(Box<Run>),
}

mod sealed {
    use super::{Reply, Request};

    /// What only the crate needs to know about a command.
    pub trait Sealed: Sized {
        type Output;
        fn request(self) -> Submission;
        fn read(reply: Reply) -> Option<Self::Output>;
    }

    /// A request whose insides are the crate's own.
    #[derive(Debug)]
    pub struct Submission(pub(crate) Request);
}
pub(crate) use sealed::{Sealed, Submission};

/// Something to [`submit`](crate::Connection::submit): a command, or an exchange of several.
pub trait Command: Sealed<Output = <Self as Command>::Reply> {
    /// What the server answers, typed.
    type Reply;
}

/// A command whose reply comes whole. Batches and pipelines are made of these.
pub trait Whole: Command {}

/// A command whose reply is streamed: a [`BodyHead`](crate::reply::BodyHead), then the body chunk by chunk.
pub trait Streamed: Command {}

/// Ties a command to its wire form and to the reply that it gets.
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

/// What [`retrieve`](Streamed) helpers take: a streamed command, or a message number for its
/// [`Retr`].
pub trait IntoStreamed {
    /// The command.
    type Command: Streamed;
    /// The command that is meant.
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
