//! The command line, and the source of the password.
//!
//! No error repeats the URL, because it may contain a password.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use lexopt::prelude::*;
use pop3_blocking::proto::Channel;
use pop3_blocking::{Endpoint, Secret, Username, login::Method};

/// The text for `--help`.
pub(crate) const HELP: &str = "\
Fetches the messages of a POP3 mailbox into a Maildir, each message only once.

Usage: fetch [OPTIONS] [URL]

  URL             pop3s://user@host[:port]  TLS from the start (port 995)
                  pop3://user@host[:port]   TLS after STLS (port 110)
                  Without a URL: a sample mailbox on an embedded server

Options:
  --maildir DIR   store the messages in this directory (default: ./mail)
  --ca FILE.pem   trust only the certificates in this file
  --plaintext     with pop3://, do not use TLS: everyone on the network path can
                  read the password and the mail
  --auth NAME     use only this login method: SCRAM-SHA-512, SCRAM-SHA-256,
                  SCRAM-SHA-1 (or one of these with -PLUS), PLAIN, USER, LOGIN,
                  CRAM-MD5, APOP, OAUTHBEARER, XOAUTH2 or ANONYMOUS;
                  user;AUTH=NAME@host in the URL has the same effect.
                  Without it, the safest of SCRAM, PLAIN, USER and LOGIN that the
                  server offers is used
  --no-pipelining wait for each reply before the next command: for servers that
                  advertise PIPELINING but close or stop responding when it is used
  --delete        delete each message from the server when it is safely stored
  -v, --verbose   print the encryption and the login method, and why the other
                  methods were not used
  --help          print this text

The password (for OAUTHBEARER and XOAUTH2 the token) is read from the environment
variable POP3_PASSWORD, otherwise from the terminal.
";

/// An error in the command line or its environment, in one line.
#[derive(Debug)]
pub(crate) struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

fn refuse<T>(text: impl Into<String>) -> Result<T, UsageError> {
    Err(UsageError(text.into()))
}

/// What the command line requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Print [`HELP`].
    Help,
    /// Fetch mail.
    Fetch(Options),
}

/// The options of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) server: Server,
    pub(crate) maildir: PathBuf,
    /// A file with the certificates to trust.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) plaintext: bool,
    /// Whether commands may be sent before earlier ones are answered.
    pub(crate) pipelining: bool,
    /// The only login method that is allowed.
    pub(crate) auth: Option<Auth>,
    /// Whether to print how the login was done.
    pub(crate) verbose: bool,
    /// Whether to delete messages on the server that are safely stored.
    pub(crate) delete: bool,
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

/// The server of the mailbox.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// The sample maildrop on a server inside this program.
    Embedded,
    /// The server and the user of a URL.
    Remote { endpoint: Endpoint, user: Username },
}

impl Server {
    /// Returns the name of this maildrop in the Maildir's record.
    pub(crate) fn account(&self) -> String {
        match self {
            Self::Embedded => "sample@embedded".to_owned(),
            Self::Remote { endpoint, user } => {
                let (user, host, port) = (user.as_str(), endpoint.host(), endpoint.port());
                format!("{user}@{host}:{port}")
            }
        }
    }
}

/// Parses the arguments, without the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString, IntoIter: 'static>,
) -> Result<Command, UsageError> {
    let (mut url, mut ca, mut plaintext, mut delete) = (None, None, false, false);
    let (mut auth, mut verbose, mut pipelining) = (None, false, true);
    let mut maildir = PathBuf::from("mail");
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(misused)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("maildir") => maildir = path(&mut parser, "--maildir", "directory")?,
            Long("ca") => ca = Some(path(&mut parser, "--ca", "file")?),
            Long("plaintext") => plaintext = true,
            Long("auth") => auth = Some(auth_method(&mut parser)?),
            Long("verbose") | Short('v') => verbose = true,
            Long("no-pipelining") => pipelining = false,
            Long("delete") => delete = true,
            Value(value) if url.is_none() => url = Some(value),
            Value(_) => return refuse("more than one URL; see --help"),
            Long(name) => return unknown(&format!("--{name}")),
            Short(name) => return unknown(&format!("-{name}")),
        }
    }
    let server = match url {
        None => Server::Embedded,
        Some(url) => match url.into_string() {
            Ok(url) => remote(&url, plaintext)?,
            Err(_) => return refuse("the URL is not UTF-8"),
        },
    };
    if server == Server::Embedded && (plaintext || ca.is_some()) {
        return refuse("--ca and --plaintext need a URL; see --help");
    }
    if plaintext && ca.is_some() {
        return refuse("--ca contradicts --plaintext, which means no TLS; see --help");
    }
    Ok(Command::Fetch(Options {
        server,
        maildir,
        ca,
        plaintext,
        pipelining,
        auth,
        verbose,
        delete,
    }))
}

const NO_EXTERNAL: &str =
    "EXTERNAL needs a client certificate, and fetch has no option for one; see --help";

/// Parses the value of `--auth`.
fn auth_method(parser: &mut lexopt::Parser) -> Result<Auth, UsageError> {
    let name = parser.value().map_err(misused)?;
    let auth = name.to_str().and_then(Auth::parse);
    match auth {
        Some(Auth {
            method: Method::External,
            ..
        }) => refuse(NO_EXTERNAL),
        Some(auth) => Ok(auth),
        None => {
            let name = name.to_string_lossy();
            let name = name.escape_debug();
            refuse(format!(
                "unknown login method \"{name}\" for --auth; see --help"
            ))
        }
    }
}

/// Parses the value of an option that needs a path. `kind` is used in the error.
fn path(parser: &mut lexopt::Parser, option: &str, kind: &str) -> Result<PathBuf, UsageError> {
    let value = parser.value().map_err(misused)?;
    if value.is_empty() {
        return refuse(format!("{option} needs a {kind}; see --help"));
    }
    Ok(value.into())
}

pub(crate) fn misused(error: impl fmt::Display) -> UsageError {
    UsageError(format!("{error}; see --help"))
}

fn unknown<T>(option: &str) -> Result<T, UsageError> {
    let option = option.escape_debug();
    refuse(format!("unknown option {option}; see --help"))
}

/// Parses a URL.
fn remote(url: &str, plaintext: bool) -> Result<Server, UsageError> {
    let endpoint: Endpoint = url.parse().map_err(misused)?;
    if plaintext && endpoint.channel() == Channel::ImplicitTls {
        return refuse("--plaintext contradicts pop3s://, which means TLS; see --help");
    }
    if endpoint.method() == Some(Method::External) {
        return refuse(NO_EXTERNAL);
    }
    match endpoint.username().cloned() {
        Some(user) => Ok(Server::Remote { endpoint, user }),
        None => refuse("the URL has no user name; see --help"),
    }
}

/// Returns the password from the variable `POP3_PASSWORD`, or reads it from the terminal without echo.
pub(crate) fn password(prompt: &str) -> Result<Secret, UsageError> {
    let variable = std::env::var_os("POP3_PASSWORD");
    password_from(variable, || rpassword::prompt_password(prompt))
}

/// Does the same as [`password`] with any environment and terminal, for tests.
pub(crate) fn password_from(
    variable: Option<OsString>,
    ask: impl FnOnce() -> std::io::Result<String>,
) -> Result<Secret, UsageError> {
    let (password, source) = match variable.map(OsString::into_string) {
        Some(Ok(password)) => (password, "POP3_PASSWORD"),
        Some(Err(_)) => return refuse("POP3_PASSWORD is not UTF-8"),
        None => match ask() {
            Ok(password) => (password, "typed"),
            Err(error) => {
                let why =
                    "POP3_PASSWORD is not set, and the password cannot be read from the terminal";
                return refuse(format!("no password: {why}: {error}"));
            }
        },
    };
    Secret::new(password).map_err(|error| UsageError(format!("{error} ({source})")))
}
