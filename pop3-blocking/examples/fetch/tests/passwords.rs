//! Where `fetch` reads the password from.
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use pop3_testkit::program::{Outcome, fetch, run, script};
use tempfile::TempDir;

/// Starts a server that accepts only this password. Returns the URL of a user.
fn server(password: &str) -> String {
    let pass = format!("PASS {password}");
    script(&[
        (&pass, "+OK\r\n"),
        ("PASS *", "-ERR [AUTH] another password\r\n"),
    ])
}

/// Runs without the variable `POP3_PASSWORD`.
fn run_with(home: &TempDir, options: &[&str], url: &str) -> Outcome {
    let mut command = fetch(home.path().join("mail"));
    command.env_remove("POP3_PASSWORD");
    run(command, &[&["--plaintext"], options, &[url]].concat())
}

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn password_file_is_read_without_its_line_break() {
    let home = home();
    let file = home.path().join("password");
    let option = ["--password-file", file.to_str().unwrap()];
    for (written, pass) in [
        ("geheim", "geheim"),
        ("geheim\n", "geheim"),
        ("geheim\r\n", "geheim"),
        (" ge heim \n", " ge heim "),
    ] {
        fs::write(&file, written).unwrap();
        let outcome = run_with(&home, &option, &server(pass));
        assert_eq!(outcome.code, Some(0), "{written:?}: {outcome:?}");
    }
    fs::write(&file, "two\nlines\n").unwrap();
    let outcome = run_with(&home, &option, &server(""));
    assert!(
        outcome.failure().contains("contains CR, LF or NUL"),
        "{outcome:?}"
    );
    fs::remove_file(&file).unwrap();
    let outcome = run_with(&home, &option, &server(""));
    let text = format!("no password: cannot read {file:?}: No such file");
    assert!(outcome.failure().contains(&text), "{outcome:?}");
}

#[test]
fn output_of_the_password_command_is_the_password() {
    let home = home();
    let option = [
        "--password-command",
        "printf '%s-%s\\n' $POP3_USER $POP3_HOST",
    ];
    let outcome = run_with(&home, &option, &server("joe-127.0.0.1"));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");

    let option = ["--password-command", "echo half; exit 3"];
    let outcome = run_with(&home, &option, &server("half"));
    let text = "no password: --password-command failed (exit status: 3)";
    assert!(outcome.failure().contains(text), "{outcome:?}");
    let outcome = run_with(&home, &["--password-command", "true"], &server(""));
    let text = "the password or token is empty (--password-command)";
    assert!(outcome.failure().contains(text), "{outcome:?}");
}

#[test]
fn non_utf8_password_is_sent_unchanged() {
    let home = home();
    let mut command: Command = fetch(home.path().join("mail"));
    command.env("POP3_PASSWORD", OsStr::from_bytes(b"caf\xe9"));
    // The server reads Latin-1.
    let outcome = run(command, &["--plaintext", &server("caf\u{e9}")]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
}
