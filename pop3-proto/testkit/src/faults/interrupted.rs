//! Runs the example `fetch` with a connection that ends, stalls or is tampered with, and then runs
//! it again. No message may be lost or stored twice, and none may be deleted that is not stored.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use pop3_blocking::server::EmbeddedServer;
use pop3_blocking::{Connector, Endpoint, Login, tls::Roots};
use tempfile::TempDir;

use super::embedded;
use super::relay::{Place, Relay, Then};
use crate::dovecot::corpus;
use crate::program::{Example, Outcome, as_stored, finish, run, stored};
use crate::session::Way;

/// The time after which the test kills a run that stalls. The program's own timeouts are minutes.
const PATIENCE: Duration = Duration::from_millis(100);

/// The timeout for an event that must happen.
const LIMIT: Duration = Duration::from_secs(30);

struct Scenario {
    example: Example,
    server: EmbeddedServer,
    relay: Relay,
    mail: Vec<Vec<u8>>,
    home: TempDir,
    arguments: Vec<String>,
}

impl Scenario {
    fn new(example: Example, way: Way) -> Self {
        // No two messages are equal, so that duplicates are detected.
        let mut mail = corpus(11);
        mail.push(b"Subject: the last line is a dot\r\n\r\n.\r\n".to_vec());
        let server = embedded("joe", &mail);
        let (scheme, target) = match way {
            Way::ImplicitTls => ("pop3s", server.implicit_tls().port()),
            Way::Clear | Way::Stls => ("pop3", server.plain().port()),
        };
        let relay = Relay::start(move || target);
        let home = tempfile::tempdir().unwrap();
        let url = format!("{scheme}://joe@localhost:{}", relay.port());
        let mut arguments = vec![url];
        if way == Way::Clear {
            arguments.push("--plaintext".to_owned());
        } else {
            let ca = home.path().join("ca.pem");
            fs::write(&ca, server.ca_pem()).unwrap();
            arguments.extend(["--ca".to_owned(), ca.to_str().unwrap().to_owned()]);
        }
        Self {
            example,
            server,
            relay,
            mail,
            home,
            arguments,
        }
    }

    fn command(&self) -> Command {
        self.example.deleting_into(self.home.path().join("mail"))
    }

    /// Returns the messages in the Maildir.
    fn here(&self) -> Vec<Vec<u8>> {
        stored(&self.home.path().join("mail"))
    }

    /// Returns the messages on the server, fetched in a separate session.
    fn there(&self) -> Vec<Vec<u8>> {
        let endpoint = Endpoint::implicit_tls("localhost", Some(self.server.implicit_tls().port()));
        let mut connector = Connector::default();
        connector.tls.roots = Some(Roots::from_pem(self.server.ca_pem().as_bytes()).unwrap());
        let mut client = pop3_blocking::connect_with(&endpoint, &connector).unwrap();
        client.login(Login::new("joe", "secret").unwrap()).unwrap();
        let uids = client.uidl().unwrap();
        let mut messages = client.retrieve(uids.numbers());
        let mut there = Vec::new();
        while let Some(message) = messages.next() {
            there.push(message.unwrap().to_vec(1 << 24).unwrap());
        }
        drop(messages);
        assert!(client.quit_keeping().unwrap().is_committed());
        there
    }

    /// Runs the example. If the connection stalls, kills it after a while.
    fn run(&self, then: Then) -> Outcome {
        let mut command = self.command();
        if then != Then::Stall {
            return run(command, &self.arguments);
        }
        let mut child = command.args(&self.arguments).spawn().unwrap();
        let deadline = Instant::now() + LIMIT;
        while !self.relay.is_failing() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(PATIENCE);
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        let outcome = finish(child);
        assert_eq!(ended, None, "it did not wait: {outcome:?}");
        assert_eq!(outcome.code, None, "{outcome:?}");
        outcome
    }

    /// Checks the invariants of the first run, regardless of how it ended. Returns how many messages
    /// are in the Maildir, and how many are on the server.
    #[track_caller]
    fn assert_consistent(&self, first: &Outcome) -> (usize, usize) {
        let (here, there) = (self.here(), as_stored(self.there()));
        let whole = as_stored(&self.mail);
        assert!(here.iter().all(|message| whole.contains(message)));
        assert!(
            here.is_sorted_by(|a, b| a < b),
            "a message was stored twice"
        );
        let safe = |message| here.contains(message) || there.contains(message);
        assert!(whole.iter().all(safe), "a message is lost: {first:?}");
        let report = first.stdout.lines().last().unwrap_or_default();
        if let Some(rest) = report.strip_prefix("fetched ") {
            assert!(
                rest.starts_with(&format!("{} messages (", here.len())),
                "{first:?}"
            );
            let deleted = report.strip_suffix(" deleted").expect("deletions");
            let deleted = deleted.rsplit(' ').next().expect("a number");
            let deleted: usize = deleted.parse().expect("a number");
            let gone = whole.len() - there.len();
            if first.stderr.contains("did not say") {
                assert!(deleted <= gone, "{first:?}");
            } else {
                assert_eq!(deleted, gone, "{first:?}");
            }
        }
        (here.len(), there.len())
    }

    /// Checks that a run succeeds only if it has fetched everything, which it can do in another
    /// session. It may leave a message on the server that was stored and could not be confirmed.
    #[track_caller]
    fn assert_exit_code(&self, first: &Outcome, (here, there): (usize, usize)) {
        let all = self.mail.len();
        match first.code {
            Some(0) => assert_eq!(here, all, "{first:?}"),
            Some(1) => {
                let unknown = first.stderr.contains("did not say");
                assert!(here < all || there > 0 || unknown, "{first:?}");
            }
            Some(_) => panic!("{first:?}"),
            None => {} // It was killed.
        }
    }

    /// Runs the example again without a fault, and checks the result. A message that failed before
    /// may be fetched after all others were deleted: then a third run deletes it.
    #[track_caller]
    fn assert_next_completes(&self, first: &Outcome, (here, there): (usize, usize)) {
        let second = run(self.command(), &self.arguments);
        let line = second.success();
        let new = self.mail.len() - here;
        let start = format!("fetched {new} messages (");
        assert!(line.starts_with(&start), "{first:?} {line}");
        let left = self.server.maildrop().len();
        let (known, deleted) = (there - new, there - left);
        let end = format!("), {known} already here, {deleted} deleted");
        assert!(line.ends_with(&end), "{first:?} {line}");
        assert!(self.here() == as_stored(&self.mail));
        let remaining = fs::read_dir(self.home.path().join("mail/tmp")).unwrap();
        assert_eq!(remaining.count(), 0);
        assert!(left <= 1, "{first:?} {line}");
        if left > 0 {
            let third = run(self.command(), &self.arguments);
            let line = third.success();
            assert!(line.ends_with(", 1 already here, 1 deleted"), "{line}");
            assert!(self.here() == as_stored(&self.mail));
            assert!(self.server.maildrop().is_empty());
        }
    }
}

/// Interrupts the example at each kind of place, in a separate session.
fn interrupted(example: Example, then: Then) {
    let quit_reply = "+OK bye\r\n";
    for place in [
        // In the greeting and in the login.
        Place::Octet(7),
        Place::Asked("USER", 7),
        // In the listings. The truncated line looks complete.
        Place::Said("\r\n10 ", 1, 4),
        Place::Said("uid-11", 1, 5),
        // In a status line, in a message, in its last line, at its end, and after it.
        Place::Said(" octets\r\n", 3, 4),
        Place::Said("Message-ID: <6.test@", 1, 10),
        Place::Said("\r\n..\r\n.\r\n", 1, 4),
        Place::Said("\r\n..\r\n.\r\n", 1, 7),
        Place::Said("\r\n.\r\n+OK", 6, 5),
        // In the DELE commands, and in the replies to them.
        Place::Asked("DELE 7\r\n", 4),
        Place::Said(" deleted\r\n", 5, 3),
        Place::Said(" deleted\r\n", 12, 10),
        // In the QUIT command, after it, and in its reply.
        Place::Asked("QUIT\r\n", 5),
        Place::Asked("QUIT\r\n", 6),
        Place::Said(quit_reply, 1, 0),
        Place::Said(quit_reply, 1, 8),
    ] {
        let scenario = Scenario::new(example, Way::Clear);
        scenario.relay.fail(place.clone(), then);
        let first = scenario.run(then);
        assert!(scenario.relay.has_failed(), "{place:?}: {first:?}");
        let left = scenario.assert_consistent(&first);
        // The first pipelined batch may break because the server does not support pipelining: a
        // second session runs without it, and completes the work.
        let again = first.stderr.contains("trying again without pipelining");
        let in_first_batch = matches!(place, Place::Said("\r\n10 " | "uid-11", ..));
        assert_eq!(
            again,
            in_first_batch && then != Then::Stall,
            "{place:?}: {first:?}"
        );
        scenario.assert_exit_code(&first, left);
        scenario.assert_next_completes(&first, left);
    }
}

pub fn connection_closed(example: Example) {
    interrupted(example, Then::Close);
}

pub fn connection_reset(example: Example) {
    interrupted(example, Then::Reset);
}

pub fn connection_stalled(example: Example) {
    interrupted(example, Then::Stall);
}

/// Interrupts the example in TLS, where a place is a number of octets that varies slightly between
/// runs.
pub fn interrupted_in_tls(example: Example) {
    let scenario = Scenario::new(example, Way::ImplicitTls);
    run(scenario.command(), &scenario.arguments).success();
    let all = scenario.relay.said().len();
    let thens = [
        Then::Close,
        Then::Reset,
        Then::Stall,
        Then::Insert(b"+OK\r\n"),
    ];
    // These places are in the handshake, the listings, the messages, the DELE commands and QUIT.
    let places = [100, 900, 3_000, all / 4, all / 2, all * 3 / 4];
    let places = places.into_iter().chain([600, 300, 100].map(|n| all - n));
    for (place, n) in places.zip(0..) {
        for then in [thens[n % 4], thens[(n + 1) % 4]] {
            let scenario = Scenario::new(example, Way::ImplicitTls);
            scenario.relay.fail(Place::Octet(place), then);
            let first = scenario.run(then);
            assert!(scenario.relay.has_failed(), "{place} of {all}: {first:?}");
            let left = scenario.assert_consistent(&first);
            scenario.assert_exit_code(&first, left);
            scenario.assert_next_completes(&first, left);
        }
    }
}

/// Runs the example with an attacker who inserts cleartext octets after STLS, or noise into TLS.
pub fn tampered_with(example: Example) {
    let reply = "+OK begin TLS negotiation\r\n";
    let after_reply = Place::Said(reply, 1, reply.len());
    for (place, inserted, why) in [
        (
            after_reply,
            "+OK injected\r\n",
            "tampering with the connection",
        ),
        (Place::Said("\x16\x03", 1, 0), "+OK injected\r\n", "TLS"),
    ] {
        let scenario = Scenario::new(example, Way::Stls);
        scenario
            .relay
            .fail(place, Then::Insert(inserted.as_bytes()));
        let first = scenario.run(Then::Insert(b""));
        assert!(scenario.relay.has_failed(), "{first:?}");
        assert!(first.failure().contains(why), "{first:?}");
        let asked = String::from_utf8_lossy(&scenario.relay.asked()).into_owned();
        for hidden in ["joe", "secret", "AUTH", "USER"] {
            assert!(!asked.contains(hidden), "{asked:?}");
        }
        let left = scenario.assert_consistent(&first);
        assert_eq!(left, (0, scenario.mail.len()));
        scenario.assert_next_completes(&first, left);
    }

    // The server ignores a command that is inserted in cleartext after STLS.
    let scenario = Scenario::new(example, Way::Stls);
    let command = Then::Insert(b"NOOP\r\nDELE 1\r\n");
    scenario.relay.fail(Place::Asked("STLS\r\n", 6), command);
    let all = scenario.mail.len();
    let only = run(scenario.command(), &scenario.arguments);
    assert!(scenario.relay.has_failed(), "{only:?}");
    let end = format!(", 0 already here, {all} deleted");
    assert!(only.success().ends_with(&end), "{only:?}");
    assert_eq!(scenario.assert_consistent(&only), (all, 0));
}
