//! Commands: a type for each, and one table of what the protocol says about them.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use crate::apop;
use crate::capability::Capabilities;
use crate::error::{Argument, Error, Misuse};
use crate::exchange::Exchange;
use crate::listing::{Listing, UidListing};
use crate::phase::Phase;
use crate::reply::{DropListing, Lines, Opened, QuitOutcome, Reply, ScanEntry, UidEntry};
use crate::secret::Secret;
use crate::status::Status;
use crate::types::{MessageNumber, Username};

/// A command's keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the keywords of RFC 1939, 2449 and 2595")]
pub enum Verb {
    Capa,
    Stls,
    User,
    Pass,
    Apop,
    Stat,
    List,
    Uidl,
    Retr,
    Top,
    Dele,
    Noop,
    Rset,
    Quit,
    /// A command of the caller's own.
    Raw,
}

/// How a reply that begins with `+OK` goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It does not: one line.
    Line,
    /// Lines up to the terminator, gathered.
    Lines,
    /// Lines up to the terminator, handed on as they come.
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

/// In the order of `Verb`. `Raw` stands for a command of the caller's: its keyword is in its line.
static TABLE: [Row; 15] = [
    barrier(row(Verb::Capa, "CAPA", MANY, ANY)),
    barrier(row(Verb::Stls, "STLS", ONE, BEFORE)),
    barrier(row(Verb::User, "USER", ONE, BEFORE)),
    sensitive(row(Verb::Pass, "PASS", ONE, BEFORE)),
    sensitive(row(Verb::Apop, "APOP", ONE, BEFORE)),
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

/// What stands behind a keyword.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    None,
    Number(MessageNumber),
    Top(MessageNumber, u32),
    Name(Username),
    Secret(Secret),
    /// User name and secret; the digest is made when the command leaves.
    Apop(Username, Secret),
    /// The whole line of a raw command.
    Line(Box<str>),
}

/// One command on its way to the wire.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) verb: Verb,
    pub(crate) operand: Operand,
    pub(crate) shape: Shape,
}

impl Wire {
    pub(crate) fn new(verb: Verb, operand: Operand) -> Self {
        let (bare, with_operand) = verb.row().shape;
        let shape = if matches!(operand, Operand::None) {
            bare
        } else {
            with_operand
        };
        Self {
            verb,
            operand,
            shape,
        }
    }

    fn streamed(self) -> Self {
        Self {
            shape: Shape::Stream,
            ..self
        }
    }

    fn gathered(self) -> Self {
        Self {
            shape: Shape::Lines,
            ..self
        }
    }

    pub(crate) fn number(&self) -> Option<MessageNumber> {
        match self.operand {
            Operand::Number(n) | Operand::Top(n, _) => Some(n),
            _ => None,
        }
    }

    /// The length of the command line with CR LF, in octets.
    pub(crate) fn octets(&self) -> usize {
        let behind = match &self.operand {
            Operand::None => 0,
            Operand::Number(n) => 1 + decimal(n.get()),
            Operand::Top(n, lines) => 2 + decimal(n.get()) + decimal(*lines),
            Operand::Name(name) => 1 + name.as_str().len(),
            Operand::Secret(secret) => 1 + secret.expose().len(),
            Operand::Apop(name, _) => 1 + name.as_str().len() + 1 + 32,
            Operand::Line(line) => line.len(),
        };
        self.verb.row().keyword.len() + behind + 2
    }

    /// Appends the command line. `challenge` is the greeting's; without one there is no APOP.
    pub(crate) fn encode(&self, challenge: &[u8], line: &mut alloc::vec::Vec<u8>) {
        line.extend_from_slice(self.verb.row().keyword.as_bytes());
        let mut word = |word: &[u8]| {
            line.push(b' ');
            line.extend_from_slice(word);
        };
        match &self.operand {
            Operand::None => {}
            Operand::Number(n) => word(Decimal::of(n.get()).digits()),
            Operand::Top(n, lines) => {
                word(Decimal::of(n.get()).digits());
                word(Decimal::of(*lines).digits());
            }
            Operand::Name(name) => word(name.as_str().as_bytes()),
            Operand::Secret(secret) => word(secret.expose()),
            Operand::Apop(name, secret) => {
                word(name.as_str().as_bytes());
                word(zeroize::Zeroizing::new(apop::digest(challenge, secret.expose())).as_slice());
            }
            Operand::Line(raw) => line.extend_from_slice(raw.as_bytes()),
        }
        line.extend_from_slice(b"\r\n");
    }
}

fn decimal(n: u32) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// A number in decimal, without an allocation.
struct Decimal {
    octets: [u8; 10],
    start: usize,
}

impl Decimal {
    fn of(mut n: u32) -> Self {
        let mut octets = [b'0'; 10];
        let mut start = octets.len();
        for octet in octets.iter_mut().rev() {
            *octet = b'0' + (n % 10) as u8;
            n /= 10;
            start -= 1;
            if n == 0 {
                break;
            }
        }
        Self { octets, start }
    }

    fn digits(&self) -> &[u8] {
        self.octets.get(self.start..).unwrap_or_default()
    }
}

/// What is submitted: one command, or an exchange of several that nothing may overtake.
#[derive(Debug)]
pub(crate) enum Request {
    Wire(Wire),
    Exchange(Box<Exchange>),
}

mod sealed {
    use super::{Reply, Request};

    /// What the crate knows about a command and nobody else needs to.
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

/// A command whose reply is streamed: an [`Opened`], then the body chunk by chunk.
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

impl From<Wire> for Request {
    fn from(wire: Wire) -> Self {
        Self::Wire(wire)
    }
}

/// `CAPA`: asks what the server can do, whatever is cached (RFC 2449 section 5). `-ERR` gives what
/// is cached: it means that the server does not say. [`Capabilities`](crate::GetCapabilities)
/// asks only if nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capa;
command!(Whole Capa => Option<Capabilities>, |_this| Wire::new(Verb::Capa, Operand::None), Reply::Capabilities);

/// `USER`: names the mailbox (RFC 1939 section 7). A [`Login`](crate::Login) does this and `PASS`
/// in one, and nothing can come between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User(pub Username);
command!(Whole User => Status, |this| Wire::new(Verb::User, Operand::Name(this.0)), Reply::Status);

/// `PASS`: the password for the mailbox that `USER` named (RFC 1939 section 7). Not written unless
/// the last `USER` was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass(pub Secret);
command!(Whole Pass => Status, |this| Wire::new(Verb::Pass, Operand::Secret(this.0)), Reply::Status);

/// `APOP`: logs in by a digest over the greeting's challenge (RFC 1939 section 7).
///
/// The digest is MD5, and who can forge the greeting can recover the password from a few logins:
/// inside TLS it adds nothing, in clear it protects little. A greeting without a challenge that is
/// one msg-id makes it fail with [`NoSafeLogin`](crate::NoSafeLogin) and nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apop {
    username: Username,
    secret: Secret,
}

impl Apop {
    /// Logs in as `username` by a digest of `secret`.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when the name holds a space, which would end it.
    pub fn new(username: Username, secret: Secret) -> Result<Self, Misuse> {
        if username.as_str().contains(' ') {
            return Err(Misuse::Argument(Argument::SpaceInUsername));
        }
        Ok(Self { username, secret })
    }

    pub(crate) fn wire(self) -> Wire {
        Wire::new(Verb::Apop, Operand::Apop(self.username, self.secret))
    }
}
command!(Whole Apop => Status, |this| this.wire(), Reply::Status);

/// `STAT`: how many messages there are, and their octets (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stat;
command!(Whole Stat => DropListing, |_this| Wire::new(Verb::Stat, Operand::None), Reply::Stat);

/// `LIST`: the sizes of all messages (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct List;
command!(Whole List => Listing, |_this| Wire::new(Verb::List, Operand::None), Reply::Sizes);

/// `LIST n`: the size of one message (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOne(pub MessageNumber);
command!(Whole ListOne => ScanEntry, |this| Wire::new(Verb::List, Operand::Number(this.0)), Reply::Size);

/// `UIDL`: the unique-ids of all messages (RFC 1939 section 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uidl;
command!(Whole Uidl => UidListing, |_this| Wire::new(Verb::Uidl, Operand::None), Reply::UniqueIds);

/// `UIDL n`: the unique-id of one message (RFC 1939 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UidlOne(pub MessageNumber);
command!(Whole UidlOne => UidEntry, |this| Wire::new(Verb::Uidl, Operand::Number(this.0)), Reply::UniqueId);

/// `LIST` or `UIDL` as it comes, line by line with line ends, in constant memory: for maildrops
/// whose listing is too large to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamedListing(Verb);

impl List {
    /// The same listing, streamed instead of kept.
    pub fn streamed() -> StreamedListing {
        StreamedListing(Verb::List)
    }
}

impl Uidl {
    /// The same listing, streamed instead of kept.
    pub fn streamed() -> StreamedListing {
        StreamedListing(Verb::Uidl)
    }
}
command!(Streamed StreamedListing => Opened, |this| Wire::new(this.0, Operand::None).streamed(), Reply::Opened);

/// `RETR`: a message (RFC 1939 section 5). Its octets come un-stuffed, every line end as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retr(pub MessageNumber);
command!(Streamed Retr => Opened, |this| Wire::new(Verb::Retr, Operand::Number(this.0)), Reply::Opened);

/// `TOP`: the header of a message and the first `lines` lines of its body (RFC 1939 section 7).
/// Some servers take 99,999,999 lines at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// The message.
    pub number: MessageNumber,
    /// Lines of the body; 0 is the header alone.
    pub lines: u32,
}
command!(Streamed Top => Opened, |this| Wire::new(Verb::Top, Operand::Top(this.number, this.lines)), Reply::Opened);

/// `DELE`: marks a message as deleted (RFC 1939 section 5). It is deleted when [`Quit`] commits,
/// and only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dele(pub MessageNumber);
command!(Whole Dele => Status, |this| Wire::new(Verb::Dele, Operand::Number(this.0)), Reply::Status);

/// `NOOP` (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noop;
command!(Whole Noop => Status, |_this| Wire::new(Verb::Noop, Operand::None), Reply::Status);

/// `RSET`: unmarks all messages marked as deleted (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rset;
command!(Whole Rset => Status, |_this| Wire::new(Verb::Rset, Operand::None), Reply::Status);

/// `QUIT`: ends the session, and deletes what was marked as deleted (RFC 1939 sections 4 and 6).
/// Nothing but this command ever does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quit;
command!(Whole Quit => QuitOutcome, |_this| Wire::new(Verb::Quit, Operand::None), Reply::Quit);

/// A command of the caller's own, for extensions that this library does not know.
///
/// Nothing else is in flight beside it. Commands that change the session or carry a secret (`STLS`,
/// `AUTH`, `USER`, `PASS`, `APOP`, `QUIT`) are refused: they have types of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(Box<str>);

/// A [`Raw`] command whose `+OK` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawShort(Raw);
command!(Whole RawShort => Status, |this| this.0.wire(), Reply::Status);

/// A [`Raw`] command whose `+OK` is followed by lines up to a terminator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLong(Raw);
command!(Whole RawLong => Lines, |this| this.0.wire().gathered(), Reply::Lines);

/// A [`RawLong`] command whose lines are handed on as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawStream(Raw);
command!(Streamed RawStream => Opened, |this| this.0.wire().streamed(), Reply::Opened);

impl Raw {
    fn new(line: impl Into<String>) -> Result<Self, Misuse> {
        const RESERVED: [&str; 6] = ["STLS", "AUTH", "USER", "PASS", "APOP", "QUIT"];
        let line = line.into();
        let keyword = line.split(' ').next().unwrap_or_default();
        if line.chars().any(char::is_control) {
            return Err(Misuse::Argument(Argument::ControlInCommand));
        }
        if !(3..=4).contains(&keyword.len()) || !keyword.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(Misuse::Argument(Argument::Keyword));
        }
        if RESERVED
            .iter()
            .any(|reserved| reserved.eq_ignore_ascii_case(keyword))
        {
            return Err(Misuse::Argument(Argument::Reserved));
        }
        Ok(Self(line.into_boxed_str()))
    }

    /// A command with a reply of one line, such as `XTND XMIT`.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] when the line holds a control character, does not begin with a keyword
    /// of 3 or 4 characters, or is a command with a type of its own.
    pub fn short(line: impl Into<String>) -> Result<RawShort, Misuse> {
        Self::new(line).map(RawShort)
    }

    /// A command with a multi-line reply, gathered within
    /// [`Limits::listing_octets`](crate::Limits::listing_octets).
    ///
    /// # Errors
    ///
    /// As [`Raw::short`].
    pub fn long(line: impl Into<String>) -> Result<RawLong, Misuse> {
        Self::new(line).map(RawLong)
    }

    fn wire(self) -> Wire {
        Wire::new(Verb::Raw, Operand::Line(self.0))
    }
}

impl RawLong {
    /// The same command, its lines streamed.
    pub fn streamed(self) -> RawStream {
        RawStream(self.0)
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

/// Refuses a command line that is longer than a server has to take.
pub(crate) fn check_length(wire: &Wire, limit: usize) -> Result<(), Error> {
    let octets = wire.octets();
    if octets > limit {
        return Err(Misuse::TooLong {
            verb: wire.verb,
            octets,
            limit,
        }
        .into());
    }
    Ok(())
}
