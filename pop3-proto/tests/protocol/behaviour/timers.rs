//! Deadlines, on a clock that the tests move by hand.

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

// Each deadline.

#[test]
fn a_greeting_has_a_minute() {
    let mut session = trusted();
    assert_eq!(left(&session), Some(60));
    session.wait(60);
    assert_eq!(session.reported(), ["closed: timeout Greeting"]);
    session.assert_over();
}

#[test]
fn a_greeting_has_a_minute_from_the_moment_of_the_connection() {
    let connection = Connection::new(Config::default(), Channel::TrustedByCaller, at(1000));
    assert_eq!(connection.poll_timeout(), Some(at(1060)));
}

#[test]
fn a_handshake_has_half_a_minute_and_the_greeting_its_own_minute_behind_it() {
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
fn a_server_has_a_minute_to_take_an_octet_of_a_command() {
    let mut session = logged_in();
    session.ask("noop");
    session.connection.handle_timeout(session.now);
    assert_eq!(left(&session), Some(60));
    sleep(&mut session, 59);
    session.connection.transmitted(1, session.now);
    assert_eq!(left(&session), Some(60), "an octet is progress");
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
fn the_first_octet_of_a_reply_has_three_minutes_and_the_rest_one_from_octet_to_octet() {
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
fn a_body_has_a_minute_from_octet_to_octet() {
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
fn a_listing_has_a_minute_from_octet_to_octet() {
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
fn quit_has_its_own_deadline() {
    let mut config = Config::default();
    config.timeouts.quit = Duration::from_secs(500);
    let mut session = logged_in_with(config);
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
fn a_deadline_without_end_is_none_in_practice() {
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
fn octets_that_were_not_there_to_send_are_no_progress() {
    let mut session = Conversation::new(Config::default(), Channel::ImplicitTls);
    for _ in 0..3 {
        session.now = session.now + Duration::from_secs(9);
        // A handshake of the application's own sends octets too: they are not the connection's.
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

// When none runs.

#[test]
fn an_idle_session_waits_for_nothing() {
    let mut session = logged_in();
    assert_eq!(left(&session), None);
    session.wait(100_000);
    assert_eq!(session.reported(), NOTHING);
}

#[test]
fn a_request_after_a_long_idle_time_has_its_whole_deadline() {
    let mut session = logged_in();
    session.wait(100_000);
    session.ask("stat");
    session.settle();
    assert_eq!(left(&session), Some(180));
    // The same for a caller that tells the time before it sends.
    let mut session = logged_in();
    session.now = at(100_000);
    session.connection.submit(Noop).expect("a live connection");
    assert!(session.connection.poll_timeout() <= Some(session.now));
    session.connection.handle_timeout(session.now);
    assert_eq!(left(&session), Some(60));
}

#[test]
fn no_deadline_runs_while_an_event_waits_and_a_fresh_one_when_it_is_taken() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.settle();
    session.arrive(b"+OK\r\nhalf");
    assert_eq!(left(&session), None);
    sleep(&mut session, 10_000);
    assert!(session.connection.poll_event().is_some(), "the status line");
    assert_eq!(left(&session), None, "the body waits behind it");
    sleep(&mut session, 10_000);
    assert!(matches!(
        session.connection.poll_event(),
        Some(Event::Body { .. })
    ));
    assert_eq!(left(&session), Some(0), "the clock is wanted once");
    session.connection.handle_timeout(session.now);
    assert_eq!(left(&session), Some(60));
    sleep(&mut session, 59);
    assert!(session.connection.error().is_none());
    sleep(&mut session, 1);
    assert!(session.connection.error().is_some());
}

#[test]
fn the_deadline_of_the_next_reply_begins_when_it_is_the_next() {
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
fn telling_the_time_too_early_or_too_often_does_nothing() {
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
fn a_deadline_that_has_passed_fires_once() {
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
fn octets_that_arrive_before_the_clock_is_told_are_in_time() {
    let mut session = logged_in();
    session.ask("stat");
    session.settle();
    session.now = session.now + Duration::from_secs(500);
    session.arrive(b"+OK 1 2\r\n");
    assert_eq!(session.reported(), ["stat: 1 messages, 2 octets"]);
}

// Failures of the transport.

#[test]
fn after_a_failed_write_the_last_words_are_waited_for_and_not_for_ever() {
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
    // The same with nothing in flight.
    let mut session = logged_in();
    session.connection.handle_write_error(cause, session.now);
    session.ask("noop");
    session.wait(180);
    assert_eq!(
        session.reported(),
        ["noop: failed: transport Reset", "closed: transport Reset"]
    );
}
