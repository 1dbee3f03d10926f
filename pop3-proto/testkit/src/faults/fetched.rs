//! Runs the example `fetch` with a Dovecot that is killed, and again after Dovecot was restarted.
//! No message may be lost or stored twice, and none may be deleted that is not stored.

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::relay::{Place, Relay, Then};
use crate::dovecot::{Dovecot, Options, corpus};
use crate::program::{Example, as_stored, run, stored};

/// What remains on the server after the run that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    All,
    None,
    /// Any number of messages, because it is unknown what the server completed.
    Some,
}

struct Scenario {
    server: Arc<Dovecot>,
    relay: Relay,
    mail: Vec<Vec<u8>>,
    maildir: TempDir,
    arguments: Vec<String>,
}

impl Scenario {
    fn new(tls: bool) -> Option<Self> {
        let server = Arc::new(Dovecot::start(Options::default())?);
        server.add_user("joe", "secret");
        // No two messages are equal, so that duplicates are detected.
        let mut mail = corpus(66);
        mail.sort();
        mail.dedup();
        server.deliver("joe", &mail);
        let target = Arc::clone(&server);
        let relay = Relay::start(move || {
            if tls {
                target.tls_port()
            } else {
                target.plain_port()
            }
        });
        let port = relay.port();
        let arguments = match tls {
            true => vec![
                "--ca".into(),
                server.ca_path().to_str().unwrap().into(),
                format!("pop3s://joe@localhost:{port}"),
            ],
            false => vec!["--plaintext".into(), format!("pop3://joe@localhost:{port}")],
        };
        Some(Self {
            server,
            relay,
            mail,
            maildir: tempfile::tempdir().unwrap(),
            arguments,
        })
    }

    fn kill_at(&self, place: Place, then: Then) {
        let server = Arc::clone(&self.server);
        self.relay.act(place, then, move || server.kill());
    }

    /// Runs the example with a fault, and again with the restarted server.
    fn fetch_twice(&self, example: Example, left: Left) {
        let command = || example.deleting_into(&self.maildir);
        let first = run(command(), &self.arguments);
        assert!(self.relay.has_failed(), "{first:?}");
        let (here, there) = (stored(self.maildir.path()), self.server.maildrop("joe"));
        assert_eq!(first.code, Some(1), "{first:?}");
        let last = first.stdout.lines().last().unwrap_or_default();
        assert!(
            last.starts_with(&format!("fetched {} messages (", here.len())),
            "{first:?}"
        );
        assert!(
            last.ends_with(" 0 deleted"),
            "an unknown outcome was reported: {first:?}"
        );
        let mut whole = as_stored(&self.mail);
        assert!(here.iter().all(|message| whole.contains(message)));
        assert!(
            here.is_sorted_by(|a, b| a < b),
            "a message was stored twice"
        );
        whole.retain(|message| !here.contains(message));
        assert!(
            whole
                .iter()
                .all(|message| as_stored(&there).contains(message)),
            "a message is lost"
        );
        match left {
            Left::All => assert!(there == self.mail),
            Left::None => assert!(there.is_empty()),
            Left::Some => {}
        }

        self.server.restart();
        let second = run(command(), &self.arguments);
        assert_eq!(second.code, Some(0), "{second:?}\n{}", self.server.log());
        let new = self.mail.len() - here.len();
        let line = second.success();
        assert!(
            line.starts_with(&format!("fetched {new} messages (")),
            "{line}"
        );
        // Dovecot may be killed after it has recorded a deletion and before it deletes the file.
        if left != Left::Some {
            let (known, deleted) = (there.len() - new, there.len());
            let end = format!("), {known} already here, {deleted} deleted");
            assert!(line.ends_with(&end), "{line}");
        }
        assert!(self.server.maildrop("joe").is_empty());
        assert!(stored(self.maildir.path()) == as_stored(&self.mail));
        let remaining = fs::read_dir(self.maildir.path().join("tmp")).unwrap();
        assert_eq!(remaining.count(), 0);
    }
}

/// Kills the server at each of these places, in a separate session.
fn killed_at(example: Example, places: &[(Place, Left)]) {
    let ends = [Then::Close, Then::Reset];
    for ((place, left), then) in places.iter().zip(ends.into_iter().cycle()) {
        let Some(scenario) = Scenario::new(false) else {
            return;
        };
        scenario.kill_at(place.clone(), then);
        scenario.fetch_twice(example, *left);
    }
}

pub fn killed_within_a_listing(example: Example) {
    killed_at(
        example,
        &[
            (Place::Said("\r\n40 ", 1, 5), Left::All),
            (Place::Said(".test,W=", 30, 10), Left::All),
        ],
    );
}

pub fn killed_within_a_message(example: Example) {
    killed_at(
        example,
        &[
            (Place::Said("Message-ID: <14.test@", 1, 10), Left::All),
            (Place::Said("Message-ID: <35.test@", 1, 100_000), Left::All),
            // After a complete message.
            (Place::Said("\r\n.\r\n+OK", 12, 5), Left::All),
        ],
    );
    // In TLS, the places are approximate.
    for percent in [20, 70] {
        let Some(scenario) = Scenario::new(true) else {
            return;
        };
        let octets: usize = scenario.mail.iter().map(Vec::len).sum();
        scenario.kill_at(Place::Octet(octets / 100 * percent), Then::Close);
        scenario.fetch_twice(example, Left::All);
    }
}

pub fn killed_within_a_dele_batch(example: Example) {
    killed_at(
        example,
        &[
            (Place::Asked("DELE 20\r\n", 3), Left::All),
            (Place::Said("+OK Marked", 1, 0), Left::All),
            (Place::Said("+OK Marked", 33, 7), Left::All),
        ],
    );
}

pub fn killed_at_quit(example: Example) {
    killed_at(
        example,
        &[
            (Place::Asked("QUIT\r\n", 0), Left::All),
            // The server has received the command, and may have time to execute it.
            (Place::Asked("QUIT\r\n", 6), Left::Some),
            (Place::Said("+OK Logging out", 1, 0), Left::None),
            (Place::Said("+OK Logging out", 1, 0), Left::None),
            (Place::Said("+OK Logging out", 1, 30), Left::None),
        ],
    );
}

/// Generates a test of every scenario for an example, including those of `interrupted`.
#[macro_export]
macro_rules! every_fetch {
    ($example:expr) => {
        $crate::every_fetch! { $example;
            fetch_with_a_server_killed_within_a_listing: killed_within_a_listing
            fetch_with_a_server_killed_within_a_message: killed_within_a_message
            fetch_with_a_server_killed_within_deles: killed_within_a_dele_batch
            fetch_with_a_server_killed_at_quit: killed_at_quit
            fetch_where_the_connection_is_closed: connection_closed
            fetch_where_the_connection_is_reset: connection_reset
            fetch_where_the_connection_stalls: connection_stalled
            fetch_where_the_tls_connection_fails: interrupted_in_tls
            fetch_where_octets_are_injected: tampered_with
        }
    };
    ($example:expr; $($name:ident: $test:ident)*) => {
        $(#[test]
        fn $name() {
            $crate::faults::$test($example);
        })*
    };
}
