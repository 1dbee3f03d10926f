//! Deadlines, on a clock that the tests advance.

use core::time::Duration;

use pop3_proto::{
    Channel, Config, Connection, Instant, command::Noop, error::TransportError, tls::TlsInfo,
};
use pop3_proto::{Event, error::TransportErrorKind};
use pop3_testkit::conversation::{
    Conversation, left, logged_in, logged_in_with, pipelining, sleep, trusted,
};

const NOTHING: [&str; 0] = [];

fn at(seconds: u64) -> Instant {
    Instant::since_origin(Duration::from_secs(seconds))
}

// The deadlines.

#[test]
fn greeting_times_out_after_60_seconds() {
    let mut session = trusted();
    assert_eq!(left(&session), Some(60));
    session.wait(60);
    assert_eq!(session.reported(), ["closed: timeout Greeting"]);
    session.assert_over();
}

#[test]
fn greeting_deadline_starts_with_the_connection() {
    let connection = Connection::new(Config::default(), Channel::TrustedByCaller, at(1000));
    assert_eq!(connection.poll_timeout(), Some(at(1060)));
}

#[test]
fn handshake_and_greeting_have_separate_deadlines() {
    let mut session = Conversation::new(Config::default(), Channel::ImplicitTls);
    assert_eq!(left(&session), Some(30));
    session.wait(20);
    session.tls();
    assert_eq!(left(&session), Some(60));
    let mut session = Conversation::new(Config::default(), Channel::ImplicitTls);
    session.wait(30);
    assert_eq!(session.reported(), ["closed: timeout TlsHandshake"]);
    session.assert_over();
    session
        .connection
        .tls_established(TlsInfo::default(), at(31));
    assert_eq!(session.connection.tls(), None, "too late");
}

#[test]
fn send_times_out_after_60_seconds_without_progress() {
    let mut session = logged_in();
    session.ask("noop");
    session.connection.handle_timeout(session.now);
    assert_eq!(left(&session), Some(60));
    sleep(&mut session, 59);
    session.connection.transmitted(1, session.now);
    assert_eq!(left(&session), Some(60), "each octet is progress");
    sleep(&mut session, 59);
    assert!(session.connection.wants_write());
    sleep(&mut session, 1);
    assert_eq!(
        session.reported(),
        ["noop: failed: timeout Send", "closed: timeout Send"]
    );
    session.assert_over();
}

#[test]
fn reply_has_first_octet_and_stall_deadlines() {
    let mut session = logged_in();
    session.ask("stat");
    session.settle();
    assert_eq!(left(&session), Some(180));
    session.wait(179);
    session.server("+");
    assert_eq!(left(&session), Some(60));
    session.wait(59);
    session.server("O");
    session.wait(59);
    session.server("K");
    session.wait(60);
    assert_eq!(
        session.reported(),
        ["stat: failed: timeout Stall", "closed: timeout Stall"]
    );
}

#[test]
fn body_stalls_after_60_seconds() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\n");
    for _ in 0..100 {
        session.wait(59);
        session.server("x");
    }
    session.reported();
    session.wait(60);
    assert_eq!(
        session.reported(),
        ["retr 1: cut short: timeout Stall", "closed: timeout Stall"]
    );
}

#[test]
fn listing_stalls_after_60_seconds() {
    let mut session = logged_in();
    session.ask("uidl");
    session.server("+OK\r\n");
    for _ in 0..10 {
        session.wait(59);
        session.server("1");
    }
    session.wait(60);
    assert_eq!(
        session.reported(),
        ["uidl: failed: timeout Stall", "closed: timeout Stall"]
    );
}

#[test]
fn quit_that_deletes_has_its_own_deadline() {
    let mut config = Config::default();
    config.timeouts.quit = Duration::from_secs(500);
    let mut session = logged_in_with(config);
    session.ask("dele 1");
    session.server("+OK deleted\r\n");
    session.reported();
    session.ask("quit");
    session.settle();
    assert_eq!(left(&session), Some(500));
    session.wait(500);
    assert_eq!(
        session.reported(),
        ["quit: unknown", "closed: timeout FirstOctet QUIT"]
    );
}

#[test]
fn quit_that_deletes_nothing_has_a_short_deadline() {
    let mut session = logged_in();
    session.ask("quit");
    session.settle();
    assert_eq!(left(&session), Some(10));
    session.wait(10);
    assert_eq!(
        session.reported(),
        ["quit: unknown", "closed: timeout FirstOctet QUIT"]
    );
}

#[test]
fn each_deadline_can_be_changed() {
    let mut config = Config::default();
    config.timeouts.greeting = Duration::from_secs(1);
    config.timeouts.tls = Duration::from_secs(2);
    let session = Conversation::new(config.clone(), Channel::Plain);
    assert_eq!(left(&session), Some(1));
    let session = Conversation::new(config, Channel::ImplicitTls);
    assert_eq!(left(&session), Some(2));
}

#[test]
fn duration_max_never_times_out() {
    let mut config = Config::default();
    config.timeouts.first_octet = Duration::MAX;
    let mut session = logged_in_with(config);
    session.ask("stat");
    session.wait(1_000_000);
    assert_eq!(session.reported(), NOTHING);
    assert_eq!(
        session.exchange("noop", "+OK 1 2\r\n"),
        ["stat: 1 messages, 2 octets"]
    );
}

#[test]
fn transmitted_beyond_pending_octets_is_not_progress() {
    let mut session = Conversation::new(Config::default(), Channel::ImplicitTls);
    for _ in 0..3 {
        session.now = session.now + Duration::from_secs(9);
        // The application's own handshake sends octets, too: they are not the connection's.
        session.connection.transmitted(100, session.now);
    }
    assert_eq!(left(&session), Some(3));
    let mut session = logged_in();
    session.ask("stat");
    session.settle();
    sleep(&mut session, 100);
    session.connection.transmitted(1, session.now);
    session.connection.transmitted(0, session.now);
    assert_eq!(left(&session), Some(80));
}

// When no deadline runs.

#[test]
fn idle_session_has_no_deadline() {
    let mut session = logged_in();
    assert_eq!(left(&session), None);
    session.wait(100_000);
    assert_eq!(session.reported(), NOTHING);
}

#[test]
fn request_after_idle_time_has_full_deadline() {
    let mut session = logged_in();
    session.wait(100_000);
    session.ask("stat");
    session.settle();
    assert_eq!(left(&session), Some(180));
    // The same for a caller that calls `handle_timeout` before it sends.
    let mut session = logged_in();
    session.now = at(100_000);
    session.connection.submit(Noop).expect("a live connection");
    assert!(session.connection.poll_timeout() <= Some(session.now));
    session.connection.handle_timeout(session.now);
    assert_eq!(left(&session), Some(60));
}

#[test]
fn deadline_restarts_when_pending_events_are_taken() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.settle();
    session.arrive(b"+OK\r\nhalf");
    assert_eq!(left(&session), None);
    sleep(&mut session, 10_000);
    assert!(session.connection.poll_event().is_some(), "the status line");
    assert_eq!(left(&session), None, "a body event is pending, too");
    sleep(&mut session, 10_000);
    assert!(matches!(
        session.connection.poll_event(),
        Some(Event::Body { .. })
    ));
    assert_eq!(left(&session), Some(0), "handle_timeout is needed once");
    session.connection.handle_timeout(session.now);
    assert_eq!(left(&session), Some(60));
    sleep(&mut session, 59);
    assert!(session.connection.error().is_none());
    sleep(&mut session, 1);
    assert!(session.connection.error().is_some());
}

#[test]
fn reply_deadline_starts_after_the_previous_reply() {
    let mut session = pipelining();
    session.ask("stat");
    session.ask("noop");
    session.wait(170);
    session.server("+OK 1 1\r\n");
    assert_eq!(left(&session), Some(180));
    session.wait(179);
    session.server("+OK\r\n");
    assert_eq!(
        session.reported(),
        ["stat: 1 messages, 1 octets", "noop: ok"]
    );
    assert_eq!(left(&session), None);
}

#[test]
fn repeated_or_early_handle_timeout_does_nothing() {
    let mut session = logged_in();
    session.ask("stat");
    session.settle();
    for _ in 0..5 {
        session.connection.handle_timeout(session.now);
        session.connection.handle_timeout(at(0));
    }
    assert_eq!(left(&session), Some(180));
    assert_eq!(session.reported(), NOTHING);
}

#[test]
fn passed_deadline_fires_once() {
    let mut session = logged_in();
    session.ask("stat");
    session.settle();
    sleep(&mut session, 180);
    sleep(&mut session, 180);
    session.connection.handle_eof(session.now);
    assert_eq!(session.reported().len(), 2);
    session.assert_over();
}

#[test]
fn octets_before_handle_timeout_are_in_time() {
    let mut session = logged_in();
    session.ask("stat");
    session.settle();
    session.now = session.now + Duration::from_secs(500);
    session.arrive(b"+OK 1 2\r\n");
    assert_eq!(session.reported(), ["stat: 1 messages, 2 octets"]);
}

// Transport failures.

#[test]
fn reading_after_failed_write_times_out() {
    let mut session = logged_in();
    session.ask("stat");
    session.ask("noop");
    let cause = TransportError::new(TransportErrorKind::Reset, "broken pipe");
    session
        .connection
        .handle_write_error(cause.clone(), session.now);
    assert!(session.connection.wants_read() && !session.connection.wants_write());
    session.wait(180);
    assert_eq!(
        session.reported(),
        [
            "stat: failed: transport Reset",
            "noop: failed: transport Reset",
            "closed: transport Reset"
        ]
    );
    // The same with no command in flight.
    let mut session = logged_in();
    session.connection.handle_write_error(cause, session.now);
    session.ask("noop");
    session.wait(180);
    assert_eq!(
        session.reported(),
        ["noop: failed: transport Reset", "closed: transport Reset"]
    );
}
