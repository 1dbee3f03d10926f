//! The results of a confirmation, depending on the answers to its questions.

use pop3_proto::{
    Error, List, Phase, Uidl,
    command::Noop,
    config::Pipelining,
    error::{Closed, ProtocolError, Unconfirmed},
};

use super::{Mailbox, answered, confirm, listed, outcome, reason, session, verbs};

#[test]
fn server_that_refuses_all_questions_cannot_confirm() {
    for pipelining in [Pipelining::Always, Pipelining::Never] {
        let mut session = listed(&Mailbox::of(5), pipelining, 2);
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |_| {
            "-ERR unknown command\r\n".to_owned()
        });
        // Dovecot closes the connection after about twenty refusals in a row.
        assert_eq!(asked.len(), 16);
        assert_eq!(verbs(&asked).len(), 2);
        assert!(matches!(reason(&result), Unconfirmed::Unsupported(Some(_))));
        let error = result.expect_err("not confirmed");
        assert!(!error.is_fatal());
        assert!(error.to_string().contains("unknown command"), "{error}");
        assert!(
            session.call(Noop, "+OK\r\n").is_ok(),
            "the session can be used"
        );
    }
}

#[test]
fn one_supported_kind_gets_all_sixteen_questions() {
    let mailbox = Mailbox::of(5);
    for pipelining in [Pipelining::Always, Pipelining::Never] {
        for unsupported in ["UIDL", "LIST"] {
            let refuse = |question: &str| "-ERR no\r\n".replace("no", question.trim_end());
            // Twisted's server omits the message number.
            let numberless = |question: &str| {
                let answer = mailbox.answer(question);
                let value = answer.rsplit(' ').next().expect("a value");
                format!("+OK {value}")
            };
            let answers: [&dyn Fn(&str) -> String; 2] = [&refuse, &numberless];
            for unsupported_answer in answers {
                let mut session = listed(&mailbox, pipelining, 2);
                let ticket = confirm(&mut session);
                let (asked, result) = answered(&mut session, ticket, |question| {
                    if question.starts_with(unsupported) {
                        unsupported_answer(question)
                    } else {
                        mailbox.answer(question)
                    }
                });
                assert_eq!(result.expect("confirmed").questions(), 16, "{asked:?}");
                assert_eq!(asked.len(), 32);
                assert!(
                    asked[16..]
                        .iter()
                        .all(|question| !question.starts_with(unsupported))
                );
            }
        }
    }
}

#[test]
fn answers_without_message_numbers_do_not_confirm() {
    let mailbox = Mailbox::of(3);
    let mut session = listed(&mailbox, Pipelining::Always, 6);
    let ticket = confirm(&mut session);
    let (_, result) = answered(&mut session, ticket, |question| {
        let answer = mailbox.answer(question);
        format!("+OK {}", answer.rsplit(' ').next().expect("a value"))
    });
    assert_eq!(*reason(&result), Unconfirmed::Unsupported(None));
}

#[test]
fn one_wrong_answer_is_fatal() {
    let mailbox = Mailbox::of(5);
    type Answer<'a> = &'a dyn Fn(&str) -> String;
    let wrong: [(&str, Answer<'_>); 8] = [
        ("a refusal", &|_| "-ERR no such message\r\n".to_owned()),
        ("no number", &|question| {
            let answer = mailbox.answer(question);
            format!("+OK {}", answer.rsplit(' ').next().expect("a value"))
        }),
        ("nothing", &|_| "+OK\r\n".to_owned()),
        ("a size and text", &|_| "+OK 120 octets\r\n".to_owned()),
        ("another value", &|question| {
            mailbox.answer(question).replace("\r\n", "0\r\n")
        }),
        ("another message", &|question| {
            let answer = mailbox.answer(question);
            answer.replacen("+OK ", "+OK 1", 1)
        }),
        ("a value cut short", &|question| {
            let mut answer = mailbox.answer(question);
            answer.truncate(answer.len() - 3);
            answer + "\r\n"
        }),
        ("no status", &|_| "Subject: x\r\n".to_owned()),
    ];
    for pipelining in [Pipelining::Always, Pipelining::Never] {
        for (what, wrong) in wrong {
            for at in [0, 1, 7, 15] {
                let mut session = listed(&mailbox, pipelining, 8);
                let ticket = confirm(&mut session);
                let mut nth = 0;
                let (asked, result) = answered(&mut session, ticket, |question| {
                    nth += 1;
                    if nth == at + 1 {
                        wrong(question)
                    } else {
                        mailbox.answer(question)
                    }
                });
                let reason = reason(&result);
                assert!(reason.is_fatal(), "{what} at {at}: {reason:?}");
                assert!(
                    reason
                        .to_string()
                        .contains("nothing received since the last confirmation"),
                    "{reason}"
                );
                assert!(
                    asked.len() <= 16,
                    "no question is sent after a wrong answer"
                );
                let error = result.expect_err("not confirmed");
                assert_eq!(session.connection.error(), Some(&error));
                session.assert_over();
            }
        }
    }
}

#[test]
fn octets_after_the_last_answer_are_fatal() {
    let mailbox = Mailbox::of(5);
    for surplus in ["+OK\r\n", "-ERR\r\n", "+", "rest of a message\r\n.\r\n"] {
        let mut session = listed(&mailbox, Pipelining::Always, 8);
        let ticket = confirm(&mut session);
        let batch = session.sent();
        let answers: String = batch
            .split_inclusive('\n')
            .map(|it| mailbox.answer(it))
            .collect();
        session.server(answers + surplus);
        session.eof();
        let result = outcome(&mut session, ticket);
        assert!(
            matches!(reason(&result), Unconfirmed::CutShort(_)),
            "{surplus:?}: {result:?}"
        );
    }
}

#[test]
fn connection_lost_during_confirmation_keeps_its_cause() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    let ticket = confirm(&mut session);
    session.sent();
    session.eof();
    let result = outcome(&mut session, ticket);
    let cause = reason(&result).cause().expect("a cause").clone();
    assert!(matches!(cause, Error::Closed(_)), "{cause:?}");
    let error = result.expect_err("not confirmed");
    assert_eq!(error.advice(), cause.advice());
    assert_eq!(error.retry(), cause.retry());
    assert_eq!(error.suspects_pipelining(), cause.suspects_pipelining());

    let mut session = listed(&mailbox, Pipelining::Always, 8);
    let ticket = confirm(&mut session);
    session.sent();
    session.wait(3600);
    let result = outcome(&mut session, ticket);
    assert!(matches!(reason(&result).cause(), Some(Error::Timeout(_))));
}

/// The server closes the connection right after the last answer: the confirmation is complete.
#[test]
fn eof_after_the_last_answer_still_confirms() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    let ticket = confirm(&mut session);
    let batch = session.sent();
    let answers: String = batch
        .split_inclusive('\n')
        .map(|it| mailbox.answer(it))
        .collect();
    session.arrive(answers.as_bytes());
    session.connection.handle_eof(session.now);
    assert!(outcome(&mut session, ticket).is_ok());
}

/// A NOOP would not detect the forgery: the forged `+OK` answers it, but not a question.
#[test]
fn forged_reply_passes_noop_but_not_confirm() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    session.ask("retr 1");
    // The server does not stuff dots, and the rest of the message arrives late.
    session.server("+OK\r\nSubject: x\r\n.\r\n");
    assert_eq!(
        session.reported(),
        [
            "retr 1: opened",
            "retr 1: body \"Subject: x\\r\\n\"",
            "retr 1: end"
        ]
    );
    let mut forged = session;
    assert!(
        forged.call(Noop, "+OK\r\n").is_ok(),
        "the sender wrote this reply"
    );

    let mut session = listed(&mailbox, Pipelining::Always, 8);
    session.ask("retr 1");
    session.server("+OK\r\nSubject: x\r\n.\r\n");
    session.reported();
    session.sent();
    let ticket = confirm(&mut session);
    session.sent();
    session.server("+OK\r\n");
    let result = outcome(&mut session, ticket);
    assert!(matches!(reason(&result), Unconfirmed::WrongAnswer { .. }));
    session.assert_over();
}

#[test]
fn unsolicited_err_during_confirmation_is_the_cause() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Never, 8);
    let ticket = confirm(&mut session);
    let question = session.sent();
    session.server(mailbox.answer(&question) + "-ERR shutting down\r\n");
    let result = outcome(&mut session, ticket);
    match reason(&result).cause() {
        Some(Error::Closed(closed)) => assert!(matches!(**closed, Closed::UnsolicitedErr(_))),
        Some(Error::Protocol(reason)) => {
            assert!(matches!(**reason, ProtocolError::Unsolicited { .. }))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn interrupted_confirmation_has_the_retry_of_its_cause() {
    for (code, seconds) in [
        ("[AUTH] ", 3600),
        ("[SYS/PERM] ", 3600),
        ("[SYS/TEMP] ", 300),
        ("", 10),
    ] {
        // The error of an unsolicited -ERR outside a confirmation.
        let mut session = session(Pipelining::Never, 8);
        session.server(format!("-ERR {code}no\r\n"));
        let cause = session.connection.error().expect("a fatal error").clone();
        let (retry, advice) = (cause.retry(), cause.advice());
        let error = Error::from(Unconfirmed::CutShort(cause));
        assert_eq!(
            retry.earliest().map(|it| it.as_secs()),
            Some(seconds),
            "{code}"
        );
        assert_eq!((error.retry(), error.advice()), (retry, advice), "{code}");
    }
}

/// A message whose sender also wrote the reply to the next `RETR`, on a server that does not stuff
/// dots.
const FORGED: &str = "+OK\r\nS: evil\r\n\r\nx\r\n.\r\n+OK\r\nFrom: bank\r\n\r\npay";

#[test]
fn message_containing_a_reply_is_not_confirmed() {
    let mailbox = Mailbox::of(3);
    for end in ["\n", "", "\r", "t"] {
        let mut session = listed(&mailbox, Pipelining::Always, 1);
        for line in ["retr 1", "retr 2"] {
            session.ask(line);
        }
        session.sent();
        let real = "+OK\r\nFrom: friend\r\n\r\nhello\r\n.\r\n";
        session.trickle = true;
        session.server(format!("{FORGED}{end}.\r\n{real}"));
        session.trickle = false;
        assert!(session.connection.error().is_none(), "synchronized again");
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |asked| mailbox.answer(asked));
        assert_eq!(asked, Vec::<String>::new());
        let Unconfirmed::ReplyInMessage { number } = reason(&result) else {
            panic!("{result:?}");
        };
        assert_eq!(number.get(), 2);
        assert_eq!(session.connection.phase(), Phase::Closed);
    }
}

#[test]
fn message_quoting_pop3_with_listed_size_is_confirmed() {
    let text = "S: log\r\n\r\nC: RETR 1.\r\n+OK here it is.\r\n-ERR no\r\n";
    let mut mailbox = Mailbox::of(2);
    mailbox.0[0].0 = text.len() as u64;
    for (size, good) in [(text.len(), true), (text.len() - 1, false)] {
        mailbox.0[0].0 = size as u64;
        let mut session = listed(&mailbox, Pipelining::Always, 1);
        session.exchange("retr 1", format!("+OK\r\n{text}.\r\n"));
        session.sent();
        let ticket = confirm(&mut session);
        let (_, result) = answered(&mut session, ticket, |asked| mailbox.answer(asked));
        assert_eq!(result.is_ok(), good, "{result:?}");
    }
}

#[test]
fn listing_after_an_unconfirmed_message_is_not_used() {
    for op in ["retr 1", "top 1 0"] {
        let mailbox = Mailbox::of(3);
        let mut session = session(Pipelining::Always, 1);
        session.exchange(op, "+OK\r\nS: evil\r\n\r\nx\r\n.\r\n");
        session.call(Uidl, "+OK\r\n1 X\r\n.\r\n").expect("forged");
        session.sent();
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |_| "+OK 1 X\r\n".to_owned());
        assert!(asked.is_empty());
        assert!(
            matches!(reason(&result), Unconfirmed::NoListing),
            "{result:?}"
        );

        // The earlier listing is kept for comparison, and is replaced once the messages are
        // confirmed.
        let mut session = listed(&mailbox, Pipelining::Always, 1);
        session.exchange(op, "+OK\r\nS: x\r\n\r\nx\r\n.\r\n");
        session.call(Uidl, "+OK\r\n1 X\r\n.\r\n").expect("forged");
        session.sent();
        let ticket = confirm(&mut session);
        let (_, result) = answered(&mut session, ticket, |asked| mailbox.answer(asked));
        result.expect("confirmed");
        session
            .call(Uidl, "+OK\r\n1 X\r\n.\r\n")
            .expect("a new listing");
        session.call(List, "+OK\r\n.\r\n").expect("a new listing");
        session.sent();
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |_| "+OK 1 X\r\n".to_owned());
        result.expect("confirmed");
        assert!(
            asked.iter().all(|question| question == "UIDL 1"),
            "{asked:?}"
        );
    }
}

#[test]
fn refused_confirmation_keeps_the_response_code() {
    let mailbox = Mailbox::of(2);
    let mut session = listed(&mailbox, Pipelining::Always, 1);
    let ticket = confirm(&mut session);
    let refused = "-ERR [SYS/TEMP] maildrop busy\r\n".to_owned();
    let (_, result) = answered(&mut session, ticket, |_| refused.clone());
    let error = result.expect_err("nothing is confirmed");
    assert_eq!(
        error.code(),
        Some(&pop3_proto::reply::ResponseCode::SysTemp)
    );
    assert_eq!(error.retry().earliest().map(|it| it.as_secs()), Some(300));
}
