//! `fetch` with several mailboxes, again and again, until Ctrl-C; and its exit codes.
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_testkit::program::{Script, fetch, finish, run, script, stored, wait_for};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Returns the URL of a port on which no server listens.
fn refused() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("pop3://joe@{}", listener.local_addr().unwrap())
}

fn press_ctrl_c(child: &Child) {
    let mut kill = Command::new("kill");
    let status = kill.arg("-INT").arg(child.id().to_string()).status();
    assert!(status.unwrap().success());
}

#[test]
fn failure_of_one_url_does_not_stop_the_others() {
    let (home, refused) = (home(), refused());
    let [one, other] = [
        Script::start(&[]),
        Script::start(&[("RETR 2", "-ERR no\r\n")]),
    ];
    let ann = other.url().replace("joe", "ann");
    let urls = [&refused, &one.url(), &ann];
    let arguments = [&["--plaintext"][..], &urls.map(String::as_str)].concat();
    let outcome = run(fetch(&home), &arguments);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let lines: Vec<_> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{outcome:?}");
    assert!(lines[0].starts_with(&format!("fetch: {refused}: cannot connect")));
    let refused = format!("fetch: {ann}: message 2: the server refused RETR: no");
    assert_eq!(lines[1], refused);
    let expected = format!(
        "{}: fetched 3 messages (24 octets), 0 already here, 0 deleted\n\
         {ann}: fetched 2 messages (16 octets), 0 already here, 0 deleted\n\
         fetched 5 messages (40 octets), 0 already here, 0 deleted\n",
        one.url()
    );
    assert_eq!(outcome.stdout, expected);
    // Each mailbox has its own ledger, although the unique-ids are equal.
    assert_eq!(stored(home.path()).len(), 5);
}

#[test]
fn exit_codes_distinguish_failures_on_request() {
    let wrong = script(&[("PASS *", "-ERR [AUTH] no\r\n")]);
    let busy = script(&[("PASS *", "-ERR [IN-USE] no\r\n")]);
    let http = misbehaving();
    let partial = script(&[("RETR 2", "-ERR no\r\n")]);
    let good = script(&[]);
    let refused = refused();
    for (arguments, code) in [
        (&["--plaintext", &good][..], 0),
        (&["--no-such-option"], 64),
        (&["imap://joe@mx"], 64),
        (&["--plaintext", &wrong], 77),
        (&["--password-file", "/nowhere", &good], 77),
        (&["--plaintext", &busy], 75),
        (&["--plaintext", &refused], 75),
        (&["--ca", "/nowhere", &good], 78),
        (&[&good], 78),
        (&["--plaintext", &http], 78),
        (&["--plaintext", "--maildir", "/dev/null", &good], 74),
        (&["--plaintext", &partial], 1),
        (&["--plaintext", &good, &refused], 1),
        (&["--plaintext", &refused, &refused], 75),
    ] {
        let outcome = run(fetch(home()), &[&["--sysexits"], arguments].concat());
        assert_eq!(outcome.code, Some(code), "{arguments:?}: {outcome:?}");
        let outcome = run(fetch(home()), arguments);
        let plain = i32::from(code != 0);
        assert_eq!(outcome.code, Some(plain), "{arguments:?}: {outcome:?}");
    }
}

/// Returns the URL of a server that is not a POP3 server.
fn misbehaving() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("pop3://joe@{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::Write as _;
            let _ = stream.unwrap().write_all(b"220 mail.example.org ESMTP\r\n");
        }
    });
    url
}

#[test]
fn temporary_failure_is_retried_on_request() {
    let began = Instant::now();
    let outcome = run(
        fetch(home()),
        &["--plaintext", "--retries", "1", &refused()],
    );
    assert!(outcome.failure().contains("cannot connect"), "{outcome:?}");
    assert!(began.elapsed() >= Duration::from_secs(1), "{outcome:?}");
    // A wrong password is sent only once.
    let server = Script::start(&[("PASS *", "-ERR [AUTH] no\r\n")]);
    run(
        fetch(home()),
        &["--plaintext", "--retries", "3", &server.url()],
    )
    .failure();
    let sent = server.commands();
    assert_eq!(
        sent.iter().filter(|sent| sent.starts_with("PASS")).count(),
        1
    );
}

#[test]
fn poll_fetches_until_ctrl_c() {
    let home = home();
    let server = Script::start(&[]);
    let mut command = fetch(&home);
    command.args(["--plaintext", "--poll", "1s", &server.url()]);
    let mut child = command.spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let lines = BufReader::new(stdout).lines().map(Result::unwrap);
    let mut summaries = lines.filter(|line| line.starts_with("fetched "));
    let first = "fetched 3 messages (24 octets), 0 already here, 0 deleted";
    assert_eq!(summaries.next().unwrap(), first);
    let second = "fetched 0 messages (0 octets), 3 already here, 0 deleted";
    assert_eq!(summaries.next().unwrap(), second);
    press_ctrl_c(&child);
    let began = Instant::now();
    let outcome = finish(child);
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(
        outcome.stderr.starts_with("fetch: interrupted:"),
        "{outcome:?}"
    );
}

#[test]
fn poll_ends_after_a_refused_login() {
    let outcome = run(
        fetch(home()),
        &[
            "--plaintext",
            "--poll",
            "1s",
            &script(&[("PASS *", "-ERR [AUTH] no\r\n")]),
        ],
    );
    assert!(outcome.failure().contains("[AUTH] no"), "{outcome:?}");
}

#[test]
fn ctrl_c_ends_the_run_after_the_current_message() {
    let (home, maildir) = (home(), home());
    let mail = (0..2000).map(|n| (format!("uid-{n}"), format!("mail {n}\r\n").into_bytes()));
    let maildrop: Maildrop = mail.collect();
    let server = EmbeddedServer::start(ServerConfig::new("joe", "secret"), maildrop).unwrap();
    let ca = home.path().join("ca.pem");
    fs::write(&ca, server.ca_pem()).unwrap();
    let url = server.implicit_tls().to_string().replace("://", "://joe@");
    let arguments = ["--delete", "--ca", ca.to_str().unwrap(), &url];

    let mut command = fetch(&maildir);
    let child = command.args(arguments).spawn().unwrap();
    wait_for(1, maildir.path());
    press_ctrl_c(&child);
    let outcome = finish(child);
    assert_eq!(outcome.code, Some(130), "{outcome:?}");
    assert!(
        outcome.stderr.starts_with("fetch: interrupted:"),
        "{outcome:?}"
    );
    let here = stored(maildir.path()).len();
    assert!((1..2000).contains(&here), "{here}");
    let line = outcome.stdout.lines().last().unwrap();
    assert!(
        line.starts_with(&format!("fetched {here} messages")),
        "{line}"
    );
    assert_eq!(fs::read_dir(maildir.path().join("tmp")).unwrap().count(), 0);

    let outcome = run(fetch(&maildir), &arguments);
    let rest = format!("fetched {} messages", 2000 - here);
    assert!(outcome.success().starts_with(&rest), "{outcome:?}");
    assert!(server.maildrop().is_empty());
}

#[test]
fn second_ctrl_c_ends_the_program_immediately() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("pop3://joe@{}", silent.local_addr().unwrap());
    let mut child = fetch(home()).args(["--plaintext", &url]).spawn().unwrap();
    let _connection = silent.accept().unwrap();
    press_ctrl_c(&child);
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains("press Ctrl-C again"), "{line}");
    assert_eq!(child.try_wait().unwrap(), None, "it waits for the server");
    press_ctrl_c(&child);
    let began = Instant::now();
    assert_eq!(finish(child).code, Some(130));
    assert!(began.elapsed() < Duration::from_secs(5));
}
