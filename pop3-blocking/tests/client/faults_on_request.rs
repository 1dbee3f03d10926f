//! The faults of the embedded server on sockets, which change while sessions are open, and its log.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use pop3_blocking::error::{Closed, Retry};
use pop3_blocking::server::{
    EmbeddedServer, End, Fault, FaultError, Maildrop, On, ServerConfig, StoredMessage, Verb,
};
use pop3_blocking::{Client, Error, List, Uidl, connect_with};

use super::support::{alice, client_of, embedded, message, number, trusting};

const LOGIN: &str = "USER alice\r\nPASS secret\r\n";

fn account() -> ServerConfig {
    ServerConfig::new("alice", "secret").greeting("ready")
}

/// Starts a server with two messages and one fault.
fn with(fault: Result<Fault, FaultError>) -> EmbeddedServer {
    let server = embedded(2);
    server.add_fault(fault.unwrap());
    server
}

/// Sends octets to the cleartext port. Returns what is received until the connection ends, and how
/// it ends.
fn talk(server: &EmbeddedServer, octets: &str) -> (String, Option<ErrorKind>) {
    let mut socket = TcpStream::connect(("127.0.0.1", server.plain().port())).unwrap();
    let patience = Duration::from_secs(1);
    socket.set_read_timeout(Some(patience)).unwrap();
    let _ = socket.write_all(octets.as_bytes());
    let mut received = Vec::new();
    let ended = socket.read_to_end(&mut received);
    (
        String::from_utf8(received).unwrap(),
        ended.err().map(|error| error.kind()),
    )
}

/// Drops the server, and asserts that this does not wait for its sessions.
fn drop_promptly(server: EmbeddedServer) {
    let start = Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[test]
fn faults_apply_to_open_sessions() {
    let server = embedded(2);
    let mut client = client_of(&server);
    client.noop().unwrap();
    let fault = On::command(Verb::Noop).refuse("[SYS/TEMP] no").unwrap();
    server.add_fault(fault.clone());
    for _ in 0..2 {
        let error = client.noop().unwrap_err();
        assert!(matches!(error, Error::Refused(_)), "{error:?}");
    }
    server.clear_faults();
    client.noop().unwrap();
    assert_eq!(fault.hits(), 2);
}

#[test]
fn log_has_commands_replies_and_sessions() {
    let server = with(On::command(Verb::Dele).message(2).refuse("no"));
    for _ in 0..2 {
        let mut client = client_of(&server);
        let _ = client.dele(number(2));
        // The line is there before the reply.
        assert_eq!(server.commands().last().unwrap(), "DELE 2");
        assert!(client.quit().unwrap().is_committed());
    }
    let one = [
        "CAPA",
        "USER alice",
        "PASS <redacted>",
        "CAPA",
        "DELE 2",
        "QUIT",
    ];
    assert_eq!(server.commands(), [one, one].concat());
    let log = server.log();
    let of = |session| log.iter().filter(move |entry| entry.session == session);
    assert_eq!((of(1).count(), of(2).count()), (6, 6));
    assert_eq!(log[4].reply, "-ERR no");
    assert_eq!(log[5].reply, "+OK bye");
    assert_eq!(server.maildrop().len(), 2);
    server.clear_log();
    assert!(server.commands().is_empty());
}

#[test]
fn locked_maildrop_is_in_use_until_quit() {
    let mail: Maildrop = (1..=2).map(|n| (format!("uid-{n}"), message(n))).collect();
    let server = EmbeddedServer::start(account().lock_maildrop(true), mail).unwrap();
    let mut first = client_of(&server);
    let mut second = connect_with(&server.implicit_tls(), &trusting(&server)).unwrap();
    let refused = second.login(alice()).unwrap_err();
    assert!(
        matches!(refused.retry(), Retry::After(_)),
        "{:?}",
        refused.retry()
    );
    assert!(refused.to_string().contains("[IN-USE]"), "{refused}");
    first.dele(number(1)).unwrap();
    assert!(first.quit().unwrap().is_committed());
    // The second session sees what the first one has left, although it connected before.
    second.login(alice()).unwrap();
    assert_eq!(second.retr_to_vec(number(1), 1000).unwrap(), message(2));
}

#[test]
fn connection_ends_as_the_fault_says() {
    for (end, kinds) in [
        (End::Close, &[None][..]),
        (End::Reset, &[Some(ErrorKind::ConnectionReset)]),
        (
            End::Stall,
            &[Some(ErrorKind::WouldBlock), Some(ErrorKind::TimedOut)],
        ),
    ] {
        let server = with(On::command(Verb::Retr).message(2).cut(10, end));
        // Commands that are not read would cause a reset in every case.
        let (received, kind) = talk(&server, &format!("{LOGIN}RETR 2\r\n"));
        assert!(kinds.contains(&kind), "{end:?}: {kind:?}");
        // After a reset, the system may discard what was received before.
        if end != End::Reset {
            assert!(received.ends_with("octets)\r\n+OK 40 oct"), "{received:?}");
        }
        assert_eq!(server.maildrop().len(), 2);
        drop_promptly(server);
    }
}

#[test]
fn tls_sessions_end_with_or_without_close_notify() {
    for (end, expected) in [(End::Close, true), (End::Reset, false)] {
        let server = with(On::command(Verb::Noop).disconnect(end));
        let mut client = client_of(&server);
        let error = client.noop().unwrap_err();
        let clean = matches!(&error, Error::Closed(closed) if matches!(**closed, Closed::Unanswered { .. }));
        assert!(
            error.is_fatal() && (clean || !expected),
            "{end:?}: {error:?}"
        );
    }
}

#[test]
fn stalled_and_delayed_sessions_end_with_the_server() {
    let hour = Duration::from_secs(3600);
    for fault in [
        On::greeting().disconnect(End::Stall),
        On::greeting().delay(hour),
        On::octet(7).delay(hour),
        On::greeting().segments(1, hour),
    ] {
        let server = with(fault);
        let mut plain = TcpStream::connect(("127.0.0.1", server.plain().port())).unwrap();
        let tls = TcpStream::connect(("127.0.0.1", server.implicit_tls().port())).unwrap();
        plain
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        assert!(plain.read_to_end(&mut Vec::new()).is_err());
        drop_promptly(server);
        drop((plain, tls));
    }
}

#[test]
fn delayed_replies_arrive_later() {
    let delay = Duration::from_millis(150);
    let server = with(On::command(Verb::Noop).nth(2).delay(delay));
    let mut client = client_of(&server);
    let mut timed = || {
        let start = Instant::now();
        client.noop().unwrap();
        start.elapsed()
    };
    timed();
    assert!(timed() >= delay);
}

#[test]
fn segmented_messages_arrive_whole() {
    let pause = Duration::from_millis(1);
    let server = with(On::any_command().segments(7, pause));
    for endpoint in [server.plain(), server.implicit_tls()] {
        let mut client = connect_with(&endpoint, &trusting(&server)).unwrap();
        client.login(alice()).unwrap();
        for n in 1..=2 {
            assert_eq!(client.retr_to_vec(number(n), 1000).unwrap(), message(n));
        }
        assert_eq!(client.list().unwrap().numbers().count(), 2);
    }
}

#[test]
fn idle_sessions_are_closed_on_every_channel() {
    let limit = Duration::from_millis(100);
    let mail = Maildrop::from_iter([("uid-1", "one\r\n")]);
    let server = EmbeddedServer::start(account().idle_limit(limit), mail).unwrap();
    for endpoint in [server.plain(), server.implicit_tls()] {
        let mut client = connect_with(&endpoint, &trusting(&server)).unwrap();
        client.login(alice()).unwrap();
        client.dele(number(1)).unwrap();
        std::thread::sleep(limit * 4);
        assert!(client.noop().unwrap_err().is_fatal());
        assert_eq!(server.maildrop().len(), 1);
    }
    server.set_config(account().idle_limit(limit).idle_reply("idle for too long"));
    assert_eq!(
        talk(&server, ""),
        ("+OK ready\r\n-ERR idle for too long\r\n".to_owned(), None)
    );
}

#[test]
fn delivered_mail_is_in_the_next_session() {
    let server = embedded(2);
    let mut client = client_of(&server);
    server.deliver("uid-3", message(3));
    assert_eq!(client.stat().unwrap().messages, 2);
    client.dele(number(1)).unwrap();
    assert!(client.quit().unwrap().is_committed());
    let mut client = client_of(&server);
    assert_eq!(client.stat().unwrap().messages, 2);
    assert_eq!(client.retr_to_vec(number(2), 1000).unwrap(), message(3));
    // A message that arrives by a fault is visible in this session, and stays.
    let fault = On::command(Verb::Stat)
        .first(1)
        .deliver("uid-4", message(4));
    server.add_fault(fault.unwrap());
    assert_eq!(client.stat().unwrap().messages, 3);
    drop(client);
    assert_eq!(server.maildrop().len(), 3);
    assert_eq!(client_of(&server).stat().unwrap().messages, 3);
}

#[test]
fn settings_can_change_between_sessions() {
    let server = embedded(2);
    let ids = |server: &EmbeddedServer| -> Vec<Vec<u8>> {
        let listing = client_of(server).uidl().unwrap();
        let ids = listing.iter().map(|entry| entry.unique_id.unwrap());
        ids.map(|id| id.as_bytes().to_vec()).collect()
    };
    assert_eq!(ids(&server), [b"uid-1", b"uid-2"]);
    server.set_config(account().change_unique_ids(true));
    assert_eq!(ids(&server), [b"uid-1.1", b"uid-2.1"]);
    assert_eq!(ids(&server), [b"uid-1.2", b"uid-2.2"]);
    // A message gets the unique-id of another one, and both change places.
    server.set_config(account());
    let reversed = server
        .maildrop()
        .messages()
        .cloned()
        .rev()
        .collect::<Vec<_>>();
    let renamed = reversed
        .into_iter()
        .map(|message| message.with_unique_id("same"));
    server.set_maildrop(renamed.collect());
    assert_eq!(ids(&server), [b"same", b"same"]);
    let mut client = client_of(&server);
    assert_eq!(client.retr_to_vec(number(1), 1000).unwrap(), message(2));
    client.dele(number(2)).unwrap();
    assert!(client.quit().unwrap().is_committed());
    let left = server.maildrop();
    let left: Vec<_> = left.messages().map(StoredMessage::octets).collect();
    assert_eq!(left, [&message(2)]);
}

#[test]
fn missing_extensions_have_their_errors() {
    let account = account()
        .without(Verb::Uidl)
        .without(Verb::Top)
        .without(Verb::Stls);
    let mail = Maildrop::from_iter([("uid-1", "one\r\n")]);
    let server = EmbeddedServer::start(account, mail).unwrap();
    let mut client: Client = client_of(&server);
    let (list, uidl) = (client.submit(List).unwrap(), client.submit(Uidl).unwrap());
    assert_eq!(client.wait(list).unwrap().numbers().count(), 1);
    assert!(matches!(client.wait(uidl), Err(Error::Refused(_))));
    assert!(matches!(client.top(number(1), 0), Err(Error::Refused(_))));
    // Without STLS, a login on the cleartext port is refused before anything is sent.
    let mut plain = connect_with(&server.plain(), &trusting(&server)).unwrap();
    server.clear_log();
    assert!(plain.login(alice()).is_err());
    let sent = server.commands();
    assert!(
        sent.iter().all(|line| line == "CAPA" || line == "STLS"),
        "{sent:?}"
    );
}

#[test]
fn quit_outcomes_can_be_forced() {
    for (fault, committed, left) in [
        (
            On::command(Verb::Quit).refuse("[SYS/TEMP] no"),
            "Refused",
            2,
        ),
        (On::command(Verb::Quit).remove_only(1), "Refused", 1),
        (On::command(Verb::Quit).cut(0, End::Close), "Unknown", 0),
        (On::command(Verb::Quit).disconnect(End::Close), "Unknown", 2),
    ] {
        let server = with(fault);
        let mut client = client_of(&server);
        client.dele(number(1)).unwrap();
        client.dele(number(2)).unwrap();
        let outcome = format!("{:?}", client.quit().unwrap());
        assert!(outcome.starts_with(committed), "{outcome}");
        assert_eq!(server.maildrop().len(), left);
    }
}

#[test]
fn log_can_be_turned_off() {
    let mail = Maildrop::from_iter([("uid-1", "one\r\n")]);
    let server = EmbeddedServer::start(account().keep_log(false), mail).unwrap();
    client_of(&server).noop().unwrap();
    assert!(server.log().is_empty());
}
