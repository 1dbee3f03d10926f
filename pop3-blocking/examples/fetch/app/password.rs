//! The password: from a file, a command, the environment or the terminal, as octets.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use pop3_blocking::Secret;

use super::options::{UsageError, refuse};

/// Where the password is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The variable `POP3_PASSWORD`, otherwise the terminal.
    Ask,
    File(PathBuf),
    /// The output of a shell command.
    Command(OsString),
}

impl Source {
    /// Returns the password of this user, or the token if `what` says so.
    pub(crate) fn read(&self, what: &str, user: &str, host: &str) -> Result<Secret, UsageError> {
        match self {
            Self::Ask => {
                let prompt = format!("{what} of {user} at {host}: ");
                let variable = std::env::var_os("POP3_PASSWORD");
                password_from(variable, || rpassword::prompt_password(prompt))
            }
            Self::File(path) => match fs::read(path) {
                Ok(octets) => secret(without_line_break(octets), &format!("{path:?}")),
                Err(error) => refuse(format!("no password: cannot read {path:?}: {error}")),
            },
            Self::Command(command) => {
                let octets = output(command, user, host)?;
                secret(without_line_break(octets), "--password-command")
            }
        }
    }
}

/// Returns the password in the variable, or what is typed.
pub(crate) fn password_from(
    variable: Option<OsString>,
    ask: impl FnOnce() -> io::Result<String>,
) -> Result<Secret, UsageError> {
    if let Some(variable) = variable {
        return match octets(variable) {
            Some(octets) => secret(octets, "POP3_PASSWORD"),
            None => refuse("POP3_PASSWORD is not Unicode"),
        };
    }
    match ask() {
        Ok(password) => secret(password.into_bytes(), "typed"),
        Err(error) => {
            let why = "POP3_PASSWORD is not set, and the password cannot be read from the terminal";
            refuse(format!("no password: {why}: {error}"))
        }
    }
}

/// Returns the octets of a variable, which need not be UTF-8 on Unix.
fn octets(variable: OsString) -> Option<Vec<u8>> {
    #[cfg(unix)]
    return Some(std::os::unix::ffi::OsStringExt::into_vec(variable));
    #[cfg(not(unix))]
    return variable.into_string().ok().map(String::into_bytes);
}

/// Returns the output of a shell command. Its errors go to stderr.
fn output(command: &OsStr, user: &str, host: &str) -> Result<Vec<u8>, UsageError> {
    let [shell, option] = if cfg!(windows) {
        ["cmd", "/C"]
    } else {
        ["/bin/sh", "-c"]
    };
    let mut shell = Command::new(shell);
    shell.arg(option).arg(command);
    shell.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    shell.env("POP3_USER", user).env("POP3_HOST", host);
    match shell.output() {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => refuse(format!(
            "no password: --password-command failed ({})",
            output.status
        )),
        Err(error) => refuse(format!(
            "no password: cannot run --password-command: {error}"
        )),
    }
}

/// Removes one line break at the end.
fn without_line_break(mut octets: Vec<u8>) -> Vec<u8> {
    if octets.last() == Some(&b'\n') {
        octets.pop();
        if octets.last() == Some(&b'\r') {
            octets.pop();
        }
    }
    octets
}

fn secret(octets: Vec<u8>, source: &str) -> Result<Secret, UsageError> {
    Secret::new(octets).map_err(|error| UsageError(format!("{error} ({source})")))
}
