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

/// `CAPA`: asks the server for its capabilities, even if they are known (RFC 2449 section 5).
///
/// A server that answers `-ERR` does not support the command. The reply then contains the
/// capabilities that were known before, if any.
/// [`GetCapabilities`](crate::command::GetCapabilities) sends `CAPA` only if nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capa;
command!(Whole Capa => Option<Capabilities>, |_this| CommandLine::new(Verb::Capa, Arguments::None), Reply::Capabilities);

/// `AUTH` without a mechanism: asks a server that does not support [`Capa`] for the names of its
/// SASL mechanisms. The reply is `None` if the server answers `-ERR`.
///
/// RFC 1734 and RFC 5034 define `AUTH` only with a mechanism. Old clients send it without one, and
/// Dovecot, Exchange and others answer with a list. Other servers close the connection, which is
/// why no [`Login`](crate::Login) sends it.
///
/// If the server answers with a challenge, it has begun an exchange, and would read the next
/// command as a response. The connection therefore ends with
/// [`ProtocolError::BadStatus`](crate::error::ProtocolError::BadStatus). If the server answers
/// `+OK` and sends no list, the connection ends with
/// [`Timeout::Stall`](crate::error::Timeout::Stall).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuthMechanisms;
command!(Whole AuthMechanisms => Option<Mechanisms>, |_this| CommandLine::new(Verb::AuthMechanisms, Arguments::None), Reply::Mechanisms);

/// `USER`: names the mailbox (RFC 1939 section 7). A [`Login`](crate::Login) sends `USER` and then
/// `PASS`, with no other command in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User(pub Username);
command!(Whole User => Status, |this| CommandLine::new(Verb::User, Arguments::Name(this.0)), Reply::Status);

/// `PASS`: the password for the mailbox that `USER` named (RFC 1939 section 7). It is sent only if
/// the last `USER` was accepted.
///
/// A proxy may answer it with the challenge of another server. A [`Login`](crate::Login) supports
/// that. With this command, the connection ends with
/// [`ProtocolError::BadStatus`](crate::error::ProtocolError::BadStatus).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass(pub Secret);
command!(Whole Pass => Status, |this| CommandLine::new(Verb::Pass, Arguments::Secret(this.0)), Reply::Status);

/// `APOP`: logs in with a digest of the greeting's challenge and the password (RFC 1939 section 7).
///
/// The digest is MD5. An attacker who can forge the greeting can recover the password from a few
/// logins. Therefore, APOP gives little protection without TLS, and no additional protection with
/// it. If the greeting does not contain exactly one msg-id, which is the challenge, the command
/// fails with [`AuthError::NoSafeLogin`](crate::error::AuthError::NoSafeLogin), and nothing is
/// sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apop {
    username: Username,
    secret: Secret,
}

impl Apop {
    /// Creates the command for `username` and the password `secret`.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the name contains a space, which would end the name in the command,
    /// or if SASLprep prohibits the name or the password (RFC 6856 section 2.3).
    pub fn new(username: Username, secret: Secret) -> Result<Self, Misuse> {
        let (username, secret) = apop::prepared(username, secret)?;
        Ok(Self { username, secret })
    }

    pub(crate) fn command(self) -> CommandLine {
        CommandLine::new(Verb::Apop, Arguments::Apop(self.username, self.secret))
    }
}
command!(Whole Apop => Status, |this| this.command(), Reply::Status);

/// `STAT`: returns the number of messages and their total size (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stat;
command!(Whole Stat => MailboxStat, |_this| CommandLine::new(Verb::Stat, Arguments::None), Reply::Stat);

/// `LIST`: returns the sizes of all messages (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct List;
command!(Whole List => Listing, |_this| CommandLine::new(Verb::List, Arguments::None), Reply::Sizes);

/// `LIST n`: returns the size of one message (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListOne(pub MessageNumber);
command!(Whole ListOne => ScanEntry, |this| CommandLine::new(Verb::List, Arguments::Number(this.0)), Reply::Size);

/// `UIDL`: returns the unique-ids of all messages (RFC 1939 section 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uidl;
command!(Whole Uidl => UidListing, |_this| CommandLine::new(Verb::Uidl, Arguments::None), Reply::UniqueIds);

/// `UIDL n`: returns the unique-id of one message (RFC 1939 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UidlOne(pub MessageNumber);
command!(Whole UidlOne => UidEntry, |this| CommandLine::new(Verb::Uidl, Arguments::Number(this.0)), Reply::UniqueId);

/// `LIST` or `UIDL` as a stream of octets, with line ends. It needs only constant memory. Use it if
/// the listing of a maildrop is too large to keep in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamedListing(Verb);

impl List {
    /// Returns the same command with a streamed reply.
    pub fn streamed() -> StreamedListing {
        StreamedListing(Verb::List)
    }
}

impl Uidl {
    /// Returns the same command with a streamed reply.
    pub fn streamed() -> StreamedListing {
        StreamedListing(Verb::Uidl)
    }
}
command!(Streamed StreamedListing => BodyHead, |this| CommandLine::new(this.0, Arguments::None).streamed(), Reply::BodyHead);

/// `RETR`: retrieves a message (RFC 1939 section 5). Dot-stuffing is removed; line ends are kept as
/// sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retr(pub MessageNumber);
command!(Streamed Retr => BodyHead, |this| CommandLine::new(Verb::Retr, Arguments::Number(this.0)), Reply::BodyHead);

/// `TOP`: retrieves the header of a message and the first `lines` lines of its body (RFC 1939
/// section 7). Some servers accept at most 99,999,999 lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// The number of the message.
    pub number: MessageNumber,
    /// The number of lines of the body; 0 returns only the header.
    pub lines: u32,
}
command!(Streamed Top => BodyHead, |this| CommandLine::new(Verb::Top, Arguments::Top(this.number, this.lines)), Reply::BodyHead);

/// `DELE`: marks a message as deleted (RFC 1939 section 5). The server deletes it only when
/// [`Quit`] succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dele(pub MessageNumber);
command!(Whole Dele => Status, |this| CommandLine::new(Verb::Dele, Arguments::Number(this.0)), Reply::Status);

/// `NOOP`: does nothing (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noop;
command!(Whole Noop => Status, |_this| CommandLine::new(Verb::Noop, Arguments::None), Reply::Status);

/// `RSET`: removes the deletion marks of all messages (RFC 1939 section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rset;
command!(Whole Rset => Status, |_this| CommandLine::new(Verb::Rset, Arguments::None), Reply::Status);

/// `QUIT`: ends the session, and deletes the messages that are marked as deleted (RFC 1939 sections
/// 4 and 6). No other command deletes messages. If no message is marked, the outcome is
/// [`QuitOutcome::Committed`], too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quit;
command!(Whole Quit => QuitOutcome, |_this| CommandLine::new(Verb::Quit, Arguments::None), Reply::Quit);
