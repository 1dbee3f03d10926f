//! Clients that this project did not write, with the embedded server: curl, fetchmail, getmail6, mpop
//! and Python's `poplib`. Each fetches all mail over cleartext, STLS and implicit TLS, with and
//! without deletion. The tests count the messages and compare their octets with the maildrop.
//!
//! A client that is not installed is skipped with a message, unless `POP3_REQUIRE_CLIENTS` is set.

mod curl;
mod fetchmail;
mod getmail;
mod mailbox;
mod mpop;
mod poplib;

use std::io::{self, Write as _};
use std::process::{Command, Output};

/// Returns whether a program is installed and its version contains `says`, and prints its version.
/// If not, prints that the test is skipped.
fn is_installed(program: &str, says: &str) -> bool {
    let output = Command::new(program).arg("--version").output();
    let version = output.map(|output| {
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&text).into_owned()
    });
    let version = version.unwrap_or_default();
    let installed = version.contains(says);
    assert!(
        installed || std::env::var_os("POP3_REQUIRE_CLIENTS").is_none(),
        "POP3_REQUIRE_CLIENTS is set, but there is no {program} with {says}"
    );
    let test = std::thread::current();
    let name = test.name().unwrap_or_default();
    let line = if installed {
        let first = version.lines().find(|line| line.contains(char::is_numeric));
        format!("{name} uses {}\n", first.unwrap_or_default())
    } else {
        format!("{name} is skipped: no {program} with {says}\n")
    };
    // Written directly to stderr, because the harness captures other output.
    io::stderr().write_all(line.as_bytes()).unwrap();
    installed
}

/// Runs a program that must succeed.
#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    output
}
