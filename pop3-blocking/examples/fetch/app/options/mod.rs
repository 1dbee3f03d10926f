//! The command line.
//!
//! No error repeats the URL, because it may contain a password.

mod check;
mod help;
mod parse;
mod values;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use pop3_blocking::{Endpoint, Username, login::Method, sync::Rules};

pub(crate) use help::HELP;
pub(crate) use parse::parse;

use super::password::Source;

/// An error in the command line or its environment, in one line.
#[derive(Debug)]
pub(crate) struct UsageError(pub(super) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

pub(super) fn refuse<T>(text: impl Into<String>) -> Result<T, UsageError> {
    Err(UsageError(text.into()))
}

pub(super) fn misused(error: impl fmt::Display) -> UsageError {
    UsageError(format!("{error}; see --help"))
}

/// What the command line requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Print [`HELP`].
    Help,
    /// Fetch mail.
    Fetch(Box<Options>),
}

/// The options of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// At least one.
    pub(crate) servers: Vec<Server>,
    pub(crate) maildir: PathBuf,
    /// What to fetch and to delete.
    pub(crate) rules: Rules,
    pub(crate) trust: Trust,
    /// The client certificate and its private key.
    pub(crate) certificate: Option<(PathBuf, PathBuf)>,
    pub(crate) plaintext: bool,
    /// All timeouts of the library.
    pub(crate) timeout: Option<Duration>,
    /// Whether commands may be sent before earlier ones are answered.
    pub(crate) pipelining: bool,
    /// Whether the client asks for the server's capabilities.
    pub(crate) capa: bool,
    /// The only login method that is allowed.
    pub(crate) auth: Option<Auth>,
    pub(crate) password: Source,
    /// The file for the recording of the first session.
    pub(crate) record: Option<PathBuf>,
    /// The pause between two runs; `None` for one run.
    pub(crate) poll: Option<Duration>,
    /// Whether the exit code distinguishes the kinds of failure.
    pub(crate) sysexits: bool,
    /// What to print about sessions.
    pub(crate) verbosity: Verbosity,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            servers: vec![Server::Embedded],
            maildir: "mail".into(),
            rules: Rules::default(),
            trust: Trust::Default,
            certificate: None,
            plaintext: false,
            timeout: None,
            pipelining: true,
            capa: true,
            auth: None,
            password: Source::Ask,
            record: None,
            poll: None,
            sysexits: false,
            verbosity: Verbosity::Quiet,
        }
    }
}

/// What to print about sessions, in addition to their results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    #[default]
    Quiet,
    /// How the login was done, and the statistics of each session.
    Verbose,
    /// Also each line that is sent and received.
    Protocol,
}

/// Which servers are trusted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those with a certificate of the authorities that are compiled in.
    Default,
    /// Those with a certificate of the authorities in this file.
    File(PathBuf),
    /// Those whose public key has one of these digests.
    Keys(Vec<[u8; 32]>),
}

/// The only login method that the command line allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Auth {
    pub(crate) method: Method,
    /// Whether the name ends in `-PLUS`: channel binding is required then.
    pub(crate) bound: bool,
}

impl Auth {
    /// Parses the name of a mechanism, `APOP` or `USER`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let (base, bound) = match name.strip_suffix("-PLUS") {
            Some(base) if base.starts_with("SCRAM-") => (base, true),
            _ => (name.as_str(), false),
        };
        let method = base.parse().ok()?;
        Some(Self { method, bound })
    }
}

/// The characters that are encoded in the user name of a URL.
const USER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// The server of the mailbox.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// The sample maildrop on a server inside this program.
    Embedded,
    /// The server and the user of a URL.
    Remote { endpoint: Endpoint, user: Username },
}

impl Server {
    /// Returns the URL with the user name, which distinguishes the mailboxes of a run.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Embedded => "the sample mailbox".to_owned(),
            Self::Remote { endpoint, user } => {
                let user = percent_encode(user.as_str().as_bytes(), USER).to_string();
                endpoint
                    .to_string()
                    .replacen("://", &format!("://{user}@"), 1)
            }
        }
    }
}
