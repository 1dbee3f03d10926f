//! The statistics of a connection, compared with what was really sent and received.

use core::time::Duration;

use pop3_proto::Channel;
use pop3_proto::config::Config;
use pop3_proto::observe::Statistics;
use pop3_testkit::conversation::{Conversation, logged_in, pipelining};

fn statistics(session: &Conversation) -> Statistics {
    session.connection.statistics()
}

#[test]
fn new_connection_has_counted_nothing() {
    let session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    assert_eq!(statistics(&session), Statistics::default());
}

#[test]
fn octets_and_lines_of_a_session_are_counted() {
    for trickle in [false, true] {
        let mut session = logged_in();
        session.trickle = trickle;
        let before = statistics(&session);
        assert_eq!((before.commands, before.round_trips), (2, 2));
        let replies = [
            ("stat", "+OK 2 40\r\n"),
            ("retr 1", "+OK\r\nSubject: x\r\n\r\n..dot\r\n.\r\n"),
            ("top 1 0", "+OK\r\nSubject: x\r\n\r\n.\r\n"),
            ("retr 2", "-ERR no such message\r\n"),
        ];
        for (command, reply) in replies {
            session.exchange(command, reply);
        }
        let after = statistics(&session);
        assert_eq!((after.sent - before.sent) as usize, session.sent().len());
        let received: usize = replies.iter().map(|(_, reply)| reply.len()).sum();
        assert_eq!((after.received - before.received) as usize, received);
        // Without TLS, the socket has the same octets.
        assert_eq!(after.wire_sent, after.sent);
        assert_eq!(after.wire_received, after.received);
        assert_eq!(after.commands, 6, "trickle: {trickle}");
        assert_eq!(after.round_trips, 6, "trickle: {trickle}");
        assert_eq!(after.messages, 2);
        let bodies = "Subject: x\r\n\r\n.dot\r\n".len() + "Subject: x\r\n\r\n".len();
        assert_eq!(after.body_octets as usize, bodies);
        assert_eq!((after.tls_handshake, after.tls_resumed), (None, false));
    }
}

#[test]
fn pipelined_batch_is_one_round_trip() {
    let mut session = pipelining();
    let before = statistics(&session);
    for number in 1..=10 {
        session.ask(&format!("dele {number}"));
    }
    session.server("+OK\r\n".repeat(10));
    let after = statistics(&session);
    assert_eq!(after.commands - before.commands, 10);
    assert_eq!(after.round_trips - before.round_trips, 1);
}

#[test]
fn retracted_command_is_not_counted() {
    let mut session = pipelining();
    let before = statistics(&session);
    session.ask("noop");
    session.abandon();
    session.settle();
    assert_eq!(statistics(&session), before);
}

#[test]
fn skipped_message_is_counted() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.settle();
    session.abandon();
    session.server("+OK\r\nabc\r\n.\r\n");
    let after = statistics(&session);
    assert_eq!((after.messages, after.body_octets), (1, 5));
}

#[test]
fn truncated_message_is_not_counted() {
    let mut session = logged_in();
    session.ask("retr 1");
    session.server("+OK\r\nabc\r\n");
    session.eof();
    let after = statistics(&session);
    assert_eq!((after.messages, after.body_octets), (0, 5));
}

#[test]
fn tolerated_deviations_are_counted() {
    let mut session = logged_in();
    session.exchange("noop", "\r\n+OK\r\n");
    assert_eq!(statistics(&session).quirks, 1);
}

#[test]
fn time_of_the_tls_handshake_is_measured() {
    let mut session = Conversation::new(Config::default(), Channel::ImplicitTls);
    session.now = session.now + Duration::from_secs(2);
    session.tls();
    assert_eq!(
        statistics(&session).tls_handshake,
        Some(Duration::from_secs(2))
    );

    let mut session = Conversation::new(Config::default(), Channel::Plain);
    session.server("+OK ready\r\n");
    session.ask("stls");
    session.server("+OK\r\nSTLS\r\n.\r\n");
    session.now = session.now + Duration::from_secs(5);
    session.server("+OK\r\n");
    session.now = session.now + Duration::from_secs(3);
    session.tls();
    assert_eq!(
        statistics(&session).tls_handshake,
        Some(Duration::from_secs(3))
    );
}

#[test]
fn statistics_are_displayed_in_one_line() {
    let mut session = logged_in();
    session.exchange("retr 1", "+OK\r\nabc\r\n.\r\n");
    assert_eq!(
        statistics(&session).to_string(),
        "3 commands in 3 round trips, 1 messages of 5 octets; 34 octets received, 33 sent"
    );
}
