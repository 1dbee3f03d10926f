//! What is known about the deletions after the session has ended.

use pop3_proto::{
    Error, Quit, QuitOutcome,
    command::Noop,
    error::{Closed, TransportError, TransportErrorKind},
};
use pop3_testkit::conversation::logged_in;

#[test]
fn quit_has_three_outcomes() {
    let committed = logged_in()
        .call(Quit, "+OK [X] 2 messages left\r\n")
        .unwrap();
    assert!(committed.is_committed());
    let text = "the deletions were committed: [X] 2 messages left";
    assert_eq!(committed.to_string(), text);
    let QuitOutcome::Committed(status) = committed else {
        panic!("{committed:?}");
    };
    assert_eq!(status.text.as_bytes(), b"[X] 2 messages left");
    assert_eq!(status.to_string(), "[X] 2 messages left");
    let refused = logged_in().call(Quit, "-ERR some messages not removed\r\n");
    assert!(!refused.as_ref().unwrap().is_committed());
    assert!(matches!(
        refused,
        Ok(QuitOutcome::Refused(reply)) if reply.text.as_bytes() == b"some messages not removed"
    ));
    let mut session = logged_in();
    session.ask("quit");
    session.settle();
    session.eof();
    assert_eq!(session.reported()[0], "quit: unknown");
    assert!(!QuitOutcome::Unknown.is_committed());
}

#[test]
fn unsent_quit_fails_with_the_connection_error() {
    let mut session = logged_in();
    session.ask("quit");
    assert!(session.connection.wants_write());
    session.connection.handle_eof(session.now);
    assert_eq!(session.reported()[0], "quit: failed: closed Idle");
}

#[test]
fn partly_sent_quit_has_an_unknown_outcome() {
    let mut session = logged_in();
    session.ask("quit");
    session.connection.transmitted(1, session.now);
    session.connection.handle_eof(session.now);
    assert_eq!(session.reported()[0], "quit: unknown");
}

#[test]
fn queued_quit_fails_with_the_connection_error() {
    let mut session = logged_in();
    session.ask("noop");
    session.ask("quit");
    session.settle();
    session.eof();
    assert_eq!(
        session.reported()[1],
        "quit: failed: closed Unanswered NOOP, 1 in flight"
    );
    assert_eq!(session.sent(), "NOOP\r\n");
}

#[test]
fn quit_finishes_the_session_without_error() {
    let mut session = logged_in();
    session.exchange("quit", "+OK\r\n");
    assert_eq!(session.connection.error(), None);
    let later = session.connection.submit(Noop).expect_err("finished");
    assert!(matches!(&later, Error::Closed(closed) if **closed == Closed::Finished));
    session.eof();
    assert_eq!(session.reported(), [] as [&str; 0]);
    session.assert_over();
}

#[test]
fn quit_with_failed_write_has_unknown_outcome() {
    let mut session = logged_in();
    session.ask("quit");
    session.connection.transmitted(4, session.now);
    let broken_pipe = TransportError::new(TransportErrorKind::Reset, "broken pipe");
    session
        .connection
        .handle_write_error(broken_pipe, session.now);
    session.eof();
    assert_eq!(
        session.reported(),
        ["quit: unknown", "closed: transport Reset"]
    );
}
