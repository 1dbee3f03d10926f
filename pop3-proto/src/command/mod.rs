//! Commands: a type for each, and one table of what the protocol says about them.

mod line;
mod raw;
mod standard;

use alloc::boxed::Box;
use core::fmt;

pub(crate) use self::line::{Arguments, CommandLine, Encoded, Line, ResponseLine, check_length};
pub use self::raw::{Raw, RawLong, RawShort, RawStream};
pub use self::standard::{
    Apop, AuthMechanisms, Capa, Dele, List, ListOne, Noop, Pass, Quit, Retr, Rset, Stat,
    StreamedListing, Top, Uidl, UidlOne, User,
};
use crate::confirm::Run;
use crate::exchange::Exchange;
use crate::phase::Phase;
use crate::reply::Reply;
use crate::types::MessageNumber;

/// A command's keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the keywords of RFC 1939, 2449, 2595 and 5034")]
pub enum Verb {
    Capa,
    Stls,
    User,
    Pass,
    Apop,
    Auth,
    /// `AUTH` without a mechanism: [`AuthMechanisms`].
    AuthMechanisms,
    Stat,
    List,
    Uidl,
    Retr,
    Top,
    Dele,
    Noop,
    Rset,
    Quit,
    /// A custom command.
    Raw,
}

/// What follows the first line of a reply that begins with `+OK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing: the reply is one line.
    Line,
    /// Lines up to the terminator, collected.
    Lines,
    /// Lines up to the terminator, passed on as they are received.
    Stream,
}

/// What the protocol says about a command.
pub(crate) struct Row {
    pub(crate) verb: Verb,
    pub(crate) keyword: &'static str,
    /// The reply to the command without arguments, and to the command with some.
    pub(crate) shape: (Shape, Shape),
    /// The phases in which it is legal.
    pub(crate) phases: &'static [Phase],
    /// Whether nothing may be in flight beside it.
    pub(crate) barrier: bool,
    /// Whether it carries a secret.
    pub(crate) sensitive: bool,
}

const ANY: &[Phase] = &[Phase::Authorization, Phase::Transaction];
const BEFORE: &[Phase] = &[Phase::Authorization];
const AFTER: &[Phase] = &[Phase::Transaction];
const ONE: (Shape, Shape) = (Shape::Line, Shape::Line);
const MANY: (Shape, Shape) = (Shape::Lines, Shape::Lines);
const BODY: (Shape, Shape) = (Shape::Stream, Shape::Stream);
const LISTING: (Shape, Shape) = (Shape::Lines, Shape::Line);

const fn row(
    verb: Verb,
    keyword: &'static str,
    shape: (Shape, Shape),
    phases: &'static [Phase],
) -> Row {
    Row {
        verb,
        keyword,
        shape,
        phases,
        barrier: false,
        sensitive: false,
    }
}

const fn barrier(row: Row) -> Row {
    Row {
        barrier: true,
        ..row
    }
}

const fn sensitive(row: Row) -> Row {
    Row {
        sensitive: true,
        barrier: true,
        ..row
    }
}

/// In the order of `Verb`. The keyword of a `Raw` command is in its line.
static TABLE: [Row; 17] = [
    barrier(row(Verb::Capa, "CAPA", MANY, ANY)),
    barrier(row(Verb::Stls, "STLS", ONE, BEFORE)),
    barrier(row(Verb::User, "USER", ONE, BEFORE)),
    sensitive(row(Verb::Pass, "PASS", ONE, BEFORE)),
    sensitive(row(Verb::Apop, "APOP", ONE, BEFORE)),
    sensitive(row(Verb::Auth, "AUTH", ONE, BEFORE)),
    barrier(row(Verb::AuthMechanisms, "AUTH", MANY, BEFORE)),
    row(Verb::Stat, "STAT", ONE, AFTER),
    row(Verb::List, "LIST", LISTING, AFTER),
    row(Verb::Uidl, "UIDL", LISTING, AFTER),
    row(Verb::Retr, "RETR", BODY, AFTER),
    row(Verb::Top, "TOP", BODY, AFTER),
    row(Verb::Dele, "DELE", ONE, AFTER),
    row(Verb::Noop, "NOOP", ONE, AFTER),
    barrier(row(Verb::Rset, "RSET", ONE, AFTER)),
    barrier(row(Verb::Quit, "QUIT", ONE, ANY)),
    barrier(row(Verb::Raw, "", ONE, ANY)),
];

impl Verb {
    pub(crate) fn row(self) -> &'static Row {
        static NONE: Row = row(Verb::Raw, "", ONE, &[]);
        let row = TABLE.get(self as usize).unwrap_or(&NONE);
        debug_assert!(row.verb == self);
        row
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Raw {
            "the raw command"
        } else {
            self.row().keyword
        })
    }
}

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

/// A command whose reply is streamed: an [`Opened`](crate::Opened), then the body chunk by chunk.
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
