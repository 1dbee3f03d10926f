//! The commands of RFC 6856: UTF-8 in messages and logins, and the language of the server's texts.

use alloc::boxed::Box;
use alloc::string::String;

use super::{Command, Sealed, Whole, command};
use crate::command_line::{Arguments, CommandLine};
use crate::language::is_tag;
use crate::misuse::{Argument, Misuse};
use crate::reply::{Language, Languages, Reply};
use crate::status::Status;
use crate::verb::Verb;

/// `UTF8`: asks the server to send messages with UTF-8 in their headers as they are (RFC 6856
/// section 2.1). Without it, a server may replace such a message with one in ASCII, or refuse it
/// with the code [`Utf8`](crate::reply::ResponseCode::Utf8).
///
/// It is sent before the login, and inside TLS: [`StartTls`](crate::command::StartTls) and logins
/// that start TLS fail after it with [`Misuse::StlsAfterUtf8`]. The server must
/// [advertise](crate::Capabilities::utf8) it. Otherwise the command fails with
/// [`Misuse::NotAdvertised`], because some servers close the connection on unknown commands.
///
/// With [`Config::utf8`](crate::Config::utf8), a [`Login`](crate::Login) sends it at the right time:
///
/// ```
/// use pop3_proto::{Connector, config::Utf8Policy};
///
/// let mut connector = Connector::default();
/// connector.config.utf8 = Utf8Policy::Auto;
/// ```
///
/// Whether names and passwords may be UTF-8 is a different question: see
/// [`Capabilities::utf8_user`](crate::Capabilities::utf8_user).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Utf8;
command!(Whole Utf8 => Status, |_this| CommandLine::new(Verb::Utf8, Arguments::None), Reply::Status);

/// `LANG`: returns the languages that the server supports for its texts (RFC 6856 section 3).
///
/// The server must [advertise](crate::Capabilities::lang) it; otherwise the command fails with
/// [`Misuse::NotAdvertised`]. The reply has the limits
/// [`capability_lines`](crate::config::Limits::capability_lines) and
/// [`capability_octets`](crate::config::Limits::capability_octets).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lang;
command!(Whole Lang => Languages, |_this| CommandLine::new(Verb::Lang, Arguments::None), Reply::Languages);

/// `LANG` with an argument: selects the language of the server's texts (RFC 6856 section 3). Returns
/// the language that the server uses now.
///
/// The server must [advertise](crate::Capabilities::lang) it; otherwise the command fails with
/// [`Misuse::NotAdvertised`]. If the server refuses, the language does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetLang(Box<str>);
command!(Whole SetLang => Language, |this| CommandLine::new(Verb::Lang, Arguments::Language(this.0)), Reply::Language);

impl SetLang {
    /// Creates the command for a language range (RFC 4647 section 2.1): a tag such as `de` or
    /// `pt-BR`, or `*` for the language that the server prefers.
    ///
    /// ```
    /// use pop3_proto::command::SetLang;
    ///
    /// assert!(SetLang::new("pt-BR").is_ok());
    /// assert!(SetLang::new("Brazilian Portuguese").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`Misuse::Argument`] if the text is not a language range.
    pub fn new(range: impl Into<String>) -> Result<Self, Misuse> {
        let range = range.into();
        if range == "*" || is_tag(&range) {
            Ok(Self(range.into_boxed_str()))
        } else {
            Err(Argument::LanguageRange.into())
        }
    }
}
