//! `--record`: the files that it writes.

use std::fs;
use std::path::Path;

use pop3_blocking::record::{Transcript, replay};
use pop3_blocking::server::{EmbeddedServer, End, Maildrop, On, ServerConfig, Verb};
use pop3_testkit::program::{Outcome, fetch, run};
use tempfile::TempDir;

struct Setup {
    home: TempDir,
    server: EmbeddedServer,
}

impl Setup {
    fn new() -> Self {
        let mail = Maildrop::from_iter([
            ("a", "Subject: confidential\r\n\r\none\r\n"),
            ("b", "Subject: private\r\n\r\ntwo\r\n"),
        ]);
        Self {
            home: tempfile::tempdir().unwrap(),
            server: EmbeddedServer::start(ServerConfig::new("joe", "secret"), mail).unwrap(),
        }
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    /// Fetches the mail of a user.
    fn fetch(&self, user: &str, options: &[&str]) -> Outcome {
        let ca = self.file("ca.pem");
        fs::write(&ca, self.server.ca_pem()).unwrap();
        let url = self.server.implicit_tls().to_string();
        let url = url.replace("://", &format!("://{user}@"));
        let record = self.file("session.pop3");
        let common = [
            "--ca",
            ca.to_str().unwrap(),
            "--record",
            record.to_str().unwrap(),
        ];
        let options = [&common[..], options, &[&url]].concat();
        run(fetch(self.file("mail")), &options)
    }
}

fn replayed(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let transcript: Transcript = text.parse().unwrap();
    replay(&transcript).unwrap_or_else(|why| panic!("{why}\n{text}"));
    text
}

#[test]
fn record_option_writes_a_transcript_that_replays() {
    let setup = Setup::new();
    let outcome = setup.fetch("joe", &["--delete"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("recorded in "), "{outcome:?}");
    let text = replayed(&setup.file("session.pop3"));
    assert!(text.contains("> retr 1\n"), "{text}");
    assert!(text.contains("= quit: committed"), "{text}");
    for private in ["joe", "confidential", "private"] {
        assert!(!text.contains(private), "{private}\n{text}");
    }
    assert!(!setup.file("session.pop3.2").exists());
}

#[test]
fn record_option_never_overwrites_a_file() {
    let setup = Setup::new();
    fs::write(setup.file("session.pop3"), "precious").unwrap();
    let outcome = setup.fetch("joe", &[]);
    assert!(outcome.failure().contains("exists already"), "{outcome:?}");
    assert_eq!(fs::read(setup.file("session.pop3")).unwrap(), b"precious");
    assert_eq!(setup.server.commands(), [""; 0]);
}

#[test]
fn failed_login_is_recorded() {
    let setup = Setup::new();
    let outcome = setup.fetch("mallory", &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let text = replayed(&setup.file("session.pop3"));
    assert!(text.contains("= login: failed: auth "), "{text}");
}

#[test]
fn each_session_of_a_run_has_its_own_file() {
    let setup = Setup::new();
    let close = On::command(Verb::Retr).message(2).first(1);
    let close = close.disconnect(End::Close).unwrap();
    setup.server.add_fault(close);
    let other = setup.server.implicit_tls().to_string();
    let other = other.replace("://", "://mallory@");
    let outcome = setup.fetch("joe", &[&other, "--no-pipelining"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    // The URLs are fetched in the order of the command line.
    let first = replayed(&setup.file("session.pop3"));
    assert!(first.contains("= login: failed: auth "), "{first}");
    let second = replayed(&setup.file("session.pop3.2"));
    assert!(
        second.contains("= closed: closed Unanswered RETR"),
        "{second}"
    );
}
