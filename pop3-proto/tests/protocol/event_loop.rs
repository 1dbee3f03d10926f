//! Runs the example `event_loop` as a process: with its own servers, and with servers that fail.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "the test runs processes, servers and a deadline, which the core does not; tests may panic"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The maximum duration of a run.
const LIMIT: Duration = Duration::from_secs(60);

/// Returns the path of the example, which is next to this test. `cargo test` builds examples before
/// it runs tests. `cargo test --test protocol` does not, so it is built here if it is missing.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let program = profile.join("examples").join("event_loop");
    let program = program.with_extension(std::env::consts::EXE_EXTENSION);
    if !program.exists() {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args([
            "build",
            "--package",
            "pop3-proto",
            "--example",
            "event_loop",
        ]);
        cargo.args(profile.ends_with("release").then_some("--release"));
        cargo.arg("--target-dir").arg(profile.join(".."));
        assert!(cargo.status().is_ok_and(|status| status.success()));
    }
    program
}

/// Runs the example. Returns its exit code and the lines of stdout and stderr.
fn run(urls: &[&str], password: Option<&str>) -> (Option<i32>, Vec<String>, Vec<String>) {
    let mut command = Command::new(program());
    command.args(urls).env_remove("POP3_PASSWORD");
    command.envs(password.map(|password| ("POP3_PASSWORD", password)));
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + LIMIT;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    let lines = |octets| -> Vec<_> {
        let text = String::from_utf8(octets).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    (
        output.status.code(),
        lines(output.stdout),
        lines(output.stderr),
    )
}

/// Removes the port from a line about `pop3://localhost:PORT`.
fn without_port(line: &str) -> String {
    let mut parts = line.splitn(3, ':');
    let (scheme, host) = (parts.next().unwrap(), parts.next().unwrap());
    let rest = parts.next().unwrap();
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{scheme}:{host}{rest}")
}

#[test]
fn without_arguments_it_reads_two_tls_mailboxes() {
    let (code, mut stdout, stderr) = run(&[], None);
    assert_eq!((code, &stderr[..]), (Some(0), &[][..]), "{stdout:?}");
    let last = stdout.pop().unwrap();
    assert!(last.starts_with("2 of 2 mailboxes in "), "{last}");
    // The mailboxes finish in any order.
    let mut lines: Vec<_> = stdout.iter().map(|line| without_port(line)).collect();
    lines.sort();
    // A subject of 20 octets with the digits of the number, and lines of 64 octets.
    let octets = |n: usize, digits: usize| n * 21 + digits + n * (n + 1) / 2 * 64;
    let (few, many) = (octets(300, 792), octets(500, 1392));
    assert_eq!(
        lines,
        [
            format!(
                "pop3://localhost: 300 of 300 messages, {few} octets, by SCRAM-SHA-256 over TLSv1_3"
            ),
            format!(
                "pop3s://localhost: 500 of 500 messages, {many} octets, by SCRAM-SHA-256 over TLSv1_3"
            ),
        ]
    );
}

/// Starts a server for one client that sends the same answer to each line. Returns its port.
fn server(greeting: &'static str, answer: &'static str) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(greeting.as_bytes()).unwrap();
        for _ in BufReader::new(stream.try_clone().unwrap()).split(b'\n') {
            // The client may have closed the connection.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn each_failed_mailbox_is_reported_separately() {
    let away = format!("pop3://joe@127.0.0.1:{}", server("-ERR go away\r\n", ""));
    let clear = server("+OK ready\r\n", "-ERR no\r\n");
    let clear = format!("pop3://joe@127.0.0.1:{clear}");
    let no_tls = format!("pop3s://joe@127.0.0.1:{}", server("+OK ready\r\n", ""));
    let (code, stdout, mut stderr) = run(&[&away, &clear, &no_tls], Some("secret"));
    assert_eq!(code, Some(1));
    assert_eq!(stdout.len(), 1, "{stdout:?}");
    assert!(stdout[0].starts_with("0 of 3 mailboxes in "), "{stdout:?}");
    let mut expected = [
        (away, "the server refused the connection: go away"),
        (clear, "TLS is required and the server does not offer STLS"),
        (no_tls, "TLS failed: "),
    ]
    .map(|(url, why)| format!("{}: {why}", url.replace("joe@", "")));
    expected.sort();
    stderr.sort();
    assert_eq!(stderr.len(), expected.len(), "{stderr:?}");
    for (line, start) in stderr.iter().zip(&expected) {
        assert!(
            line.starts_with(start),
            "{line:?} does not start with {start:?}"
        );
    }
}

#[test]
fn missing_password_stops_the_program() {
    let (code, stdout, stderr) = run(&["pop3s://joe@mail.example.org"], None);
    assert_eq!((code, stdout.len()), (Some(1), 0));
    assert_eq!(stderr, ["event_loop: there is no POP3_PASSWORD"]);
}
