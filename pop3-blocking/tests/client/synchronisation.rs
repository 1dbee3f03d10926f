//! Synchronisation over sockets, with the embedded server and a store in memory.

use std::collections::BTreeMap;

use pop3_blocking::proto::server::Maildrop;
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_blocking::sync::{Choice, Day, Delete, Do, Keep, Ledger, Report, Rules, Run};
use pop3_blocking::{Client, Error, Login, config::Pipelining, connect_with};

use super::support::trusting;

/// A store that keeps everything in memory.
#[derive(Debug, Default)]
struct Store {
    staged: BTreeMap<String, Vec<u8>>,
    published: Vec<Vec<u8>>,
    ledger: String,
}

impl Store {
    fn keep(&mut self, what: &Keep) {
        match what {
            Keep::Recover(names) => {
                let staged = std::mem::take(&mut self.staged);
                let named = |name: &String| names.iter().any(|it| it.as_str() == name);
                let kept = staged.into_iter().filter(|(name, _)| named(name));
                self.published.extend(kept.map(|(_, text)| text));
            }
            Keep::Stage(names) => {
                assert!(
                    names
                        .iter()
                        .all(|name| self.staged.contains_key(name.as_str()))
                );
            }
            Keep::Discard(names) => {
                for name in names {
                    self.staged.remove(name.as_str());
                }
            }
            Keep::Record(lines) => self.ledger.push_str(lines),
            Keep::Publish(names) => {
                for name in names {
                    self.published
                        .push(self.staged.remove(name.as_str()).unwrap());
                }
            }
        }
    }

    fn load(&self) -> Ledger {
        let mut reader = Ledger::reader(0);
        reader.feed(Ledger::HEADER.as_bytes()).unwrap();
        reader.feed(self.ledger.as_bytes()).unwrap();
        let (ledger, loaded) = reader.finish().unwrap();
        assert_eq!((loaded.damaged, loaded.torn), (0, false), "{}", self.ledger);
        ledger
    }

    /// Synchronises with the server.
    fn run(&mut self, server: &EmbeddedServer, rules: Rules, day: u16) -> Report {
        self.finish(server, Run::new(self.load(), rules, Day::new(day), seed()))
    }

    /// Does a run.
    fn finish(&mut self, server: &EmbeddedServer, mut run: Run) -> Report {
        while let Some(how) = run.connect() {
            let Some(mut client) = run.opened(dial(server, how.pipelining)) else {
                continue;
            };
            while let Some(step) = run.step() {
                match step {
                    Do::Ask(asks) => client.pipeline(asks).for_each(|reply| run.reply(reply)),
                    Do::Keep(what) => self.keep(&what),
                    Do::Fetch(gets) => {
                        let mut messages = client.retrieve(gets);
                        while let Some(message) = messages.next() {
                            let Some(mut message) = run.message(message) else {
                                continue;
                            };
                            let name = run.to_store().map(|it| it.name.to_string());
                            let mut text = Vec::new();
                            while let Some(chunk) = run.chunk(message.chunk()) {
                                text.extend_from_slice(&chunk);
                            }
                            match name {
                                Some(name) => drop(self.staged.insert(name, text)),
                                None => assert!(text.is_empty()),
                            }
                        }
                    }
                }
            }
        }
        for note in run.notes() {
            eprintln!("{note}");
        }
        let (ledger, report) = run.finish();
        let entries = |ledger: &Ledger| {
            let entries = ledger
                .entries()
                .map(|(id, entry)| format!("{id:?} {entry:?}"));
            let mut entries: Vec<_> = entries.collect();
            entries.sort();
            entries
        };
        assert_eq!(entries(&ledger), entries(&self.load()), "{}", self.ledger);
        report
    }
}

fn seed() -> [u8; 8] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()
}

fn dial(server: &EmbeddedServer, pipelining: bool) -> Result<Client, Error> {
    let mut connector = trusting(server);
    if !pipelining {
        connector.config.pipelining = Pipelining::Never;
    }
    let mut client = connect_with(&server.implicit_tls(), &connector)?;
    client.login(Login::new("alice", "secret")?)?;
    Ok(client)
}

fn server_with(ids: impl IntoIterator<Item = u32>) -> EmbeddedServer {
    let mail = ids.into_iter().map(|id| (format!("uid-{id}"), text(id)));
    let mail: Maildrop = mail.collect();
    EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap()
}

fn text(id: u32) -> String {
    format!("Subject: {id}\r\nStatus: RO\r\n\r\n.text {id}\r\n")
}

fn deleting() -> Rules {
    Rules {
        delete: Delete::WhenStored,
        ..Rules::default()
    }
}

#[test]
fn each_message_is_fetched_once() {
    let mut store = Store::default();
    let server = server_with(1..=120);
    let report = store.run(&server, Rules::default(), 100);
    assert_eq!(
        (report.fetched, report.known, report.failed),
        (120, 0, false),
        "{report:?}"
    );
    assert_eq!(store.published.len(), 120);
    let report = store.run(&server, Rules::default(), 101);
    assert_eq!(
        (report.fetched, report.known, report.failed),
        (0, 120, false),
        "{report:?}"
    );
    assert_eq!(server.maildrop().len(), 120);
}

#[test]
fn stored_messages_are_deleted() {
    let mut store = Store::default();
    let server = server_with(1..=120);
    let report = store.run(&server, deleting(), 100);
    assert_eq!(
        (report.fetched, report.deleted, report.failed),
        (120, 120, false),
        "{report:?}"
    );
    assert_eq!(server.maildrop().len(), 0);
    assert_eq!(store.published.len(), 120);
    let report = store.run(&server, deleting(), 100);
    assert_eq!(
        (report.fetched, report.deleted, report.failed),
        (0, 0, false),
        "{report:?}"
    );
}

#[test]
fn messages_of_an_earlier_run_are_verified_and_deleted() {
    let mut store = Store::default();
    let server = server_with(1..=30);
    store.run(&server, Rules::default(), 100);
    let report = store.run(&server, deleting(), 101);
    assert_eq!(
        (report.fetched, report.known, report.deleted),
        (0, 30, 30),
        "{report:?}"
    );
    assert_eq!(store.published.len(), 30);
}

#[test]
fn reused_unique_id_is_fetched_and_not_deleted_unread() {
    let mut store = Store::default();
    store.run(&server_with(1..=3), deleting(), 100);
    // The same unique-ids, of the same size, for other messages.
    let mail: Maildrop = (1..=3)
        .map(|id| (format!("uid-{id}"), text(9 - id)))
        .collect();
    let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap();
    let report = store.run(&server, deleting(), 101);
    assert_eq!((report.fetched, report.deleted), (3, 3), "{report:?}");
    assert_eq!(store.published.len(), 6);
}

#[test]
fn renumbered_mailbox_is_recognized_by_headers() {
    let mut store = Store::default();
    store.run(&server_with(1..=60), Rules::default(), 100);
    let mail: Maildrop = (1..=60).map(|id| (format!("new-{id}"), text(id))).collect();
    let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap();
    let report = store.run(&server, Rules::default(), 101);
    assert_eq!((report.fetched, report.known), (0, 60), "{report:?}");
    assert_eq!(store.published.len(), 60);
    let report = store.run(&server, Rules::default(), 101);
    assert_eq!((report.fetched, report.known), (0, 60), "{report:?}");
}

#[test]
fn unique_ids_that_are_numbers_do_not_identify() {
    let mut store = Store::default();
    let numbered = |from: u32| {
        let mail = (0..3).map(|at| ((at + 1).to_string(), text(from + at)));
        let mail: Maildrop = mail.collect();
        EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap()
    };
    let report = store.run(&numbered(1), deleting(), 100);
    assert_eq!((report.fetched, report.deleted), (3, 3), "{report:?}");
    let report = store.run(&numbered(4), deleting(), 100);
    assert_eq!((report.fetched, report.deleted), (3, 3), "{report:?}");
    assert_eq!(store.published.len(), 6);
    let report = store.run(&numbered(2), Rules::default(), 100);
    // Messages 2 and 3 were deleted, so they are known if they are back.
    assert_eq!((report.fetched, report.known), (0, 3), "{report:?}");
}

#[test]
fn equal_copies_without_a_unique_id_are_stored_each() {
    let mut store = Store::default();
    let mail: Maildrop = (0..50).map(|_| ("same".to_owned(), text(1))).collect();
    let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap();
    let report = store.run(&server, Rules::default(), 100);
    assert_eq!(report.fetched, 50, "{report:?}");
    let report = store.run(&server, Rules::default(), 101);
    assert_eq!((report.fetched, report.known), (0, 50), "{report:?}");
    assert_eq!(store.published.len(), 50);
}

#[test]
fn unchanged_mailbox_is_not_listed_twice_a_day() {
    let mut store = Store::default();
    let server = server_with(1..=5);
    for day in [100, 100, 101] {
        let report = store.run(&server, Rules::default(), day);
        assert_eq!(
            (report.fetched + report.known, report.failed),
            (5, false),
            "{report:?}"
        );
    }
    let settled = store.ledger.lines().filter(|line| line.starts_with("B "));
    assert_eq!(settled.count(), 2, "{}", store.ledger);
    // The second run of the first day asked for two lines; it recorded nothing.
    let before = store.ledger.len();
    store.run(&server, Rules::default(), 101);
    assert_eq!(store.ledger.len(), before);
    // With another rule, the whole listing is needed.
    let report = store.run(&server, deleting(), 101);
    assert_eq!((report.fetched, report.deleted), (0, 5), "{report:?}");
}

#[test]
fn filter_decides_by_headers() {
    let mut store = Store::default();
    let server = server_with(1..=9);
    for expected in [3, 0] {
        let mut run = Run::new(store.load(), deleting(), Day::new(100), seed());
        run.set_filter(|preview| {
            assert!(preview.header.starts_with(b"Subject: "), "{preview:?}");
            match preview.number.get() {
                1 | 2 => Choice::Fetch,
                3 => Choice::FetchHeader,
                _ => Choice::Decline,
            }
        });
        let report = store.finish(&server, run);
        assert_eq!(
            (report.fetched, report.failed),
            (expected, false),
            "{report:?}"
        );
    }
    let bodies = store
        .published
        .iter()
        .filter(|text| text.ends_with(b"\r\n\r\n"));
    assert_eq!(bodies.count(), 1);
    // Only what is stored whole was deleted.
    assert_eq!(server.maildrop().len(), 7);
}
