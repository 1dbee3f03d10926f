//! Synchronisation over sockets, with the embedded server and a store in memory.

use pop3_blocking::proto::server::Maildrop;
use pop3_blocking::server::{EmbeddedServer, ServerConfig};
use pop3_blocking::sync::{Choice, Delete, Report, Rules, Run};
use pop3_blocking::{
    Client, Connector, Error, Login,
    config::{Pipelining, StlsPolicy},
    connect_with,
};

use pop3_testkit::synchronisation::{
    Forging, Store, Synchronise, forged_messages_delete_no_other_mail, synchronise,
};

use super::support::trusting;

/// Synchronises with the server.
fn run(store: &mut Store, server: &EmbeddedServer, rules: Rules, day: u16) -> Report {
    finish(store, server, store.run(rules, day))
}

fn finish(store: &mut Store, server: &EmbeddedServer, mut run: Run) -> Report {
    synchronise(&mut run, store, |how| dial(server, how.pipelining));
    store.finish(run)
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
    let report = run(&mut store, &server, Rules::default(), 100);
    assert_eq!(
        (report.fetched, report.known, report.failed),
        (120, 0, false),
        "{report:?}"
    );
    assert_eq!(store.published.len(), 120);
    let report = run(&mut store, &server, Rules::default(), 101);
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
    let report = run(&mut store, &server, deleting(), 100);
    assert_eq!(
        (report.fetched, report.deleted, report.failed),
        (120, 120, false),
        "{report:?}"
    );
    assert_eq!(server.maildrop().len(), 0);
    assert_eq!(store.published.len(), 120);
    let report = run(&mut store, &server, deleting(), 100);
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
    run(&mut store, &server, Rules::default(), 100);
    let report = run(&mut store, &server, deleting(), 101);
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
    run(&mut store, &server_with(1..=3), deleting(), 100);
    // The same unique-ids, of the same size, for other messages.
    let mail: Maildrop = (1..=3)
        .map(|id| (format!("uid-{id}"), text(9 - id)))
        .collect();
    let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap();
    let report = run(&mut store, &server, deleting(), 101);
    assert_eq!((report.fetched, report.deleted), (3, 3), "{report:?}");
    assert_eq!(store.published.len(), 6);
}

#[test]
fn renumbered_mailbox_is_recognized_by_headers() {
    let mut store = Store::default();
    run(&mut store, &server_with(1..=60), Rules::default(), 100);
    let mail: Maildrop = (1..=60).map(|id| (format!("new-{id}"), text(id))).collect();
    let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap();
    let report = run(&mut store, &server, Rules::default(), 101);
    assert_eq!((report.fetched, report.known), (0, 60), "{report:?}");
    assert_eq!(store.published.len(), 60);
    let report = run(&mut store, &server, Rules::default(), 101);
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
    let report = run(&mut store, &numbered(1), deleting(), 100);
    assert_eq!((report.fetched, report.deleted), (3, 3), "{report:?}");
    let report = run(&mut store, &numbered(4), deleting(), 100);
    assert_eq!((report.fetched, report.deleted), (3, 3), "{report:?}");
    assert_eq!(store.published.len(), 6);
    let report = run(&mut store, &numbered(2), Rules::default(), 100);
    // Messages 2 and 3 were deleted, so they are known if they are back.
    assert_eq!((report.fetched, report.known), (0, 3), "{report:?}");
}

#[test]
fn equal_copies_without_a_unique_id_are_stored_each() {
    let mut store = Store::default();
    let mail: Maildrop = (0..50).map(|_| ("same".to_owned(), text(1))).collect();
    let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), mail).unwrap();
    let report = run(&mut store, &server, Rules::default(), 100);
    assert_eq!(report.fetched, 50, "{report:?}");
    let report = run(&mut store, &server, Rules::default(), 101);
    assert_eq!((report.fetched, report.known), (0, 50), "{report:?}");
    assert_eq!(store.published.len(), 50);
}

#[test]
fn unchanged_mailbox_is_not_listed_twice_a_day() {
    let mut store = Store::default();
    let server = server_with(1..=120);
    for day in [100, 100, 101] {
        let report = run(&mut store, &server, Rules::default(), day);
        assert_eq!(
            (report.fetched + report.known, report.failed),
            (120, false),
            "{report:?}"
        );
    }
    let settled = store.ledger.lines().filter(|line| line.starts_with("B "));
    assert_eq!(settled.count(), 2, "{}", store.ledger);
    // The second run of the first day asked for two lines; it recorded nothing.
    let before = store.ledger.len();
    run(&mut store, &server, Rules::default(), 101);
    assert_eq!(store.ledger.len(), before);
    // With another rule, the whole listing is needed.
    let report = run(&mut store, &server, deleting(), 101);
    assert_eq!((report.fetched, report.deleted), (0, 120), "{report:?}");
}

#[test]
fn filter_decides_by_headers() {
    let mut store = Store::default();
    let server = server_with(1..=9);
    for expected in [3, 0] {
        let mut run = store.run(deleting(), 100);
        run.set_filter(|preview| {
            assert!(preview.header.starts_with(b"Subject: "), "{preview:?}");
            match preview.number.get() {
                1 | 2 => Choice::Fetch,
                3 => Choice::FetchHeader,
                _ => Choice::Decline,
            }
        });
        let report = finish(&mut store, &server, run);
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

/// The blocking client.
struct Blocking;

impl Synchronise for Blocking {
    fn synchronise(run: &mut Run, store: &mut Store, server: &Forging) {
        let dial = |pipelining: bool| -> Result<Client, Error> {
            let mut connector = Connector::default();
            connector.config.stls = StlsPolicy::Off;
            connector.config.allow_insecure_login = true;
            if !pipelining {
                connector.config.pipelining = Pipelining::Never;
            }
            let mut client = connect_with(&server.endpoint(), &connector)?;
            client.login(Login::new("alice", "secret")?)?;
            Ok(client)
        };
        synchronise(run, store, |how| dial(how.pipelining));
    }
}

#[test]
fn forged_replies_delete_no_other_mail() {
    assert!(forged_messages_delete_no_other_mail::<Blocking>() > 100);
}
