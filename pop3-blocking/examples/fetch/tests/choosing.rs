//! The options of `fetch` about what to fetch and what to delete.
use std::fs;

use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_testkit::program::{Outcome, fetch, run, stored};
use tempfile::TempDir;

/// An embedded server with messages of different sizes for joe, and a Maildir.
struct Mailbox {
    server: EmbeddedServer,
    home: TempDir,
}

impl Mailbox {
    fn new() -> Self {
        let messages = [("a", 10), ("b", 2000), ("c", 100), ("d", 5000)];
        let maildrop = messages.map(|(id, octets)| {
            let body = "x".repeat(octets);
            (
                id.to_owned(),
                format!("Subject: {id}\r\n\r\n{body}\r\n").into_bytes(),
            )
        });
        let config = ServerConfig::new("joe", "secret");
        let server = EmbeddedServer::start(config, maildrop.into_iter().collect()).unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("ca.pem"), server.ca_pem()).unwrap();
        Self { server, home }
    }

    fn fetch(&self, options: &[&str]) -> Outcome {
        let url = self.server.implicit_tls().to_string();
        let url = url.replace("://", "://joe@");
        let ca = self.home.path().join("ca.pem");
        let arguments = [&["--ca", ca.to_str().unwrap()], options, &[&url]].concat();
        run(fetch(self.home.path().join("mail")), &arguments)
    }

    /// Returns the first lines of the stored messages, without `Subject: `.
    fn here(&self) -> String {
        let stored = stored(&self.home.path().join("mail"));
        let subjects = stored.iter().map(|message| char::from(message[9]));
        subjects.collect()
    }
}

#[test]
fn limit_is_per_run_and_oldest_come_first() {
    let mailbox = Mailbox::new();
    for (here, known) in [("ab", 0), ("abcd", 2)] {
        let outcome = mailbox.fetch(&["--limit", "2"]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let last = outcome.stdout.lines().last().unwrap();
        assert!(last.starts_with("fetched 2 messages"), "{outcome:?}");
        assert!(
            last.contains(&format!("{known} already here")),
            "{outcome:?}"
        );
        assert_eq!(mailbox.here(), here);
    }
}

#[test]
fn newest_messages_can_come_first() {
    let mailbox = Mailbox::new();
    mailbox.fetch(&["--limit", "2", "--newest-first"]);
    assert_eq!(mailbox.here(), "cd");
}

#[test]
fn larger_messages_stay_on_the_server() {
    let mailbox = Mailbox::new();
    let outcome = mailbox.fetch(&["--max-size", "1K", "--delete"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stderr.contains("too large"), "{outcome:?}");
    assert_eq!(mailbox.here(), "ac");
    assert_eq!(mailbox.server.maildrop().len(), 2);
    mailbox.fetch(&["--delete"]);
    assert_eq!(mailbox.here(), "abcd");
    assert!(mailbox.server.maildrop().is_empty());
}

#[test]
fn only_headers_of_larger_messages_are_fetched() {
    let mailbox = Mailbox::new();
    let outcome = mailbox.fetch(&["--headers-above", "1K", "--delete"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(mailbox.here(), "abcd");
    let stored = stored(&mailbox.home.path().join("mail"));
    let lengths: Vec<_> = stored.iter().map(Vec::len).collect();
    let header = "Subject: b\n\n".len();
    assert_eq!(lengths, [header + 11, header, header + 101, header]);
    // A message whose header alone is stored is not deleted.
    assert_eq!(mailbox.server.maildrop().len(), 2);
}

#[test]
fn adopted_messages_are_not_fetched_or_deleted() {
    let mailbox = Mailbox::new();
    let line = "fetched 0 messages (0 octets), 4 already here, 0 deleted";
    assert_eq!(mailbox.fetch(&["--adopt"]).success(), line);
    assert_eq!(mailbox.fetch(&["--delete"]).success(), line);
    assert_eq!(mailbox.here(), "");
    assert_eq!(mailbox.server.maildrop().len(), 4);
}

#[test]
fn dry_run_prints_a_plan_and_changes_nothing() {
    let mailbox = Mailbox::new();
    let outcome = mailbox.fetch(&["--dry-run", "--delete", "--max-size", "1K"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let plan: Vec<_> = outcome.stdout.lines().collect();
    assert!(plan.len() > 5, "{outcome:?}");
    assert!(outcome.stdout.contains("too large"), "{outcome:?}");
    let line = "fetched 0 messages (0 octets), 0 already here, 0 deleted\n";
    assert!(outcome.stdout.ends_with(line), "{outcome:?}");
    assert_eq!(mailbox.here(), "");
    assert_eq!(mailbox.server.maildrop().len(), 4);
    assert!(mailbox.fetch(&[]).success().starts_with("fetched 4 "));
}

#[test]
fn messages_are_kept_on_the_server_for_days() {
    let mailbox = Mailbox::new();
    let outcome = mailbox.fetch(&["--keep-days", "1"]);
    assert!(outcome.success().ends_with(", 0 deleted"), "{outcome:?}");
    let outcome = mailbox.fetch(&["--keep-days", "1"]);
    assert!(outcome.success().ends_with("4 already here, 0 deleted"));
    assert_eq!(mailbox.server.maildrop().len(), 4);
    let outcome = mailbox.fetch(&["--keep-days", "0"]);
    assert!(outcome.success().ends_with("4 already here, 4 deleted"));
}
