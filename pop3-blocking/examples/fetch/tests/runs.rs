//! The example `fetch` as a process, with the embedded server, Dovecot and misbehaving servers.
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_testkit::dovecot::{self, Dovecot, Options};
use pop3_testkit::program::{
    as_stored, fetch, fetch_by_shell, fetch_in, finish, run, script, stored, wait_for,
};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Starts an embedded server for joe. Returns it with the options and the URL for TLS.
fn embedded<M: AsRef<[u8]>>(messages: &[M], home: &TempDir) -> (EmbeddedServer, [String; 3]) {
    let messages = messages.iter().enumerate();
    let maildrop: Maildrop = messages
        .map(|(number, octets)| (format!("uid-{number}"), octets.as_ref().to_vec()))
        .collect();
    let server = EmbeddedServer::start(ServerConfig::new("joe", "secret"), maildrop).unwrap();
    let ca = home.path().join("ca.pem");
    fs::write(&ca, server.ca_pem()).unwrap();
    let url = server.implicit_tls().to_string().replace("://", "://joe@");
    (server, ["--ca".into(), ca.to_str().unwrap().into(), url])
}

#[test]
fn second_fetch_of_the_sample_fetches_nothing() {
    let home = home();
    let first = run::<&str>(fetch_in(home.path()), &[]);
    let octets: u64 = stored(&home.path().join("mail"))
        .iter()
        .map(|message| message.len() as u64 + lines(message))
        .sum();
    let expected = format!("fetched 300 messages ({octets} octets), 0 already here, 0 deleted");
    assert_eq!(first.success(), expected);
    let from = first.stdout.lines().next().unwrap();
    assert!(from.starts_with("from pop3s://localhost:"), "{first:?}");
    assert!(from.ends_with(" into \"mail\""), "{first:?}");

    let second = run(fetch_in(home.path()), &["--delete"]);
    let expected = "fetched 0 messages (0 octets), 300 already here, 300 deleted";
    assert_eq!(second.success(), expected);
    assert_eq!(stored(&home.path().join("mail")).len(), 300);
}

fn lines(message: &[u8]) -> u64 {
    message.iter().filter(|&&octet| octet == b'\n').count() as u64
}

#[test]
fn messages_from_dovecot_are_identical_on_every_channel() {
    let Some(server) = Dovecot::start(Options::default()) else {
        return;
    };
    server.add_user("joe", "secret");
    let corpus = dovecot::corpus(120);
    server.deliver("joe", &corpus);
    let octets: usize = corpus.iter().map(Vec::len).sum();
    let ca = server.ca_path();
    let ca = ca.to_str().unwrap();
    let plain = format!("pop3://joe@localhost:{}", server.plain_port());
    let tls = format!("pop3s://joe@localhost:{}", server.tls_port());
    for arguments in [
        &["--plaintext", &plain][..],
        &["--ca", ca, &plain],
        &["--ca", ca, &tls],
    ] {
        let home = home();
        let expected = format!("fetched 120 messages ({octets} octets), 0 already here, 0 deleted");
        assert_eq!(run(fetch(&home), arguments).success(), expected);
        assert!(stored(home.path()) == as_stored(&corpus), "{arguments:?}");
        let expected = "fetched 0 messages (0 octets), 120 already here, 0 deleted";
        assert_eq!(run(fetch(&home), arguments).success(), expected);
    }

    let home = home();
    let arguments = ["--delete", "--ca", ca, &tls];
    let expected = format!("fetched 120 messages ({octets} octets), 0 already here, 120 deleted");
    assert_eq!(run(fetch(&home), &arguments).success(), expected);
    server.deliver("joe", &corpus[..3]);
    let octets: usize = corpus[..3].iter().map(Vec::len).sum();
    let expected = format!("fetched 3 messages ({octets} octets), 0 already here, 3 deleted");
    assert_eq!(run(fetch(&home), &arguments).success(), expected);
    let expected = "fetched 0 messages (0 octets), 0 already here, 0 deleted";
    assert_eq!(run(fetch(&home), &arguments).success(), expected);
    assert!(stored(home.path()) == as_stored(corpus.iter().chain(&corpus[..3])));
}

#[test]
fn wrong_password_at_dovecot_fails() {
    let Some(server) = Dovecot::start(Options::default()) else {
        return;
    };
    server.add_user("joe", "another");
    let (home, ca) = (home(), server.ca_path());
    let url = format!("pop3s://joe@localhost:{}", server.tls_port());
    let outcome = run(fetch(&home), &["--ca", ca.to_str().unwrap(), &url]);
    let place = format!("pop3s://localhost:{}", server.tls_port());
    assert_eq!(
        outcome.failure(),
        format!(
            "{place}: login with SCRAM-SHA-256 failed: the server refused AUTH: [AUTH] Authentication failed. \
             (check user name, password and account)"
        )
    );
    assert_eq!(outcome.stdout, "");
}

#[test]
fn delete_removes_messages_stored_by_any_run() {
    let (home, maildir) = (home(), home());
    let (server, arguments) = embedded(&["one\r\n", "two\r\n", "three\r\n"], &home);
    let line = "fetched 3 messages (17 octets), 0 already here, 0 deleted";
    assert_eq!(run(fetch(&maildir), &arguments).success(), line);
    assert_eq!(server.maildrop().len(), 3);
    let mut command = fetch(&maildir);
    command.arg("--delete");
    let line = "fetched 0 messages (0 octets), 3 already here, 3 deleted";
    assert_eq!(run(command, &arguments).success(), line);
    assert!(server.maildrop().is_empty());
}

#[test]
fn connection_and_usage_errors_are_explained() {
    let (home, maildir) = (home(), home());
    let (server, [_, ca, tls]) = embedded(&["one\r\n"], &home);
    let plain = server.plain().to_string().replace("://", "://joe@");
    let crossed = plain.replace("pop3", "pop3s");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let unused = listener.local_addr().unwrap();
    drop(listener);
    let unused_url = format!("pop3s://joe@{unused}");
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, expected) in [
        (
            &["pop3s://joe@host.invalid"][..],
            "pop3s://host.invalid:995: cannot resolve the host name host.invalid: failed to lookup address information",
        ),
        (
            &[&unused_url],
            &format!("pop3s://{unused}: cannot connect to {unused}: Connection refused"),
        ),
        (
            &[&tls],
            "TLS failed: the server's certificate is not signed by a trusted authority \
             (TlsOptions::roots); to trust the certificate or its authority, use --ca",
        ),
        (
            &["--ca", ca.as_str(), &crossed],
            "a POP3 server answered without TLS: this port does not use TLS from the start, so try pop3://",
        ),
        (
            &["--ca", file, &tls],
            &format!("no certificate found in {file:?}"),
        ),
        (
            &["--ca", "/nowhere.pem", &tls],
            "cannot read \"/nowhere.pem\": No such file",
        ),
        (
            &["--maildir", file, &tls],
            &format!("{file:?} is not a directory"),
        ),
        (
            &["--maildir", "/dev/null", &tls],
            "\"/dev/null\" is not a directory",
        ),
        (
            &["pop3s://joe:secret@host.invalid"],
            "it contains a password",
        ),
    ] {
        let outcome = run(fetch(&maildir), arguments);
        assert!(
            outcome.failure().contains(expected),
            "{arguments:?}: {outcome:?}"
        );
        assert!(!outcome.stderr.contains("secret@"), "{outcome:?}");
        assert_eq!(outcome.stdout, "", "{arguments:?}");
    }
    let outcome = run(fetch(&maildir), &[script(&[])]);
    for text in [
        "TLS is required and the server does not offer STLS: try pop3s:// (port 995)",
        "the option for that is --plaintext: use it only on a trusted path, such as to a proxy on this computer",
    ] {
        assert!(outcome.failure().contains(text), "{outcome:?}");
    }
    let outcome = run(fetch(&maildir), &["--plaintext", &plain]);
    let line = "fetched 1 messages (5 octets), 0 already here, 0 deleted";
    assert_eq!(outcome.success(), line);
}

#[test]
fn without_a_terminal_the_password_variable_is_required() {
    let home = home();
    // In a session of its own, the process has no terminal, wherever the test runs.
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(fetch(&home).get_program());
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    command.env_remove("POP3_PASSWORD");
    let outcome = run(command, &["pop3s://joe@localhost"]);
    let text = "no password: POP3_PASSWORD is not set, and the password cannot be read from the terminal: ";
    assert!(outcome.failure().starts_with(text), "{outcome:?}");
}

#[test]
fn refused_message_is_skipped_and_not_deleted() {
    let home = home();
    let url = script(&[
        ("RETR 2", "-ERR \x1b[2Jno such\tmessage\r\n"),
        ("DELE 2", "-ERR the test must not come here\r\n"),
    ]);
    let outcome = run(fetch(&home), &["--plaintext", "--delete", &url]);
    let place = url.replace("joe@", "");
    assert_eq!(
        outcome.failure(),
        format!("{place}: message 2: the server refused RETR: \\u{{1b}}[2Jno such\\u{{9}}message")
    );
    let line = "fetched 2 messages (16 octets), 0 already here, 2 deleted\n";
    assert!(outcome.stdout.ends_with(line), "{outcome:?}");
    assert_eq!(stored(home.path()), [b"mail 1\n", b"mail 3\n"]);
}

#[test]
fn only_deletions_committed_by_quit_are_counted() {
    for (answer, expected) in [
        (
            "-ERR one is left\r\n",
            "3 messages: the server did not say whether they were deleted (it refused QUIT: one is left)",
        ),
        (
            "",
            "3 messages: the server did not say whether they were deleted (no reply to QUIT was received)",
        ),
    ] {
        let home = home();
        let answers = vec![("QUIT", answer)];
        let url = script(answers.leak());
        let outcome = run(fetch(&home), &["--plaintext", "--delete", &url]);
        assert!(outcome.failure().ends_with(expected), "{outcome:?}");
        let line = "fetched 3 messages (24 octets), 0 already here, 0 deleted\n";
        assert!(outcome.stdout.ends_with(line), "{outcome:?}");
        // Without deletions the outcome of QUIT does not matter.
        let outcome = run(fetch(&home), &["--plaintext", &url]);
        let line = "fetched 0 messages (0 octets), 3 already here, 0 deleted";
        assert_eq!(outcome.success(), line);
    }
}

#[test]
fn other_messages_are_fetched_after_a_broken_connection() {
    for (answer, expected) in [
        (
            "",
            "message 2: the server closed the connection instead of answering RETR 2",
        ),
        (
            "+OK\r\nhalf a mess",
            "message 2: the server stopped sending in the middle of the reply to RETR 2",
        ),
        (
            "-ERR [SYS/TEMP] going down\r\n",
            "message 2: the server refused RETR: [SYS/TEMP] going down",
        ),
    ] {
        let home = home();
        let url = script(&[("RETR 2", answer)]);
        let arguments = [
            "--plaintext",
            "--delete",
            "--retries",
            "1",
            "--timeout",
            "1",
            &url,
        ];
        let outcome = run(fetch(&home), &arguments);
        assert!(outcome.failure().contains(expected), "{outcome:?}");
        let line = "fetched 2 messages (16 octets), 0 already here, 2 deleted\n";
        assert!(outcome.stdout.ends_with(line), "{outcome:?}");
        assert_eq!(stored(home.path()), [b"mail 1\n", b"mail 3\n"]);
    }
}

#[test]
fn equal_complaints_are_one_line() {
    let url = script(&[("RETR *", "-ERR no\r\n")]);
    let outcome = run(fetch(home()), &["--plaintext", &url]);
    let text = "3 messages (1, 2, 3): the server refused RETR: no";
    assert!(outcome.failure().ends_with(text), "{outcome:?}");
}

#[test]
fn run_after_a_kill_fetches_only_the_rest() {
    let (home, maildir) = (home(), home());
    let messages: Vec<_> = (0..2000)
        .map(|n| format!("Subject: {n}\r\n\r\n.\r\n"))
        .collect();
    let (_server, arguments) = embedded(&messages, &home);
    for so_far in [1, 40, 200] {
        let mut first = fetch(&maildir).args(&arguments).spawn().unwrap();
        wait_for(so_far, maildir.path());
        first.kill().unwrap(); // SIGKILL
        let outcome = finish(first);
        // On a busy machine a later message may be complete before the kill.
        assert!(outcome.code.is_none() || so_far > 1, "{outcome:?}");
    }
    let visible = stored(maildir.path()).len();
    let outcome = run(fetch(&maildir), &arguments);
    // Messages of the last batch may be recorded and not yet visible.
    let expected = (visible..=visible + 50).map(|known| {
        let rest = 2000 - known;
        let octets: usize = messages[known..].iter().map(String::len).sum();
        format!("fetched {rest} messages ({octets} octets), {known} already here, 0 deleted")
    });
    let line = outcome.success();
    assert!(
        expected.into_iter().any(|expected| line == expected),
        "{line}"
    );
    assert!(stored(maildir.path()) == as_stored(&messages));
}

#[test]
fn concurrent_second_run_fails() {
    let (home, maildir) = (home(), home());
    // It never answers and never closes.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("pop3s://joe@{}", silent.local_addr().unwrap());
    let mut first = fetch(&maildir).arg(url).spawn().unwrap();
    let _connection = silent.accept().unwrap();

    let (_server, arguments) = embedded(&["one\r\n"], &home);
    let outcome = run(fetch(&maildir), &arguments);
    let text = format!("another run is storing into {:?}", maildir.path());
    assert!(outcome.failure().starts_with(&text), "{outcome:?}");
    first.kill().unwrap();
    first.wait().unwrap();
    let line = "fetched 1 messages (5 octets), 0 already here, 0 deleted";
    assert_eq!(run(fetch(&maildir), &arguments).success(), line);
}

#[test]
fn file_size_limit_keeps_unstored_messages_on_server() {
    let (home, maildir) = (home(), home());
    let large = "x".repeat(70) + "\r\n";
    let messages = [
        "one\r\n".to_owned(),
        large.repeat(10_000),
        "three\r\n".to_owned(),
    ];
    let (server, arguments) = embedded(&messages, &home);
    // Files of more than 100 blocks cannot be written, and the signal for that is ignored.
    let mut command = fetch_by_shell("trap '' XFSZ; ulimit -f 100;", &maildir);
    command.arg("--delete");
    let outcome = run(command, &arguments);
    assert!(
        outcome.failure().starts_with("cannot write \""),
        "{outcome:?}"
    );
    assert!(outcome.failure().contains("File too large"), "{outcome:?}");
    let line = "fetched 1 messages (5 octets), 0 already here, 0 deleted\n";
    assert!(outcome.stdout.ends_with(line), "{outcome:?}");
    assert_eq!(server.maildrop().len(), 3);

    let mut command = fetch(&maildir);
    command.arg("--delete");
    let line = "fetched 2 messages (720007 octets), 1 already here, 3 deleted";
    assert_eq!(run(command, &arguments).success(), line);
    assert!(stored(maildir.path()) == as_stored(&messages));
    assert!(server.maildrop().is_empty());
}
