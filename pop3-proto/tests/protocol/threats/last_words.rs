//! A fatal end of an authentication exchange says `*` first, whatever the server does meanwhile.

use super::plays::base64;
use super::scram::before_the_challenge;
use pop3_testkit::conversation::Conversation;

/// A challenge that ends everything, and how that is told.
fn fatal() -> (String, [String; 2]) {
    let challenge = format!("+ {}\r\n", base64("r=WRONG,s=AAAA,i=4096"));
    let why = "security Sasl(Scram(\"its nonce does not extend this side's\"))";
    let told = [format!("login: failed: {why}"), format!("closed: {why}")];
    (challenge, told)
}

fn is_dead(mut session: Conversation, told: &[String]) {
    assert_eq!(session.reported(), told);
    session.assert_over();
}

#[test]
fn t_25_the_end_is_told_when_the_cancellation_has_left_and_no_answer_is_awaited() {
    let (challenge, told) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    assert_eq!(session.connection.transmit(), b"*\r\n");
    session.connection.transmitted(2, session.now);
    session.take_events();
    assert_eq!(
        session.connection.error(),
        None,
        "a part of it has not left"
    );
    session.connection.transmitted(1, session.now);
    is_dead(session, &told);
}

#[test]
fn t_25_a_peer_that_takes_nothing_gets_no_more_time_than_for_any_command() {
    let (challenge, told) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    let late = session.connection.poll_timeout().expect("a deadline");
    session.connection.handle_timeout(late);
    is_dead(session, &told);
}

#[test]
fn t_25_a_write_that_fails_does_not_hide_why() {
    let (challenge, told) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    session.write_fails();
    session.eof();
    is_dead(session, &told);
}

#[test]
fn t_25_a_peer_that_closes_right_then_does_not_hide_why() {
    let (challenge, told) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    session.connection.handle_eof(session.now);
    is_dead(session, &told);
}

#[test]
fn t_25_a_peer_that_closes_its_side_right_then_is_told_all_the_same() {
    let (challenge, told) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    session.connection.handle_eof(session.now);
    assert_eq!(session.sent(), "*\r\n");
    is_dead(session, &told);
}

#[test]
fn t_25_a_peer_that_says_more_right_then_is_told_all_the_same() {
    for more in ["+", "+ \r\n", "+OK\r\n", "-ERR\r\n", "what?\r\n"] {
        let (challenge, told) = fatal();
        let mut session = before_the_challenge();
        session.server(format!("{challenge}{more}"));
        assert_eq!(session.sent(), "*\r\n", "before {more:?}");
        is_dead(session, &told);
    }
}

#[test]
fn t_30_twenty_challenges_at_once_are_cancelled() {
    let mut session = before_the_challenge();
    session.server("+ \r\n".repeat(20));
    assert_eq!(session.sent(), "*\r\n");
    assert!(session.connection.error().is_some());
    session.assert_over();
}
