//! Parses the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;
use pop3_blocking::proto::Channel;
use pop3_blocking::{Endpoint, login::Method};

use super::values;
use super::{Auth, Command, Options, Server, Trust, UsageError, misused, refuse};
use crate::app::password::Source;

/// What the options say before they are checked against each other.
#[derive(Default)]
struct Given {
    url: Option<OsString>,
    ca: Option<PathBuf>,
    pins: Vec<[u8; 32]>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    password_file: Option<PathBuf>,
    password_command: Option<OsString>,
    options: Options,
}

/// Parses the arguments, without the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString, IntoIter: 'static>,
) -> Result<Command, UsageError> {
    let mut given = Given::default();
    let options = &mut given.options;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(misused)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("maildir") => options.maildir = path(&mut parser, "--maildir", "directory")?,
            Long("delete") => options.delete = true,
            Long("ca") => given.ca = Some(path(&mut parser, "--ca", "file")?),
            Long("pin") => given
                .pins
                .push(value(&mut parser, "--pin", values::digest)?),
            Long("cert") => given.cert = Some(path(&mut parser, "--cert", "file")?),
            Long("key") => given.key = Some(path(&mut parser, "--key", "file")?),
            Long("plaintext") => options.plaintext = true,
            Long("timeout") => {
                options.timeout = Some(value(&mut parser, "--timeout", values::seconds)?);
            }
            Long("no-pipelining") => options.pipelining = false,
            Long("no-capa") => options.capa = false,
            Long("auth") => options.auth = Some(auth_method(&mut parser)?),
            Long("password-file") => {
                given.password_file = Some(path(&mut parser, "--password-file", "file")?);
            }
            Long("password-command") => {
                let command = path(&mut parser, "--password-command", "command")?;
                given.password_command = Some(command.into());
            }
            Long("verbose") | Short('v') => options.verbose = true,
            Value(value) if given.url.is_none() => given.url = Some(value),
            Value(_) => return refuse("more than one URL; see --help"),
            Long(name) => return unknown(&format!("--{name}")),
            Short(name) => return unknown(&format!("-{name}")),
        }
    }
    Ok(Command::Fetch(Box::new(given.checked()?)))
}

impl Given {
    /// Returns the options if none contradicts another.
    fn checked(self) -> Result<Options, UsageError> {
        let mut options = self.options;
        options.server = match self.url {
            None => Server::Embedded,
            Some(url) => match url.into_string() {
                Ok(url) => remote(&url, options.plaintext)?,
                Err(_) => return refuse("the URL is not UTF-8"),
            },
        };
        for (name, given) in [
            ("--ca", self.ca.is_some()),
            ("--pin", !self.pins.is_empty()),
            ("--cert", self.cert.is_some()),
            ("--key", self.key.is_some()),
        ] {
            if given && options.plaintext {
                return refuse(format!(
                    "{name} contradicts --plaintext, which means no TLS; see --help"
                ));
            }
            if given && options.server == Server::Embedded {
                return refuse(format!("{name} needs a URL; see --help"));
            }
        }
        if options.plaintext && options.server == Server::Embedded {
            return refuse("--plaintext needs a URL; see --help");
        }
        options.trust = match (self.ca, self.pins) {
            (None, pins) if pins.is_empty() => Trust::Default,
            (None, pins) => Trust::Keys(pins),
            (Some(file), pins) if pins.is_empty() => Trust::File(file),
            _ => return refuse("--ca contradicts --pin, which replaces it; see --help"),
        };
        options.certificate = match (self.cert, self.key) {
            (Some(certificate), key) => Some((certificate.clone(), key.unwrap_or(certificate))),
            (None, Some(_)) => return refuse("--key needs --cert; see --help"),
            (None, None) => None,
        };
        options.password = match (self.password_file, self.password_command) {
            (None, None) => Source::Ask,
            (Some(file), None) => Source::File(file),
            (None, Some(command)) => Source::Command(command),
            _ => return refuse("--password-file contradicts --password-command; see --help"),
        };
        if options.certificate.is_none() && is_external(&options) {
            return refuse("EXTERNAL needs a client certificate: use --cert; see --help");
        }
        Ok(options)
    }
}

/// Returns whether the login method EXTERNAL is selected.
fn is_external(options: &Options) -> bool {
    let in_url = match &options.server {
        Server::Remote { endpoint, .. } => endpoint.method(),
        Server::Embedded => None,
    };
    let method = options.auth.map(|auth| auth.method).or(in_url);
    method == Some(Method::External)
}

/// Parses the value of an option with this function, which returns `None` if the value is invalid.
fn value<T>(
    parser: &mut lexopt::Parser,
    option: &str,
    read: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Result<T, UsageError> {
    let value = parser.value().map_err(misused)?;
    let text = value.to_string_lossy();
    read(&text).or_else(|needed| {
        let text = text.escape_debug();
        refuse(format!(
            "{option} needs {needed}, not \"{text}\"; see --help"
        ))
    })
}

/// Parses the value of `--auth`.
fn auth_method(parser: &mut lexopt::Parser) -> Result<Auth, UsageError> {
    let name = parser.value().map_err(misused)?;
    match name.to_str().and_then(Auth::parse) {
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

/// Parses the value of an option that must not be empty, such as a path. `kind` is used in the error.
fn path(parser: &mut lexopt::Parser, option: &str, kind: &str) -> Result<PathBuf, UsageError> {
    let value = parser.value().map_err(misused)?;
    if value.is_empty() {
        return refuse(format!("{option} needs a {kind}; see --help"));
    }
    Ok(value.into())
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
    match endpoint.username().cloned() {
        Some(user) => Ok(Server::Remote { endpoint, user }),
        None => refuse("the URL has no user name; see --help"),
    }
}
