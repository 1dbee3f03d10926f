//! The end of a connection: who is told what, in which order, and that nothing is written then.

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
fn the_open_body_ends_first_then_what_is_in_flight_then_what_is_queued_then_the_connection() {
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
fn all_get_the_same_error_and_so_does_who_comes_later() {
    let mut session = pipelining();
    session.ask("stat");
    session.ask("noop");
    session.server("nonsense\r\n");
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
    let later = session.connection.submit(Noop).expect_err("it is over");
    assert_eq!(errors, [later.clone(), later.clone(), later.clone()]);
    assert_eq!(session.connection.error(), Some(&later));
    assert!(later.is_fatal());
}

#[test]
fn what_had_not_left_does_not_leave() {
    let mut session = pipelining();
    session.ask("stat");
    session.settle();
    session.ask("dele 1");
    session.ask("quit");
    assert_eq!(session.connection.transmit(), b"DELE 1\r\n");
    session.arrive(b"nonsense\r\n");
    assert!(!session.connection.wants_write());
    assert_eq!(session.connection.transmit(), b"");
    assert_eq!(session.sent(), "STAT\r\n");
    assert_told_once(&mut session);
}

fn assert_told_once(session: &mut Conversation) {
    let told = session.reported();
    let closed = told
        .iter()
        .filter(|told| told.starts_with("closed"))
        .count();
    assert_eq!(closed, 1, "{told:?}");
    assert!(told.last().is_some_and(|last| last.starts_with("closed")));
    session.assert_over();
}

#[test]
fn a_long_queue_ends_request_by_request() {
    let mut session = logged_in();
    (0..10_000).for_each(|_| session.ask("noop"));
    session.reset();
    assert_eq!(session.reported().len(), 10_001);
    session.assert_over();
}

#[test]
fn nothing_that_happens_after_the_end_changes_it() {
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
fn replies_that_came_before_the_end_are_told_before_it() {
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
fn the_end_of_file_says_where_it_came() {
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
        let told = session.reported();
        assert_eq!(told.last(), Some(&format!("closed: {error}")));
    }
    let mut session = trusted();
    session.eof();
    assert_eq!(session.reported(), ["closed: closed NoGreeting"]);
}

#[test]
fn a_parting_word_is_the_error_of_all_that_come_later() {
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
fn a_lost_message_never_lets_a_later_quit_through() {
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
fn dropping_a_connection_writes_nothing() {
    let mut session = logged_in();
    session.exchange("dele 1", "+OK\r\n");
    assert_eq!(session.sent(), "DELE 1\r\n");
    assert!(!session.connection.wants_write());
    drop(session);
}

// A write that fails.

#[test]
fn after_a_failed_write_the_server_has_the_last_word() {
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
fn after_a_failed_write_without_last_words_the_failure_is_the_error() {
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
fn replies_to_what_had_left_whole_are_read_after_a_failed_write() {
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
fn a_failed_read_is_the_error_at_once() {
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
fn the_end_of_file_during_a_handshake_ends_the_connection() {
    let mut session = Conversation::new(Config::default(), Channel::ImplicitTls);
    session.ask("login alice secret");
    session.eof();
    assert!(!session.connection.wants_tls());
    assert_told_once(&mut session);
}

#[test]
fn a_handshake_that_nobody_asked_for_changes_nothing() {
    let mut session = logged_in();
    session
        .connection
        .tls_established(pop3_proto::tls::TlsInfo::default(), session.now);
    assert_eq!(session.connection.tls(), None);
    assert_eq!(session.connection.channel(), Channel::TrustedByCaller);
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
}

#[test]
fn half_a_parting_word_holds_the_flight_that_was_about_to_leave() {
    let mut session = logged_in();
    session.ask("quit");
    assert_eq!(session.connection.transmit(), b"QUIT\r\n");
    // It came before any of that left: whatever it is, it is no reply to it.
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
