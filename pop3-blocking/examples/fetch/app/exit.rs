//! The exit code, and failures that are not about a single message.

use std::fmt;
use std::io;
use std::process::ExitCode;

use pop3_blocking::Error;
use pop3_blocking::error::Advice;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was done.
    Done,
    /// Something was not done, such as one of several messages or mailboxes.
    Partial,
    /// The command line is wrong.
    Usage,
    /// A file cannot be read or written.
    Local,
    /// The network or the server failed, and another run may succeed.
    Temporary,
    /// The server violates the protocol.
    Protocol,
    /// The server refused the login, or there is no password.
    Credentials,
    /// A setting or a certificate has to be changed.
    Config,
    /// The user pressed Ctrl-C.
    Interrupted,
}

impl Exit {
    /// Returns the kind of a failed session.
    pub(super) fn of(error: &Error) -> Self {
        match error.advice() {
            Some(
                Advice::CheckCredentials | Advice::FreshToken | Advice::SignIn | Advice::Unknown,
            ) => Self::Credentials,
            Some(Advice::TryLater | Advice::Reconnect) => Self::Temporary,
            Some(Advice::CheckServer | Advice::ChangePolicy | Advice::NameAnother) => Self::Config,
            _ => match error {
                Error::Misuse(_) | Error::Tls(_) => Self::Config,
                _ => Self::Protocol,
            },
        }
    }

    /// Returns how the program ends after another mailbox.
    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Partial }
    }

    /// Returns the exit code. The codes of `sysexits.h` distinguish the kinds of failure.
    pub(super) fn code(self, sysexits: bool) -> ExitCode {
        let code = match self {
            Self::Done => 0,
            Self::Interrupted => 130,
            Self::Partial => 1,
            _ if !sysexits => 1,
            Self::Usage => 64,
            Self::Local => 74,
            Self::Temporary => 75,
            Self::Protocol => 76,
            Self::Credentials => 77,
            Self::Config => 78,
        };
        ExitCode::from(code)
    }
}

/// Why the program, or the run of one mailbox, cannot go on. The text is one line.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(super) exit: Exit,
    text: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, text: impl fmt::Display) -> Self {
        let text = text.to_string();
        Self { exit, text }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Local, error)
    }
}
