//! Runs an example that fetches and deletes, and kills it at any moment, again and again. Whatever a
//! run has done, no message is lost, and none is stored twice.

use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::dovecot::{Dovecot, Options, corpus};
use crate::program::{Example, as_stored, finish, run, stored};
use crate::synchronisation::{Forging, Mail};

/// After how many kills a mailbox is fetched to its end.
const KILLS: u64 = 20;

/// A server whose mail is fetched.
trait Mailbox {
    /// Returns the messages that are left on the server.
    fn left(&self) -> Vec<Vec<u8>>;

    fn arguments(&self) -> Vec<String>;
}

impl Mailbox for Dovecot {
    fn left(&self) -> Vec<Vec<u8>> {
        self.maildrop("joe")
    }

    fn arguments(&self) -> Vec<String> {
        let url = format!("pop3://joe@localhost:{}", self.plain_port());
        vec!["--plaintext".into(), url]
    }
}

impl Mailbox for Forging {
    fn left(&self) -> Vec<Vec<u8>> {
        Self::left(self).into_iter().map(|mail| mail.text).collect()
    }

    fn arguments(&self) -> Vec<String> {
        let port = self.endpoint().port();
        vec![
            "--plaintext".into(),
            format!("pop3://alice@127.0.0.1:{port}"),
        ]
    }
}

/// Kills `kills` runs against Dovecot. Does nothing if there is none.
pub fn kills_with_dovecot(example: Example, kills: u64) {
    let Some(server) = Dovecot::start(Options::default()) else {
        return;
    };
    server.add_user("joe", "secret");
    let mut killed = 0;
    while killed < kills {
        // No two messages are equal, so that duplicates are detected.
        let mut mail = corpus(66);
        mail.sort();
        mail.dedup();
        server.deliver("joe", &mail);
        killed += fetch(example, &server, &mail, killed);
    }
}

/// Kills `kills` runs against a server that does not stuff dots, with a message whose sender forges
/// replies.
pub fn kills_with_forged_replies(example: Example, kills: u64) {
    let mut killed = 0;
    while killed < kills {
        let text = |n: usize| format!("Subject: {n}\r\n\r\n{}", "line\r\n".repeat(n * 30));
        let mail: Vec<_> = (0..30).map(|n| text(n).into_bytes()).collect();
        let forged = b"Subject: forged\r\n\r\nhi\r\n.\r\n+OK\r\nSubject: 4\r\n\r\nfalse\r\n";
        let named = |(at, text): (usize, &Vec<u8>)| Mail {
            id: format!("uid-{at}"),
            text: text.clone(),
        };
        let mut all: Vec<_> = mail.iter().enumerate().map(named).collect();
        let id = "forged".to_owned();
        all.insert(
            3,
            Mail {
                id,
                text: forged.to_vec(),
            },
        );
        let pipelining = killed.is_multiple_of(2);
        let server = Forging::start(all, pipelining, Duration::from_millis(2));
        killed += fetch(example, &server, &mail, killed);
    }
}

/// Kills runs after ever longer times, and then runs the example until the server has nothing left
/// that was not stored. Returns the number of kills.
fn fetch(example: Example, server: &impl Mailbox, mail: &[Vec<u8>], salt: u64) -> u64 {
    let home = TempDir::new().unwrap();
    let command = || example.deleting_into(home.path());
    let mut killed = 0;
    for attempt in 0..KILLS {
        // Nothing is regular about these times: each run is killed at another step.
        let micros = (attempt * 7_919 + salt * 104_729) % 120_000;
        let child = spawn(command(), &server.arguments());
        thread::sleep(Duration::from_micros(micros));
        killed += u64::from(kill(child));
        assert_consistent(home.path(), server, mail, "killed");
    }
    for _ in 0..3 {
        run(command(), &server.arguments());
        assert_consistent(home.path(), server, mail, "completed");
    }
    let here = stored(home.path());
    let whole = as_stored(mail);
    assert!(
        whole.iter().all(|message| here.contains(message)),
        "not all were fetched"
    );
    killed
}

fn spawn(mut command: Command, arguments: &[String]) -> Child {
    command.args(arguments).spawn().unwrap()
}

/// Kills a run. Returns false if it has ended before.
fn kill(mut child: Child) -> bool {
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    finish(child);
    !ended
}

#[track_caller]
fn assert_consistent(maildir: &Path, server: &impl Mailbox, mail: &[Vec<u8>], when: &str) {
    // First the server: a run that was killed may still be served.
    let left = as_stored(server.left());
    // A run that is killed early has no Maildir yet.
    let here = if maildir.join("new").is_dir() {
        stored(maildir)
    } else {
        Vec::new()
    };
    for message in as_stored(mail) {
        let copies = here.iter().filter(|stored| **stored == message).count();
        let text = String::from_utf8_lossy(message.get(..60).unwrap_or(&message)).into_owned();
        assert!(copies < 2, "{when}: stored {copies} times: {text:?}");
        assert!(
            copies == 1 || left.contains(&message),
            "{when}: lost: {text:?}"
        );
    }
}
