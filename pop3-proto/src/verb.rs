//! The keywords of commands.

use core::fmt;

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
    /// `AUTH` without a mechanism: [`AuthMechanisms`](crate::command::AuthMechanisms).
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

impl Verb {
    /// The keyword as it is sent. That of a [`Raw`](Self::Raw) command is in its line.
    pub(crate) fn keyword(self) -> &'static str {
        match self {
            Self::Capa => "CAPA",
            Self::Stls => "STLS",
            Self::User => "USER",
            Self::Pass => "PASS",
            Self::Apop => "APOP",
            Self::Stat => "STAT",
            Self::List => "LIST",
            Self::Uidl => "UIDL",
            Self::Retr => "RETR",
            Self::Top => "TOP",
            Self::Dele => "DELE",
            Self::Noop => "NOOP",
            Self::Rset => "RSET",
            Self::Quit => "QUIT",
            Self::Auth | Self::AuthMechanisms => "AUTH",
            Self::Raw => "",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Raw {
            "the raw command"
        } else {
            self.keyword()
        })
    }
}
