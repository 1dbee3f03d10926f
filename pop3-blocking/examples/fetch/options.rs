//! What the command line asks for, and where the password comes from.
//!
//! No error repeats the URL: it might hold a password.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use lexopt::prelude::*;
use pop3_blocking::proto::Channel;
use pop3_blocking::{Endpoint, Secret, Username, login::Method};

/// The answer to `--help`.
pub(crate) const HELP: &str = "\
Fetches the mail of a POP3 mailbox into a Maildir, and each message only once.

Usage: fetch [OPTIONS] [URL]

  URL             pop3s://user@host[:port]  TLS from the start (port 995)
                  pop3://user@host[:port]   TLS by STLS (port 110)
                  Without a URL: a sample mailbox on an embedded server

Options:
  --maildir DIR   where to store the mail (./mail)
  --ca FILE.pem   trust the certificates in this file
  --plaintext     with pop3://, go without TLS: everyone on the way can read along
  --auth NAME     log in by this and nothing else: SCRAM-SHA-512, SCRAM-SHA-256,
                  SCRAM-SHA-1 (or one of these with -PLUS), PLAIN, USER, LOGIN,
                  CRAM-MD5, APOP, OAUTHBEARER, XOAUTH2 or ANONYMOUS; without it,
                  by the safest of the first six that the server offers;
                  user;AUTH=NAME@host in the URL says the same
  --no-pipelining send a command only when the one before is answered: for servers
                  that advertise PIPELINING and close or stop responding on it
  --delete        delete from the server what is safely stored
  -v, --verbose   say which way to log in was taken, and why none of the others
  --help          print this

The password (for OAUTHBEARER and XOAUTH2 the token) comes from the variable
POP3_PASSWORD, or else is asked for.
";

/// Why the program cannot start, in one line.
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

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Print [`HELP`].
    Help,
    /// Fetch mail.
    Fetch(Options),
}

/// How to fetch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) server: Server,
    pub(crate) maildir: PathBuf,
    /// A file of certificates to trust.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) plaintext: bool,
    /// Whether commands may be sent before earlier ones are answered.
    pub(crate) pipelining: bool,
    /// The one way to log in.
    pub(crate) auth: Option<Auth>,
    /// Whether to say which way was taken.
    pub(crate) verbose: bool,
    /// Whether to delete on the server what is safely stored.
    pub(crate) delete: bool,
}

/// The one way to log in that the command line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Auth {
    pub(crate) method: Method,
    /// A `-PLUS` name: bound to the TLS channel, or not at all.
    pub(crate) bound: bool,
}

impl Auth {
    /// Reads the name of a mechanism, `APOP` or `USER`.
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

/// Where the mail is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// The sample maildrop, on a server within this program.
    Embedded,
    /// A server named by a URL, and whose maildrop on it.
    Remote { endpoint: Endpoint, user: Username },
}

impl Server {
    /// What the Maildir remembers the unique-ids of this maildrop under.
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

/// Reads the arguments, without the program's name.
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
            Long("auth") => auth = Some(way(&mut parser)?),
            Long("verbose") | Short('v') => verbose = true,
            Long("no-pipelining") => pipelining = false,
            Long("delete") => delete = true,
            Value(value) if url.is_none() => url = Some(value),
            Value(_) => return refuse("there is more than one URL; see --help"),
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

/// The value of `--auth`.
fn way(parser: &mut lexopt::Parser) -> Result<Auth, UsageError> {
    let name = parser.value().map_err(misused)?;
    let auth = name.to_str().and_then(Auth::parse);
    match auth {
        Some(Auth {
            method: Method::External,
            ..
        }) => refuse("--auth EXTERNAL takes a certificate, and this example has no option for one"),
        Some(auth) => Ok(auth),
        None => {
            let name = name.to_string_lossy();
            let name = name.escape_debug();
            refuse(format!(
                "--auth knows no way to log in named \"{name}\"; see --help"
            ))
        }
    }
}

/// The value of an option that takes a path to some `kind` of thing.
fn path(parser: &mut lexopt::Parser, option: &str, kind: &str) -> Result<PathBuf, UsageError> {
    let value = parser.value().map_err(misused)?;
    if value.is_empty() {
        return refuse(format!("{option} names no {kind}; see --help"));
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

/// Reads a URL.
fn remote(url: &str, plaintext: bool) -> Result<Server, UsageError> {
    let endpoint: Endpoint = url.parse().map_err(misused)?;
    if plaintext && endpoint.channel() == Channel::ImplicitTls {
        return refuse("--plaintext contradicts pop3s://, which means TLS; see --help");
    }
    match endpoint.username().cloned() {
        Some(user) => Ok(Server::Remote { endpoint, user }),
        None => refuse("the URL names no user; see --help"),
    }
}

/// The password from the variable `POP3_PASSWORD`, or typed without echo after `prompt`.
pub(crate) fn password(prompt: &str) -> Result<Secret, UsageError> {
    let variable = std::env::var_os("POP3_PASSWORD");
    password_from(variable, || rpassword::prompt_password(prompt))
}

/// The rules of [`password`], whatever the environment and the terminal.
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
                let why = "POP3_PASSWORD is not set, and the terminal gives none";
                return refuse(format!("no password: {why}: {error}"));
            }
        },
    };
    Secret::new(password).map_err(|error| UsageError(format!("{error} ({source})")))
}
