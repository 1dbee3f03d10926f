//! Everything of the program but the session with the server, which differs between the clients:
//! the command line, the account, the Maildir and the output.
//!
//! The examples `fetch_tokio` and `fetch_async_std` include this module, too.

pub(crate) mod account;
mod connector;
mod exit;
mod hints;
pub(crate) mod interrupt;
pub(crate) mod jobs;
pub(crate) mod maildir;
pub(crate) mod options;
pub(crate) mod output;
pub(crate) mod password;
mod protocol_log;
mod recording;
pub(crate) mod sample;
mod tls;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use exit::Exit;
use jobs::Mailbox;
use options::{Command, HELP};

/// Runs the command line with the loop of a client, which fetches one mailbox. An error of the loop
/// is one of the Maildir: errors of the server are passed to the run.
pub(crate) fn main(session: impl FnMut(&mut Mailbox<'_>) -> io::Result<()>) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // A wrong command line has its own code, too.
    let sysexits = arguments.iter().any(|argument| argument == "--sysexits");
    let result = match options::parse(arguments) {
        Ok(Command::Help) => output::say(HELP.trim_end()).map(|()| Exit::Done),
        Ok(Command::Fetch(options)) => jobs::fetch_all(&options, session),
        Err(error) => Err(exit::Failure::new(Exit::Usage, error)),
    };
    let exit = result.unwrap_or_else(|failure| {
        output::complain(&failure);
        failure.exit
    });
    exit.code(sysexits)
}
