//! The end of a connection: which request gets which error, in which order, and that nothing more
//! is written.

use pop3_proto::{
    Channel, Config, Error, Event, Phase,
    command::Noop,
    error::{TransportError, TransportErrorKind},
};
use pop3_testkit::conversation::{Conversation, logged_in, pipelining, trusted};

fn broken_pipe() -> TransportError {
    TransportError::new(TransportErrorKind::Reset, "broken pipe")
}

// Fatal errors.

#[test]
fn fatal_error_is_reported_in_request_order() {
    let mut session = pipelining();
    for op in ["retr 1", "retr 2", "dele 1", "stls", "quit"] {
        session.ask(op);
    }
    session.server("+OK\r\nhalf");
    session.reported();
    session.reset();
    assert_eq!(
        session.reported(),
        [
            "retr 1: cut short: transport Reset, first batch",
            "retr 2: failed: transport Reset, first batch",
            "dele 1: failed: transport Reset, first batch",
            "stls: failed: transport Reset, first batch",
            "quit: failed: transport Reset, first batch",
            "closed: transport Reset, first batch",
        ]
    );
    session.assert_over();
}

#[test]
fn all_requests_get_the_same_fatal_error() {
    let mut session = pipelining();
    session.ask("stat");
    session.ask("noop");
    session.server("garbage\r\n");
    let errors: Vec<Error> = session
        .events()
        .into_iter()
        .map(|event| match event {
            Event::Reply {
                result: Err(error), ..
            }
            | Event::Closed(Err(error)) => error,
            other => panic!("{other:?}"),
        })
        .collect();
    let later = session
        .connection
        .submit(Noop)
        .expect_err("the connection has failed");
    assert_eq!(errors, [later.clone(), later.clone(), later.clone()]);
    assert_eq!(session.connection.error(), Some(&later));
    assert!(later.is_fatal());
}

#[test]
fn unsent_commands_are_dropped_on_fatal_error() {
    let mut session = pipelining();
    session.ask("stat");
    session.settle();
    session.ask("dele 1");
    session.ask("quit");
    assert_eq!(session.connection.transmit(), b"DELE 1\r\n");
    session.arrive(b"garbage\r\n");
    assert!(!session.connection.wants_write());
    assert_eq!(session.connection.transmit(), b"");
    assert_eq!(session.sent(), "STAT\r\n");
    assert_closed_once(&mut session);
}

fn assert_closed_once(session: &mut Conversation) {
    let reported = session.reported();
    let closed = reported
        .iter()
        .filter(|reported| reported.starts_with("closed"))
        .count();
    assert_eq!(closed, 1, "{reported:?}");
    assert!(
        reported
            .last()
            .is_some_and(|last| last.starts_with("closed"))
    );
    session.assert_over();
}

#[test]
fn each_queued_request_gets_the_fatal_error() {
    let mut session = logged_in();
    (0..10_000).for_each(|_| session.ask("noop"));
    session.reset();
    assert_eq!(session.reported().len(), 10_001);
    session.assert_over();
}

#[test]
fn events_after_the_connection_ended_are_ignored() {
    let mut session = logged_in();
    session.eof();
    assert_eq!(session.reported(), ["closed: closed Idle"]);
    session.eof();
    session.reset();
    session.server("+OK late\r\n");
    session
        .connection
        .handle_write_error(broken_pipe(), session.now);
    session.connection.transmitted(10, session.now);
    session.wait(1000);
    assert_eq!(session.reported(), [] as [&str; 0]);
    assert_eq!(session.connection.phase(), Phase::Closed);
    session.assert_over();
}

#[test]
fn replies_before_eof_are_reported_first() {
    let mut session = pipelining();
    for op in ["stat", "list", "noop"] {
        session.ask(op);
    }
    session.settle();
    session.arrive(b"+OK 1 2\r\n+OK\r\n1 2\r\n.\r\n+O");
    session.connection.handle_eof(session.now);
    let error = "closed Truncated NOOP, 1 in flight, first batch";
    assert_eq!(
        session.reported(),
        [
            "stat: 1 messages, 2 octets".to_owned(),
            "list: 1=2".to_owned(),
            format!("noop: failed: {error}"),
            format!("closed: {error}"),
        ]
    );
}

#[test]
fn eof_error_names_the_interrupted_command() {
    for (asked, server, error) in [
        (None, "", "closed Idle"),
        (Some("stat"), "", "closed Unanswered STAT, 1 in flight"),
        (Some("stat"), "+OK 2", "closed Truncated STAT, 1 in flight"),
        (
            Some("list"),
            "+OK\r\n",
            "closed Truncated LIST, 1 in flight",
        ),
        (
            Some("list"),
            "+OK\r\n1 2\r\n.\r",
            "closed Truncated LIST, 1 in flight",
        ),
        (
            Some("retr 1"),
            "+OK\r\n.",
            "closed Truncated RETR, 1 in flight",
        ),
    ] {
        let mut session = logged_in();
        asked.into_iter().for_each(|op| session.ask(op));
        session.server(server);
        session.eof();
        let reported = session.reported();
        assert_eq!(reported.last(), Some(&format!("closed: {error}")));
    }
    let mut session = trusted();
    session.eof();
    assert_eq!(session.reported(), ["closed: closed NoGreeting"]);
}

#[test]
fn unsolicited_err_fails_later_requests() {
    let mut session = logged_in();
    session.arrive(b"-ERR Disconnected for inactivity.\r\n");
    session.connection.handle_eof(session.now);
    session.ask("dele 1");
    assert_eq!(session.sent(), "", "nothing is written");
    assert_eq!(
        session.reported(),
        [
            "dele 1: failed: closed UnsolicitedErr \"Disconnected for inactivity.\"",
            "closed: closed UnsolicitedErr \"Disconnected for inactivity.\"",
        ]
    );
}

#[test]
fn quit_after_a_truncated_message_fails() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK 320 octets\r\nabc");
    session.eof();
    session.reported();
    session.ask("quit");
    assert_eq!(
        session.reported(),
        ["quit: failed: closed Truncated RETR, 1 in flight"]
    );
    assert_eq!(session.sent(), "RETR 1\r\n");
}

#[test]
fn dropping_a_connection_sends_nothing() {
    let mut session = logged_in();
    session.exchange("dele 1", "+OK\r\n");
    assert_eq!(session.sent(), "DELE 1\r\n");
    assert!(!session.connection.wants_write());
    drop(session);
}

// Failed writes.

#[test]
fn err_after_failed_write_is_reported() {
    let mut session = logged_in();
    session.ask("dele 1");
    session.connection.transmitted(3, session.now);
    session
        .connection
        .handle_write_error(broken_pipe(), session.now);
    assert!(!session.connection.wants_write() && session.connection.wants_read());
    session.server("-ERR [SYS/TEMP] shutting down\r\n");
    session.eof();
    let error = "closed UnsolicitedErr \"[SYS/TEMP] shutting down\" SysTemp";
    assert_eq!(
        session.reported(),
        [
            format!("dele 1: failed: {error}"),
            format!("closed: {error}")
        ]
    );
    session.assert_over();
}

#[test]
fn eof_after_failed_write_reports_the_write_error() {
    let mut session = logged_in();
    session.ask("dele 1");
    session
        .connection
        .handle_write_error(broken_pipe(), session.now);
    session.ask("noop");
    assert!(!session.connection.wants_write(), "nothing more is written");
    session.eof();
    assert_eq!(
        session.reported(),
        [
            "dele 1: failed: transport Reset",
            "noop: failed: transport Reset",
            "closed: transport Reset"
        ]
    );
}

#[test]
fn replies_are_read_after_a_failed_write() {
    let mut session = pipelining();
    session.ask("stat");
    session.settle();
    session.ask("noop");
    session.ask("noop");
    session.connection.transmitted(6, session.now);
    session
        .connection
        .handle_write_error(broken_pipe(), session.now);
    session.server("+OK 1 2\r\n+OK\r\n");
    session.eof();
    assert_eq!(
        session.reported(),
        [
            "stat: 1 messages, 2 octets",
            "noop: ok",
            "noop: failed: transport Reset, first batch",
            "closed: transport Reset, first batch"
        ]
    );
}

#[test]
fn failed_read_ends_the_connection_immediately() {
    let mut session = logged_in();
    session.ask("stat");
    session.settle();
    session.connection.handle_read_error(
        TransportError::new(TransportErrorKind::Other, "gone"),
        session.now,
    );
    assert_eq!(
        session.reported(),
        ["stat: failed: transport Other", "closed: transport Other"]
    );
    session.assert_over();
}

// TLS.

#[test]
fn eof_during_handshake_ends_the_connection() {
    let mut session = Conversation::new(Config::default(), Channel::ImplicitTls);
    session.ask("login alice secret");
    session.eof();
    assert!(!session.connection.wants_tls());
    assert_closed_once(&mut session);
}

#[test]
fn unexpected_tls_established_is_ignored() {
    let mut session = logged_in();
    session
        .connection
        .tls_established(pop3_proto::tls::TlsInfo::default(), session.now);
    assert_eq!(session.connection.tls(), None);
    assert_eq!(session.connection.channel(), Channel::TrustedByCaller);
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
}

#[test]
fn partial_unsolicited_err_stops_sending() {
    let mut session = logged_in();
    session.ask("quit");
    assert_eq!(session.connection.transmit(), b"QUIT\r\n");
    // The line began before the command was sent, so it cannot be the reply to it.
    session.arrive(b"-ERR auto");
    assert!(!session.connection.wants_write());
    assert_eq!(session.connection.transmit(), b"");
    session.arrive(b"logout\r\n");
    assert_eq!(
        session.reported(),
        [
            "quit: failed: closed UnsolicitedErr \"autologout\"",
            "closed: closed UnsolicitedErr \"autologout\""
        ]
    );
}
