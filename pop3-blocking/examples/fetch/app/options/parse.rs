//! Parses the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;
use pop3_blocking::sync::Order;

use super::check::Given;
use super::{Auth, Command, UsageError, Verbosity, misused, refuse, values};

/// Parses the arguments, without the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString, IntoIter: 'static>,
) -> Result<Command, UsageError> {
    let mut given = Given::default();
    let options = &mut given.options;
    let rules = &mut options.rules;
    let mut parser = lexopt::Parser::from_args(arguments);
    let from = &mut parser;
    while let Some(argument) = from.next().map_err(misused)? {
        match argument {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("maildir") => options.maildir = path(from, "--maildir", "directory")?,
            Long("limit") => rules.max_messages = Some(value(from, "--limit", values::positive)?),
            Long("max-size") => rules.max_size = Some(value(from, "--max-size", values::size)?),
            Long("headers-above") => {
                rules.headers_above = Some(value(from, "--headers-above", values::size)?);
            }
            Long("newest-first") => rules.order = Order::NewestFirst,
            Long("adopt") => rules.adopt = true,
            Long("dry-run") => rules.dry_run = true,
            Long("delete") => given.delete = true,
            Long("keep-days") => given.keep_days = Some(value(from, "--keep-days", values::days)?),
            Long("ca") => given.ca = Some(path(from, "--ca", "file")?),
            Long("pin") => given.pins.push(value(from, "--pin", values::digest)?),
            Long("cert") => given.cert = Some(path(from, "--cert", "file")?),
            Long("key") => given.key = Some(path(from, "--key", "file")?),
            Long("plaintext") => options.plaintext = true,
            Long("timeout") => options.timeout = Some(value(from, "--timeout", values::seconds)?),
            Long("retries") => rules.retries = value(from, "--retries", values::number)?,
            Long("no-pipelining") => options.pipelining = false,
            Long("no-capa") => options.capa = false,
            Long("auth") => options.auth = Some(auth_method(from)?),
            Long("password-file") => {
                given.password_file = Some(path(from, "--password-file", "file")?);
            }
            Long("password-command") => {
                given.password_command = Some(path(from, "--password-command", "command")?.into());
            }
            Long("record") => options.record = Some(path(from, "--record", "file")?),
            Long("poll") => options.poll = Some(value(from, "--poll", values::interval)?),
            Long("sysexits") => options.sysexits = true,
            Long("verbose") | Short('v') => {
                options.verbosity = match options.verbosity {
                    Verbosity::Quiet => Verbosity::Verbose,
                    Verbosity::Verbose | Verbosity::Protocol => Verbosity::Protocol,
                };
            }
            Value(url) => given.urls.push(url),
            Long(name) => return unknown(&format!("--{name}")),
            Short(name) => return unknown(&format!("-{name}")),
        }
    }
    Ok(Command::Fetch(Box::new(given.checked()?)))
}

/// Parses the value of an option with this function, which returns what it needs if the value is
/// invalid.
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
