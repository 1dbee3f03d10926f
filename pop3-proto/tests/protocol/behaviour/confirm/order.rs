//! Confirmations between other requests, and abandoned confirmations.

use pop3_proto::{Config, Error, Event, List, Quit, RequestId, command::Noop, config::Pipelining};
use pop3_testkit::conversation::logged_in_with;

use super::{Mailbox, answered, confirm, listed, session};

#[test]
fn confirmation_runs_in_submission_order() {
    let mailbox = Mailbox::of(5);
    let mut session = session(Pipelining::Always, 1);
    let list = session.connection.submit(List).expect("a live connection");
    let ticket = confirm(&mut session);
    let quit = session.connection.submit(Quit).expect("a live connection");
    assert_eq!(session.sent(), "LIST\r\n");
    session.server(mailbox.sizes());
    let batch = session.sent();
    assert_eq!(batch.lines().count(), 16, "{batch}");
    let answers: String = batch
        .split_inclusive('\n')
        .map(|it| mailbox.answer(it))
        .collect();
    session.server(answers);
    assert_eq!(session.sent(), "QUIT\r\n");
    session.server("+OK\r\n");
    let ids: Vec<RequestId> = session
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Reply { id, result: Ok(_) } => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(ids, [list.id(), ticket.id(), quit.id()]);
}

#[test]
fn abandoned_confirmation_still_checks_outstanding_answers() {
    let mailbox = Mailbox::of(5);
    for right in [true, false] {
        for pipelining in [Pipelining::Always, Pipelining::Never] {
            let mut session = listed(&mailbox, pipelining, 8);
            let ticket = confirm(&mut session);
            let batch = session.sent();
            session.connection.abandon(ticket.id()..ticket.id().next());
            let noop = session.connection.submit(Noop).expect("a live connection");
            let mut sent = session.sent();
            let answers: String = batch
                .split_inclusive('\n')
                .map(|it| {
                    if right {
                        mailbox.answer(it)
                    } else {
                        "+OK forged\r\n".to_owned()
                    }
                })
                .collect();
            session.server(answers);
            if right {
                sent += &session.sent();
                assert_eq!(sent, "NOOP\r\n");
                session.server("+OK\r\n");
                let events = session.events();
                assert!(
                    matches!(events.as_slice(), [Event::Reply { id, result: Ok(_) }] if *id == noop.id())
                );
            } else {
                assert_eq!(session.sent(), "");
                assert!(matches!(
                    session.connection.error(),
                    Some(Error::Unconfirmed(_))
                ));
            }
        }
    }
    // If no question was sent before it was abandoned, none is sent later.
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    let ticket = confirm(&mut session);
    session.connection.abandon(ticket.id()..ticket.id().next());
    assert_eq!(session.sent(), "");
    assert_eq!(session.connection.outstanding(), 0);
    assert!(session.call(Noop, "+OK\r\n").is_ok());
}

#[test]
fn answers_to_abandoned_confirmation_do_not_count() {
    let mailbox = Mailbox::of(30);
    let mut session = listed(&mailbox, Pipelining::Always, 1);
    let first = confirm(&mut session);
    let batches = session.batches();
    session.connection.abandon(first.id()..first.id().next());
    let second = confirm(&mut session);
    let answers: String = batches
        .iter()
        .flat_map(|batch| batch.split_inclusive('\n'))
        .map(|question| mailbox.answer(question))
        .collect();
    session.server(answers);
    let (asked, result) = answered(&mut session, second, |asked| mailbox.answer(asked));
    assert_eq!(asked.len(), 16);
    assert_eq!(result.expect("confirmed").questions(), 16);
}

#[test]
fn abandoned_confirmation_does_not_change_later_errors() {
    let mailbox = Mailbox::of(3);
    let mut session = listed(&mailbox, Pipelining::Always, 1);
    let first = confirm(&mut session);
    session.batches();
    session.connection.abandon(first.id()..first.id().next());
    session.ask("noop");
    session.eof();
    let error = session.connection.error().expect("a fatal error");
    assert!(matches!(error, Error::Closed(_)), "{error:?}");
}

#[test]
fn total_timeout_covers_all_questions() {
    let mailbox = Mailbox::of(3);
    let mut config = Config::default();
    config.pipelining = Pipelining::Never;
    config.timeouts.total = Some(std::time::Duration::from_secs(100));
    let mut session = logged_in_with(config);
    session.connection.seed([1; 32]);
    session.call(List, mailbox.sizes()).expect("sizes");
    session.sent();
    confirm(&mut session);
    let mut waited = 0;
    while session.connection.error().is_none() {
        let question = session.sent();
        session.wait(30);
        waited += 30;
        assert!(
            waited <= 120,
            "the deadline must not restart with each question"
        );
        if session.connection.error().is_none() {
            session.server(mailbox.answer(&question));
        }
    }
}
