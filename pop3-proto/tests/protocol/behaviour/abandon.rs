//! Abandoned requests: unsent commands are removed, replies in flight are read and discarded, and
//! the next request gets its own reply.

use pop3_proto::{
    Channel, Config, Dele, Event, MessageNumber, Phase, Quit, RequestId, Retr, Stat, command::Noop,
    config::CapaPolicy,
};
use pop3_testkit::conversation::{Conversation, logged_in, pipelining, trusted};

const NOTHING: [&str; 0] = [];

/// Abandons one request.
fn abandon(session: &mut Conversation, id: RequestId) {
    session.connection.abandon(id..id.next());
}

#[test]
fn abandoned_queued_command_is_not_sent() {
    let mut session = logged_in();
    session.ask("noop");
    assert_eq!(session.sent(), "NOOP\r\n");
    let dele = session.connection.next_id();
    session.ask("dele 1");
    session.ask("stat");
    abandon(&mut session, dele);
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "STAT\r\n");
    session.server("+OK 1 2\r\n");
    assert_eq!(
        session.reported(),
        ["noop: ok", "stat: 1 messages, 2 octets"]
    );
}

#[test]
fn abandoned_commands_in_unsent_batch_are_not_sent() {
    let mut session = pipelining();
    session.ask("stat");
    let dele = session.connection.next_id();
    session.ask("dele 1");
    session.ask("quit");
    assert!(
        session
            .connection
            .transmit()
            .starts_with(b"STAT\r\nDELE 1\r\n")
    );
    session
        .connection
        .abandon(dele..session.connection.next_id());
    assert_eq!(session.connection.transmit(), b"STAT\r\n");
    assert_eq!(
        session.exchange("noop", "+OK 1 2\r\n+OK\r\n"),
        ["stat: 1 messages, 2 octets", "noop: ok"]
    );
    assert_eq!(session.sent(), "STAT\r\nNOOP\r\n");
}

#[test]
fn abandoned_unsent_quit_is_not_sent() {
    let mut session = logged_in();
    let quit = session.connection.submit(Quit).expect("a live connection");
    assert!(session.connection.wants_write());
    abandon(&mut session, quit.id());
    assert!(!session.connection.wants_write());
    assert_eq!(session.connection.outstanding(), 0);
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
    assert_eq!(session.sent(), "NOOP\r\n");
}

#[test]
fn abandoned_batch_finishes_only_the_partly_sent_command() {
    let mut session = pipelining();
    session.ask("stat");
    let first = session.connection.next_id();
    for op in ["noop", "dele 1", "dele 2"] {
        session.ask(op);
    }
    session
        .connection
        .transmitted("STAT\r\nNO".len(), session.now);
    session
        .connection
        .abandon(first..session.connection.next_id());
    assert_eq!(session.connection.transmit(), b"OP\r\n");
    session.ask("rset");
    session.server("+OK 1 2\r\n+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(
        session.reported(),
        ["stat: 1 messages, 2 octets", "rset: ok"]
    );
    assert_eq!(session.sent(), "OP\r\nRSET\r\n");
}

#[test]
fn abandoned_unsent_pass_is_removed() {
    let mut session = trusted();
    session.server("+OK\r\n");
    session.exchange("user alice", "+OK\r\n");
    session.sent();
    let pass = session.connection.next_id();
    session.ask("pass secret");
    assert_eq!(session.connection.transmit(), b"PASS secret\r\n");
    abandon(&mut session, pass);
    assert!(!session.connection.wants_write());
    session.ask("pass other");
    assert_eq!(
        session.sent(),
        "PASS other\r\n",
        "the accepted USER still counts"
    );
}

#[test]
fn abandoned_partly_sent_command_is_sent_completely() {
    let mut session = logged_in();
    let dele = session
        .connection
        .submit(Dele(MessageNumber::FIRST))
        .expect("a live connection");
    session.connection.transmitted(3, session.now);
    abandon(&mut session, dele.id());
    assert_eq!(session.connection.transmit(), b"E 1\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.reported(), NOTHING);
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
}

#[test]
fn reply_to_abandoned_command_is_discarded() {
    let mut session = pipelining();
    session.ask("stat");
    let list = session.connection.next_id();
    session.ask("list");
    session.ask("uidl");
    assert_eq!(session.sent(), "STAT\r\nLIST\r\nUIDL\r\n");
    abandon(&mut session, list);
    session.server("+OK 1 2\r\n+OK\r\n1 2\r\n.\r\n+OK\r\n1 a\r\n.\r\n");
    assert_eq!(
        session.reported(),
        ["stat: 1 messages, 2 octets", "uidl: 1=a"]
    );
}

#[test]
fn rest_of_abandoned_body_is_skipped() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\nthe beginning\r\n");
    session.reported();
    session.abandon();
    for _ in 0..200 {
        session.server("and so on, line after line, to the end\r\n");
        assert!(
            session.connection.wants_read(),
            "no pending event stops reading"
        );
    }
    session.server("..\r\n.\r\n");
    assert_eq!(session.reported(), NOTHING);
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
    assert_eq!(
        session.sent(),
        "RETR 1\r\nNOOP\r\n",
        "each command is sent once"
    );
}

#[test]
fn pending_events_of_abandoned_request_are_dropped() {
    let mut session = logged_in();
    let retr = session
        .connection
        .submit(Retr(MessageNumber::FIRST))
        .expect("a live connection");
    session.connection.transmitted(8, session.now);
    let octets = b"+OK\r\nbody\r\n.\r\n";
    session.arrive(octets);
    assert!(
        !session.connection.wants_read(),
        "the status line is pending"
    );
    abandon(&mut session, retr.id());
    assert_eq!(session.connection.poll_event(), None);
    assert_eq!(session.connection.outstanding(), 0);
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
}

#[test]
fn events_without_a_request_are_kept() {
    let mut session = trusted();
    let noop = session.connection.submit(Noop).expect("a live connection");
    let octets = b"+OK ready\r\n";
    session.arrive(octets);
    abandon(&mut session, noop.id());
    assert_eq!(session.reported(), ["greeting: \"ready\""]);
}

#[test]
fn dropping_a_pending_event_restarts_the_deadline() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.settle();
    let octets = b"+OK\r\nbody";
    session.arrive(octets);
    // The application processes the event for ten minutes and then abandons the request.
    session.now = session.now + core::time::Duration::from_secs(600);
    session.abandon();
    session.settle();
    assert_eq!(
        session.reported(),
        NOTHING,
        "the application's time is not a stall"
    );
    session.wait(59);
    session.server("\r\n.\r\n");
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
}

#[test]
fn abandoned_started_login_is_completed() {
    let mut session = trusted();
    session.server("+OK\r\n");
    session.reported();
    session.ask("login alice secret");
    assert_eq!(session.sent(), "CAPA\r\n");
    session.abandon();
    session.ask("stat");
    session.server("-ERR\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "USER alice\r\nPASS secret\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.connection.phase(), Phase::Transaction);
    assert_eq!(session.sent(), "STAT\r\n");
    session.server("+OK 1 2\r\n");
    assert_eq!(session.reported(), ["stat: 1 messages, 2 octets"]);
}

#[test]
fn abandoned_unsent_login_is_removed() {
    for capa in [CapaPolicy::Auto, CapaPolicy::Never] {
        let mut config = Config::default();
        config.capa = capa;
        let mut session = Conversation::new(config, Channel::TrustedByCaller);
        session.server("+OK\r\n");
        session.reported();
        session.ask("login alice secret");
        assert!(session.connection.wants_write());
        session.abandon();
        assert!(!session.connection.wants_write());
        assert_eq!(session.connection.outstanding(), 0);
        assert_eq!(session.exchange("capa", "-ERR\r\n"), ["capa: unknown"]);
        assert_eq!(session.sent(), "CAPA\r\n");
        assert_eq!(session.connection.phase(), Phase::Authorization);
    }
}

#[test]
fn abandoned_login_with_one_octet_sent_is_completed() {
    let mut session = trusted();
    session.server("+OK\r\n");
    session.reported();
    session.ask("login alice secret");
    session.connection.transmitted(1, session.now);
    session.abandon();
    assert_eq!(session.sent(), "APA\r\n");
    for reply in ["-ERR\r\n", "+OK\r\n", "+OK\r\n"] {
        session.server(reply);
    }
    assert_eq!(session.sent(), "USER alice\r\nPASS secret\r\n");
    assert_eq!(session.connection.phase(), Phase::Transaction);
    assert_eq!(session.reported(), NOTHING);
}

#[test]
fn login_abandoned_during_handshake_is_completed() {
    let mut config = Config::default();
    config.capa = CapaPolicy::Never;
    let mut session = Conversation::new(config, Channel::Plain);
    session.server("+OK\r\n");
    session.reported();
    session.ask("login alice secret");
    assert_eq!(session.sent(), "STLS\r\n");
    session.server("+OK\r\n");
    assert!(session.connection.wants_tls());
    session.abandon();
    session.tls();
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "USER alice\r\nPASS secret\r\n");
    assert_eq!(session.connection.phase(), Phase::Transaction);
    assert_eq!(session.reported(), NOTHING);
}

#[test]
fn request_after_refused_abandoned_login_is_misuse() {
    let mut session = trusted();
    session.server("+OK\r\n");
    session.reported();
    session.ask("login alice secret");
    session.settle();
    session.abandon();
    session.ask("stat");
    session.server("-ERR\r\n");
    session.server("-ERR no such user\r\n");
    assert_eq!(
        session.reported(),
        ["stat: failed: misuse STAT in AUTHORIZATION"]
    );
}

#[test]
fn abandoned_sent_quit_still_closes_the_session() {
    let mut session = logged_in();
    session.ask("quit");
    assert_eq!(session.sent(), "QUIT\r\n");
    session.abandon();
    session.server("+OK\r\n");
    assert_eq!(session.reported(), ["closed"]);
    session.assert_over();
}

#[test]
fn fatal_error_in_discarded_reply_is_reported_once() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.settle();
    session.abandon();
    session.server("+OK\r\nhalf");
    session.eof();
    assert_eq!(
        session.reported(),
        ["closed: closed Truncated RETR, 1 in flight"]
    );
    session.assert_over();
}

#[test]
fn abandoned_body_can_time_out() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.settle();
    session.abandon();
    session.server("+OK\r\nhalf");
    session.wait(60);
    assert_eq!(session.reported(), ["closed: timeout Stall"]);
}

#[test]
fn abandoning_finished_or_unknown_requests_does_nothing() {
    let mut session = logged_in();
    let first = session.connection.next_id();
    session.exchange("noop", "+OK\r\n");
    let later = session.connection.next_id().next().next();
    session
        .connection
        .abandon(first..session.connection.next_id());
    session.connection.abandon(later..later.next());
    session.connection.abandon(later..first);
    assert_eq!(session.exchange("noop", "+OK\r\n"), ["noop: ok"]);
    session.eof();
    session.reported();
    session.connection.abandon(first..later);
    session.assert_over();
}

#[test]
fn abandoning_makes_room_in_the_window() {
    let mut session = pipelining();
    (0..700).for_each(|_| session.ask("noop"));
    let full = session.connection.outstanding();
    let queued = session.connection.submit(Stat).expect("a live connection");
    assert_eq!(session.connection.outstanding(), full + 1);
    abandon(&mut session, queued.id());
    assert_eq!(session.connection.outstanding(), full);
    while session.connection.outstanding() > 0 {
        session.server("+OK\r\n");
    }
    assert_eq!(session.connection.outstanding(), 0);
    assert_eq!(session.reported().len(), full);
}

#[test]
fn ids_of_abandoned_requests_are_not_reused() {
    let mut session = logged_in();
    let one = session.connection.submit(Noop).expect("a live connection");
    abandon(&mut session, one.id());
    let two = session.connection.submit(Noop).expect("a live connection");
    assert_eq!(two.id(), one.id().next());
    session.server("+OK\r\n");
    let events = session.events();
    assert!(matches!(events.as_slice(), [Event::Reply { id, .. }] if *id == two.id()));
}
