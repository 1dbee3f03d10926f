//! The total deadline of an operation, and keep-alive for idle sessions.

use core::time::Duration;

use pop3_proto::{Channel, Config};
use pop3_testkit::conversation::{Conversation, left, logged_in, logged_in_with, sleep};

const NOTHING: [&str; 0] = [];

// The total deadline.

fn with_total(seconds: u64) -> Conversation {
    let mut config = Config::default();
    config.timeouts.total = Some(Duration::from_secs(seconds));
    logged_in_with(config)
}

#[test]
fn total_deadline_stops_a_slow_server() {
    let mut session = with_total(300);
    session.ask("retr 1");
    session.server("+OK\r\n");
    for _ in 0..14 {
        session.wait(20);
        session.server("x");
    }
    assert_eq!(session.reported().len(), 2);
    session.wait(20);
    assert_eq!(
        session.reported(),
        ["retr 1: cut short: timeout Total", "closed: timeout Total"]
    );
}

#[test]
fn total_deadline_applies_to_one_operation() {
    let mut session = with_total(300);
    for _ in 0..10 {
        session.ask("noop");
        session.settle();
        assert_eq!(left(&session), Some(180));
        session.wait(170);
        assert_eq!(left(&session), Some(10));
        session.server("+OK\r\n");
        assert_eq!(left(&session), None);
        session.wait(1000);
    }
    assert_eq!(session.reported().len(), 10);
}

#[test]
fn total_deadline_runs_while_an_event_is_pending() {
    let mut session = with_total(300);
    session.ask("retr 1");
    session.settle();
    session.arrive(b"+OK\r\nhalf");
    assert_eq!(left(&session), Some(300));
    sleep(&mut session, 300);
    assert!(session.connection.error().is_some());
}

#[test]
fn total_deadline_covers_all_login_commands() {
    let mut config = Config::default();
    config.timeouts.total = Some(Duration::from_secs(300));
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    session.server("+OK\r\n");
    session.ask("login alice secret");
    session.wait(150);
    session.server("-ERR\r\n");
    session.wait(100);
    session.server("+OK\r\n");
    assert_eq!(left(&session), Some(50));
    session.wait(50);
    assert_eq!(
        session.reported(),
        [
            "greeting: \"\"",
            "login: failed: timeout Total",
            "closed: timeout Total"
        ]
    );
}

#[test]
fn total_deadline_starts_after_the_previous_pipelined_message() {
    let mut config = Config::default();
    config.timeouts.total = Some(Duration::from_secs(300));
    config.pipelining = pop3_proto::config::Pipelining::Always;
    let mut session = logged_in_with(config);
    (1..=5).for_each(|n| session.ask(&format!("retr {n}")));
    for _ in 0..5 {
        session.wait(59);
        session.server("+OK\r\nsome\r\n");
        session.wait(59);
        session.server("more\r\n.\r\n");
    }
    assert_eq!(session.reported().len(), 15);
}

#[test]
fn later_commands_do_not_restart_total_deadline() {
    let mut config = Config::default();
    config.timeouts.total = Some(Duration::from_secs(300));
    config.timeouts.first_octet = Duration::from_secs(10_000);
    config.pipelining = pop3_proto::config::Pipelining::Always;
    let mut session = logged_in_with(config);
    session.ask("stat");
    session.settle();
    for _ in 0..2 {
        session.wait(100);
        session.ask("noop");
        session.settle();
    }
    assert_eq!(left(&session), Some(100));
    session.wait(100);
    assert_eq!(
        session.reported().last().map(String::as_str),
        Some("closed: timeout Total")
    );
}

// Keep-alive.

fn kept_alive() -> Conversation {
    let mut config = Config::default();
    config.keep_alive = Some(Duration::from_secs(30));
    logged_in_with(config)
}

#[test]
fn keep_alive_sends_noop_after_each_interval() {
    let mut session = kept_alive();
    for _ in 0..3 {
        assert_eq!(left(&session), Some(30));
        session.wait(30);
        assert_eq!(session.sent(), "NOOP\r\n");
        session.server("+OK\r\n");
    }
    assert_eq!(
        session.reported(),
        NOTHING,
        "the application did not request them"
    );
}

#[test]
fn keep_alive_waits_for_its_reply() {
    let mut session = kept_alive();
    session.wait(30);
    session.wait(60);
    assert_eq!(session.sent(), "NOOP\r\n", "one NOOP at a time");
    session.ask("stat");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "STAT\r\n");
    session.server("+OK 1 2\r\n");
    assert_eq!(session.reported(), ["stat: 1 messages, 2 octets"]);
}

#[test]
fn keep_alive_is_not_sent_during_a_message() {
    let mut session = kept_alive();
    session.ask("retr 1");
    session.settle();
    session.arrive(b"+OK\r\nhalf");
    sleep(&mut session, 3000);
    assert!(!session.connection.wants_write());
    session.server("\r\n.\r\n");
    assert_eq!(session.reported().len(), 3);
    assert_eq!(left(&session), Some(30));
}

#[test]
fn keep_alive_interval_starts_at_the_last_octet() {
    let mut session = kept_alive();
    session.ask("stat");
    assert_eq!(session.sent(), "STAT\r\n");
    session.arrive(b"+OK 1 2\r\n");
    // The application reads the reply only now. The server has been idle for all this time.
    sleep(&mut session, 29);
    session.take_events();
    assert_eq!(left(&session), Some(1));
    sleep(&mut session, 1);
    assert_eq!(session.sent(), "NOOP\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.reported(), ["stat: 1 messages, 2 octets"]);
}

#[test]
fn keep_alive_can_be_changed_during_a_session() {
    let mut session = logged_in();
    assert_eq!(left(&session), None);
    session
        .connection
        .set_keep_alive(Some(Duration::from_secs(20)));
    assert_eq!(left(&session), Some(20));
    session.wait(20);
    assert_eq!(session.sent(), "NOOP\r\n");
    session.server("+OK\r\n");
    session.connection.set_keep_alive(None);
    assert_eq!(left(&session), None);
    assert_eq!(session.connection.config().keep_alive, None);
}

#[test]
fn last_octet_is_that_of_the_server_or_client() {
    let mut session = logged_in();
    let start = session.now;
    session.wait(7);
    assert_eq!(session.connection.last_octet(), start);
    session.ask("noop");
    session.settle();
    assert_eq!(session.connection.last_octet(), session.now);
    session.wait(5);
    session.server("+OK\r\n");
    assert_eq!(session.connection.last_octet(), session.now);
    session.wait(100);
    assert_eq!(
        session.now.duration_since(session.connection.last_octet()),
        Duration::from_secs(100)
    );
}
