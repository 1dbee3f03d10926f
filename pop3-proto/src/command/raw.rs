//! Custom commands.

use alloc::boxed::Box;
use alloc::string::String;

use super::{Command, Sealed, Streamed, Whole, command};
use crate::command_line::{Arguments, CommandLine};
use crate::misuse::{Argument, Misuse};
use crate::reply::{BodyHead, Lines, Reply};
use crate::status::Status;
use crate::verb::Verb;

/// A custom command, for extensions that this library does not know.
///
/// It is sent only when no other command is in flight. Commands that change the session or carry a
/// secret (`STLS`, `AUTH`, `USER`, `PASS`, `APOP`, `DELE`, `RSET`, `QUIT`) are rejected, because
/// they have their own types. Longer keywords that begin with one of these, such as `DELE1` and
/// `AUTHX`, are rejected, too, because some servers read only the first four letters. `UTF8` and
/// `LANG` have their own types, too, which send them only if the server advertises them. As raw
/// commands, they are sent to any server.
///
/// Commands that are not part of RFC 1939 any more can be sent, too: `LAST` (RFC 1460) has a reply of
/// one line, and `XTND XLST` has a multi-line reply. `XTND XMIT`, which begins an upload, cannot be
/// continued.
///
/// ```
/// use pop3_proto::command::Raw;
///
/// let last = Raw::short("LAST")?;
/// let subjects = Raw::long("XTND XLST Subject")?;
/// assert!(Raw::short("QUIT").is_err());
/// # Ok::<(), pop3_proto::error::Misuse>(())
/// ```
///
/// A keyword has 3 to 20 characters. RFC 1939 section 3 allows 3 or 4, but some servers use longer
/// ones, such as `XSENDER`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw(Box<str>);

/// A [`Raw`] command with a reply of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawShort(Raw);
command!(Whole RawShort => Status, |this| this.0.command(), Reply::Status);

/// A [`Raw`] command with a multi-line reply, which is kept in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLong(Raw);
command!(Whole RawLong => Lines, |this| this.0.command().gathered(), Reply::Lines);

/// A [`Raw`] command with a multi-line reply, which is streamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawStream(Raw);
command!(Streamed RawStream => BodyHead, |this| this.0.command().streamed(), Reply::BodyHead);

impl Raw {
    fn new(line: impl Into<String>) -> Result<Self, Misuse> {
        const KEYWORD: core::ops::RangeInclusive<usize> = 3..=20;
        const RESERVED: [&str; 8] = [
            "STLS", "AUTH", "USER", "PASS", "APOP", "DELE", "RSET", "QUIT",
        ];
        let line = line.into();
        let keyword = line.split(' ').next().unwrap_or_default();
        if line.chars().any(char::is_control) {
            return Err(Misuse::Argument(Argument::ControlInCommand));
        }
        if !KEYWORD.contains(&keyword.len()) || !keyword.bytes().all(|c| c.is_ascii_graphic()) {
            return Err(Misuse::Argument(Argument::Keyword));
        }
        let begins_with = |reserved: &&str| {
            keyword
                .get(..reserved.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(reserved))
        };
        if RESERVED.iter().any(begins_with) {
            return Err(Misuse::Argument(Argument::Reserved));
        }
        Ok(Self(line.into_boxed_str()))
    }

    /// Creates a command with a reply of one line, such as `LAST`.
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the line contains a control character, if it does not begin with a
    /// keyword of 3 to 20 printable characters, or if [`Raw`] rejects the command.
    pub fn short(line: impl Into<String>) -> Result<RawShort, Misuse> {
        Self::new(line).map(RawShort)
    }

    /// Creates a command with a multi-line reply. The reply is kept in memory, up to
    /// [`Limits::listing_octets`](crate::config::Limits::listing_octets).
    ///
    /// # Errors
    ///
    /// As for [`Raw::short`].
    pub fn long(line: impl Into<String>) -> Result<RawLong, Misuse> {
        Self::new(line).map(RawLong)
    }

    fn command(self) -> CommandLine {
        CommandLine::new(Verb::Raw, Arguments::Raw(self.0))
    }
}

impl RawLong {
    /// Returns the same command with a streamed reply.
    pub fn streamed(self) -> RawStream {
        RawStream(self.0)
    }
}
