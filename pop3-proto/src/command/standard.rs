//! The commands of RFC 1939 and its extensions.

use super::{Command, Sealed, Streamed, Whole, command};
use crate::apop;
use crate::capability::Capabilities;
use crate::command_line::{Arguments, CommandLine};
use crate::listing::{Listing, ScanEntry, UidEntry, UidListing};
use crate::misuse::Misuse;
use crate::reply::{BodyHead, MailboxStat, Mechanisms, QuitOutcome, Reply};
use crate::secret::Secret;
use crate::status::Status;
use crate::types::{MessageNumber, Username};
use crate::verb::Verb;

/// `CAPA`: asks what the server can do, whatever is cached (RFC 2449 section 5). `-ERR` gives what
/// is cached: it means that the server does not say. [`GetCapabilities`](crate::command::GetCapabilities)
/// asks only if nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capa;
command!(Whole Capa => Option<Capabilities>, |_this| CommandLine::new(Verb::Capa, Arguments::None), Reply::Capabilities);

/// `AUTH` without a mechanism: asks for the names of the SASL mechanisms, where the server does not
/// know [`Capa`]. Gives `None` if the server answers `-ERR`: it does not say.
///
/// RFC 1734 and RFC 5034 have `AUTH` with a mechanism only. Old clients send it without one, and
/// Dovecot, Exchange and others answer with a list. Others close the connection, which is why no
/// [`Login`](crate::Login) sends it.
///
/// A server that begins an exchange answers with a challenge. That is
/// [`ProtocolError::BadStatus`](crate::error::ProtocolError::BadStatus) and ends the connection, because the
/// server would read the next command as a response. If a server answers `+OK` and sends no list, the
/// connection ends with [`Timeout::Stall`](crate::error::Timeout::Stall).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuthMechanisms;
command!(Whole AuthMechanisms => Option<Mechanisms>, |_this| CommandLine::new(Verb::AuthMechanisms, Arguments::None), Reply::Mechanisms);

/// `USER`: names the mailbox (RFC 1939 section 7). A [`Login`](crate::Login) does this and `PASS`
/// in one, and nothing can come between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User(pub Username);
command!(Whole User => Status, |this| CommandLine::new(Verb::User, Arguments::Name(this.0)), Reply::Status);

/// `PASS`: the password for the mailbox that `USER` named (RFC 1939 section 7). Not written unless
/// the last `USER` was accepted.
///
/// A proxy may answer it with the challenge of another server. A [`Login`](crate::Login) reads that;
/// here it is [`ProtocolError::BadStatus`](crate::error::ProtocolError::BadStatus).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass(pub Secret);
command!(Whole Pass => Status, |this| CommandLine::new(Verb::Pass, Arguments::Secret(this.0)), Reply::Status);

/// `APOP`: logs in by a digest over the greeting's challenge (RFC 1939 section 7).
///
/// The digest is MD5, and who can forge the greeting can recover the password from a few logins:
/// inside TLS it adds nothing, in clear it protects little. A greeting without a challenge that is
/// one msg-id makes it fail with [`AuthError::NoSafeLogin`](crate::error::AuthError::NoSafeLogin), and nothing is
/// written.
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
    /// [`Misuse::Argument`] when the name holds a space, which would end it, or when SASLprep
    /// prohibits it or the password (RFC 6856 section 2.3).
    pub fn new(username: Username, secret: Secret) -> Result<Self, Misuse> {
        let (username, secret) = apop::prepared(username, secret)?;
        Ok(Self { username, secret })
    }

    pub(crate) fn command(self) -> CommandLine {
        CommandLine::new(Verb::Apop, Arguments::Apop(self.username, self.secret))
    }
}
command!(Whole Apop => Status, |this| this.command(), Reply::Status);

/// `STAT`: how many messages there are, and their octets (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stat;
command!(Whole Stat => MailboxStat, |_this| CommandLine::new(Verb::Stat, Arguments::None), Reply::Stat);

/// `LIST`: the sizes of all messages (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct List;
command!(Whole List => Listing, |_this| CommandLine::new(Verb::List, Arguments::None), Reply::Sizes);

/// `LIST n`: the size of one message (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOne(pub MessageNumber);
command!(Whole ListOne => ScanEntry, |this| CommandLine::new(Verb::List, Arguments::Number(this.0)), Reply::Size);

/// `UIDL`: the unique-ids of all messages (RFC 1939 section 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uidl;
command!(Whole Uidl => UidListing, |_this| CommandLine::new(Verb::Uidl, Arguments::None), Reply::UniqueIds);

/// `UIDL n`: the unique-id of one message (RFC 1939 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UidlOne(pub MessageNumber);
command!(Whole UidlOne => UidEntry, |this| CommandLine::new(Verb::Uidl, Arguments::Number(this.0)), Reply::UniqueId);

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
command!(Streamed StreamedListing => BodyHead, |this| CommandLine::new(this.0, Arguments::None).streamed(), Reply::BodyHead);

/// `RETR`: a message (RFC 1939 section 5). Its octets come un-stuffed, every line end as sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retr(pub MessageNumber);
command!(Streamed Retr => BodyHead, |this| CommandLine::new(Verb::Retr, Arguments::Number(this.0)), Reply::BodyHead);

/// `TOP`: the header of a message and the first `lines` lines of its body (RFC 1939 section 7).
/// Some servers take 99,999,999 lines at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// The message.
    pub number: MessageNumber,
    /// Lines of the body; 0 is the header alone.
    pub lines: u32,
}
command!(Streamed Top => BodyHead, |this| CommandLine::new(Verb::Top, Arguments::Top(this.number, this.lines)), Reply::BodyHead);

/// `DELE`: marks a message as deleted (RFC 1939 section 5). It is deleted when [`Quit`] commits,
/// and only then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dele(pub MessageNumber);
command!(Whole Dele => Status, |this| CommandLine::new(Verb::Dele, Arguments::Number(this.0)), Reply::Status);

/// `NOOP` (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noop;
command!(Whole Noop => Status, |_this| CommandLine::new(Verb::Noop, Arguments::None), Reply::Status);

/// `RSET`: unmarks all messages marked as deleted (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rset;
command!(Whole Rset => Status, |_this| CommandLine::new(Verb::Rset, Arguments::None), Reply::Status);

/// `QUIT`: ends the session, and deletes what was marked as deleted (RFC 1939 sections 4 and 6).
/// Nothing but this command ever does; where nothing was marked, that is committed too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quit;
command!(Whole Quit => QuitOutcome, |_this| CommandLine::new(Verb::Quit, Arguments::None), Reply::Quit);
