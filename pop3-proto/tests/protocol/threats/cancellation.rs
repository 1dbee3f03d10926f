//! After a fatal error in an exchange, the client sends `*` before it closes the connection.

use super::plays::base64;
use super::scram::before_the_challenge;
use pop3_testkit::conversation::Conversation;

/// Returns a challenge that causes a fatal error, and how the error is reported.
fn fatal() -> (String, [String; 2]) {
    let challenge = format!("+ {}\r\n", base64("r=WRONG,s=AAAA,i=4096"));
    let why = "security Sasl(Scram(\"its nonce does not extend this side's\"))";
    let reported = [format!("login: failed: {why}"), format!("closed: {why}")];
    (challenge, reported)
}

fn assert_failed(mut session: Conversation, reported: &[String]) {
    assert_eq!(session.reported(), reported);
    session.assert_over();
}

#[test]
fn t_25_fatal_error_waits_until_cancellation_is_sent() {
    let (challenge, reported) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    assert_eq!(session.connection.transmit(), b"*\r\n");
    session.connection.transmitted(2, session.now);
    session.take_events();
    assert_eq!(
        session.connection.error(),
        None,
        "the cancellation is not sent completely"
    );
    session.connection.transmitted(1, session.now);
    assert_failed(session, &reported);
}

#[test]
fn t_25_cancellation_has_the_normal_send_timeout() {
    let (challenge, reported) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    let late = session.connection.poll_timeout().expect("a deadline");
    session.connection.handle_timeout(late);
    assert_failed(session, &reported);
}

#[test]
fn t_25_failed_write_keeps_the_original_error() {
    let (challenge, reported) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    session.write_fails();
    session.eof();
    assert_failed(session, &reported);
}

#[test]
fn t_25_close_keeps_the_original_error() {
    let (challenge, reported) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    session.connection.handle_eof(session.now);
    assert_failed(session, &reported);
}

#[test]
fn t_25_cancellation_is_sent_after_eof() {
    let (challenge, reported) = fatal();
    let mut session = before_the_challenge();
    session.arrive(challenge.as_bytes());
    session.connection.handle_eof(session.now);
    assert_eq!(session.sent(), "*\r\n");
    assert_failed(session, &reported);
}

#[test]
fn t_25_cancellation_is_sent_despite_more_input() {
    for more in ["+", "+ \r\n", "+OK\r\n", "-ERR\r\n", "what?\r\n"] {
        let (challenge, reported) = fatal();
        let mut session = before_the_challenge();
        session.server(format!("{challenge}{more}"));
        assert_eq!(session.sent(), "*\r\n", "before {more:?}");
        assert_failed(session, &reported);
    }
}

#[test]
fn t_30_twenty_pipelined_challenges_are_cancelled() {
    let mut session = before_the_challenge();
    session.server("+ \r\n".repeat(20));
    assert_eq!(session.sent(), "*\r\n");
    assert!(session.connection.error().is_some());
    session.assert_over();
}
