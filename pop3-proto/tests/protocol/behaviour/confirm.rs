//! Confirming what was received: which questions are asked, and what the answers come to.

use std::collections::BTreeMap;

use pop3_proto::{
    Channel, Config, Confirm, Connection, Dele, Error, Event, Instant, List, Phase, Quit,
    RequestId, Ticket, Uidl,
    command::{Noop, Rset, Verb},
    config::Pipelining,
    error::{Closed, Misuse, ProtocolError, Unconfirmed},
    reply::{Confirmed, Reply},
};

use pop3_testkit::conversation::{Conversation, logged_in_with};

/// A mailbox on a server that answers questions: sizes and unique-ids by number.
struct Mailbox(Vec<(u64, String)>);

impl Mailbox {
    fn of(messages: usize) -> Self {
        let message = |n| (100 + 7 * n as u64, format!("id-{n:04}"));
        Self((1..=messages).map(message).collect())
    }

    fn sizes(&self) -> String {
        let lines = (1..).zip(&self.0);
        let lines: String = lines
            .map(|(n, (size, _))| format!("{n} {size}\r\n"))
            .collect();
        format!("+OK\r\n{lines}.\r\n")
    }

    fn unique_ids(&self) -> String {
        let lines = (1..).zip(&self.0);
        let lines: String = lines.map(|(n, (_, id))| format!("{n} {id}\r\n")).collect();
        format!("+OK\r\n{lines}.\r\n")
    }

    /// The right answer to `UIDL n` or `LIST n`.
    fn answer(&self, question: &str) -> String {
        let (verb, number) = question.trim_end().split_once(' ').expect("a question");
        let number: usize = number.parse().expect("a number");
        let (size, id) = self.0.get(number - 1).expect("a listed message");
        match verb {
            "UIDL" => format!("+OK {number} {id}\r\n"),
            "LIST" => format!("+OK {number} {size}\r\n"),
            other => panic!("{other} is no question"),
        }
    }
}

fn session(pipelining: Pipelining, seed: u8) -> Conversation {
    let mut config = Config::default();
    config.pipelining = pipelining;
    let mut session = logged_in_with(config);
    session.connection.seed([seed; 32]);
    session
}

/// A session in which both listings were taken.
fn listed(mailbox: &Mailbox, pipelining: Pipelining, seed: u8) -> Conversation {
    let mut session = session(pipelining, seed);
    session.call(List, mailbox.sizes()).expect("sizes");
    session
        .call(Uidl, mailbox.unique_ids())
        .expect("unique-ids");
    session.sent();
    session
}

fn confirm(session: &mut Conversation) -> Ticket<Confirm> {
    session.connection.submit(Confirm::new()).expect("it lives")
}

/// Answers questions until none is asked any more, and gives them all and what came of it.
fn answered(
    session: &mut Conversation,
    ticket: Ticket<Confirm>,
    mut answer: impl FnMut(&str) -> String,
) -> (Vec<String>, Result<Confirmed, Error>) {
    let mut asked = Vec::new();
    loop {
        let flights = session.flights();
        let questions: Vec<&str> = flights
            .iter()
            .flat_map(|flight| flight.split_inclusive('\n'))
            .collect();
        if questions.is_empty() {
            return (asked, outcome(session, ticket));
        }
        let answers: String = questions.iter().map(|question| answer(question)).collect();
        asked.extend(
            questions
                .iter()
                .map(|question| question.trim_end().to_owned()),
        );
        session.server(answers);
    }
}

/// The one result that a confirmation has.
fn outcome(session: &mut Conversation, ticket: Ticket<Confirm>) -> Result<Confirmed, Error> {
    let mut results: Vec<Result<Reply, Error>> = Vec::new();
    for event in session.events() {
        if let Event::Reply { id, result } = event
            && id == ticket.id()
        {
            results.push(result);
        }
    }
    assert_eq!(results.len(), 1, "one result for one request");
    ticket.read(results.remove(0)?)
}

fn why(result: &Result<Confirmed, Error>) -> &Unconfirmed {
    match result {
        Err(Error::Unconfirmed(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn verbs(asked: &[String]) -> BTreeMap<&str, usize> {
    let mut verbs = BTreeMap::new();
    for question in asked {
        *verbs.entry(&question[..4]).or_default() += 1;
    }
    verbs
}

#[test]
fn sixteen_questions_leave_in_one_batch_where_pipelining_is_allowed() {
    let mailbox = Mailbox::of(20);
    let mut session = listed(&mailbox, Pipelining::Always, 1);
    let ticket = confirm(&mut session);
    let flights = session.flights();
    assert_eq!(flights.len(), 1);
    assert_eq!(flights[0].lines().count(), Confirm::QUESTIONS);
    assert_eq!(session.connection.outstanding(), 1, "it is one request");
    let answers: String = flights[0]
        .split_inclusive('\n')
        .map(|it| mailbox.answer(it))
        .collect();
    session.server(answers);
    let confirmed = outcome(&mut session, ticket).expect("confirmed");
    assert_eq!(confirmed.questions(), 16);
    assert_eq!(session.connection.outstanding(), 0);
    assert!(session.call(Noop, "+OK\r\n").is_ok());
}

#[test]
fn questions_go_one_at_a_time_without_pipelining() {
    let mailbox = Mailbox::of(20);
    let mut session = listed(&mailbox, Pipelining::Never, 1);
    let ticket = confirm(&mut session);
    let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
    assert_eq!(
        (asked.len(), result.expect("confirmed").questions()),
        (16, 16)
    );
    let mut session = listed(&mailbox, Pipelining::Never, 1);
    let ticket = confirm(&mut session);
    assert_eq!(session.flights().len(), 1, "one is in flight");
    session.server("+OK 1 wrong\r\n");
    assert_eq!(
        session.flights(),
        [""; 0],
        "nothing is sent after a wrong answer"
    );
    assert!(why(&outcome(&mut session, ticket)).is_fatal());
}

#[test]
fn each_message_and_each_kind_is_asked_about_equally_often() {
    let mailbox = Mailbox::of(10);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut batches = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut session = listed(&mailbox, Pipelining::Always, seed);
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
        assert!(result.is_ok());
        assert_eq!(verbs(&asked).len(), 2, "both kinds: {asked:?}");
        for question in &asked {
            *counts.entry(question.clone()).or_default() += 1;
        }
        batches.insert(asked);
    }
    assert_eq!(batches.len(), 200, "no two sessions ask the same");
    // 200 batches of 16 for 20 different questions: 160 each, with a deviation of 12.3.
    assert_eq!(counts.len(), 20, "{counts:?}");
    assert!(
        counts.values().all(|count| (100..220).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn two_confirmations_of_a_session_ask_different_questions() {
    let mailbox = Mailbox::of(50);
    let mut session = listed(&mailbox, Pipelining::Always, 9);
    let mut batches = Vec::new();
    for _ in 0..2 {
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
        assert!(result.is_ok());
        batches.push(asked);
    }
    assert_ne!(batches[0], batches[1]);
}

#[test]
fn one_message_gives_unpredictable_kinds() {
    let mailbox = Mailbox::of(1);
    let mut batches = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let mut session = listed(&mailbox, Pipelining::Always, seed);
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
        assert!(result.is_ok());
        batches.insert(asked);
    }
    assert_eq!(batches.len(), 50);
}

#[test]
fn long_lines_are_asked_about_no_more_than_short_ones() {
    let long = "x".repeat(70);
    let mut session = session(Pipelining::Always, 0);
    session
        .call(Uidl, format!("+OK\r\n1 {long}\r\n2 y\r\n.\r\n"))
        .expect("unique-ids");
    session.sent();
    let mut second = 0;
    for _ in 0..60 {
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |question| match question {
            "UIDL 1\r\n" => format!("+OK 1 {long}\r\n"),
            _ => "+OK 2 y\r\n".to_owned(),
        });
        assert!(result.is_ok());
        second += asked
            .iter()
            .filter(|question| *question == "UIDL 2")
            .count();
    }
    assert!((380..580).contains(&second), "{second} of 960");
}

#[test]
fn messages_marked_as_deleted_are_not_asked_about() {
    let mailbox = Mailbox::of(4);
    let mut session = listed(&mailbox, Pipelining::Always, 3);
    for number in [1, 2, 4] {
        session
            .call(Dele(number.try_into().expect("a number")), "+OK\r\n")
            .expect("marked");
    }
    session.sent();
    let ticket = confirm(&mut session);
    let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
    assert!(result.is_ok());
    assert!(
        asked.iter().all(|question| question.ends_with(" 3")),
        "{asked:?}"
    );

    session
        .call(Dele(3.try_into().expect("a number")), "+OK\r\n")
        .expect("marked");
    session.sent();
    let ticket = confirm(&mut session);
    let result = outcome(&mut session, ticket);
    assert_eq!(*why(&result), Unconfirmed::NothingToAsk);
    assert!(!result.expect_err("nothing to ask").is_fatal());
    assert_eq!(session.sent(), "");

    session.call(Rset, "+OK\r\n").expect("unmarked");
    session.sent();
    let ticket = confirm(&mut session);
    let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
    assert!(result.is_ok());
    assert!(
        asked.iter().any(|question| question.ends_with(" 1")),
        "{asked:?}"
    );
}

#[test]
fn a_refused_dele_leaves_its_message_among_the_questions() {
    let mailbox = Mailbox::of(1);
    let mut session = listed(&mailbox, Pipelining::Always, 3);
    session
        .call(Dele(1.try_into().expect("a number")), "-ERR locked\r\n")
        .expect_err("refused");
    session.sent();
    let ticket = confirm(&mut session);
    let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
    assert_eq!((asked.len(), result.is_ok()), (16, true));
}

#[test]
fn the_one_message_left_of_a_thousand_is_found() {
    let mailbox = Mailbox::of(1000);
    let mut session = listed(&mailbox, Pipelining::Always, 4);
    for number in (1..=1000).filter(|number| *number != 777) {
        session
            .call(Dele(number.try_into().expect("a number")), "+OK\r\n")
            .expect("marked");
    }
    session.sent();
    let ticket = confirm(&mut session);
    let (asked, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
    assert!(result.is_ok());
    assert!(
        asked.iter().all(|question| question.ends_with(" 777")),
        "{asked:?}"
    );
}

/// `WildDuck` numbers the messages anew in listings after a DELE, and keeps the numbers elsewhere.
#[test]
fn a_listing_taken_after_a_dele_is_not_compared_with() {
    let mailbox = Mailbox::of(9);
    let mut session = listed(&mailbox, Pipelining::Always, 5);
    session
        .call(Dele(1.try_into().expect("a number")), "+OK\r\n")
        .expect("marked");
    let renumbered = Mailbox(mailbox.0[1..].to_vec());
    session.call(List, renumbered.sizes()).expect("sizes");
    session
        .call(Uidl, renumbered.unique_ids())
        .expect("unique-ids");
    session.sent();
    let ticket = confirm(&mut session);
    let (_, result) = answered(&mut session, ticket, |question| mailbox.answer(question));
    assert_eq!(result.expect("confirmed").questions(), 16);
}

#[test]
fn without_a_listing_nothing_is_asked() {
    let mut session = session(Pipelining::Always, 1);
    let ticket = confirm(&mut session);
    let result = outcome(&mut session, ticket);
    assert_eq!(*why(&result), Unconfirmed::NoListing);
    assert_eq!(session.sent(), "");
    // The first listing comes after a DELE.
    session
        .call(Dele(1.try_into().expect("a number")), "+OK\r\n")
        .expect("marked");
    session
        .call(Uidl, "+OK\r\n1 a\r\n.\r\n")
        .expect("unique-ids");
    session.sent();
    let ticket = confirm(&mut session);
    let result = outcome(&mut session, ticket);
    assert_eq!(*why(&result), Unconfirmed::NoListing);
    assert_eq!(session.sent(), "");
    assert!(session.call(Noop, "+OK\r\n").is_ok());
}

#[test]
fn an_empty_mailbox_and_values_left_out_give_nothing_to_ask() {
    for listing in ["+OK\r\n.\r\n", "+OK\r\n1\r\n2\r\n.\r\n"] {
        let mut session = session(Pipelining::Always, 1);
        session.call(List, listing).expect("sizes");
        session.sent();
        let ticket = confirm(&mut session);
        let result = outcome(&mut session, ticket);
        assert_eq!(*why(&result), Unconfirmed::NothingToAsk);
        assert_eq!(session.sent(), "");
    }
}

#[test]
fn before_the_login_and_without_randomness_it_is_misuse() {
    let mut session = Conversation::new(Config::default(), Channel::TrustedByCaller);
    session.server("+OK ready\r\n");
    let ticket = confirm(&mut session);
    let result = outcome(&mut session, ticket);
    let phase = Misuse::Phase {
        verb: Verb::Uidl,
        phase: Phase::Authorization,
    };
    assert_eq!(result, Err(phase.into()));

    let mut session = logged_in_with(Config::default());
    session.call(List, Mailbox::of(1).sizes()).expect("sizes");
    session.sent();
    let ticket = confirm(&mut session);
    assert_eq!(outcome(&mut session, ticket), Err(Misuse::NoSeed.into()));
    assert_eq!(session.sent(), "");
    let own = Confirm::new().with_random([1; 32]);
    let ticket = session.connection.submit(own).expect("it lives");
    let (_, result) = answered(&mut session, ticket, |question| {
        Mailbox::of(1).answer(question)
    });
    assert!(result.is_ok());
}

#[test]
fn a_server_that_refuses_all_questions_cannot_confirm() {
    for pipelining in [Pipelining::Always, Pipelining::Never] {
        let mut session = listed(&Mailbox::of(5), pipelining, 2);
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |_| {
            "-ERR unknown command\r\n".to_owned()
        });
        // Dovecot closes the connection after some twenty refusals in a row.
        assert_eq!(asked.len(), 16);
        assert_eq!(verbs(&asked).len(), 2);
        assert!(matches!(why(&result), Unconfirmed::Unsupported(Some(_))));
        let error = result.expect_err("not confirmed");
        assert!(!error.is_fatal());
        assert!(error.to_string().contains("unknown command"), "{error}");
        assert!(
            session.call(Noop, "+OK\r\n").is_ok(),
            "the session lives on"
        );
    }
}

#[test]
fn a_server_that_supports_one_kind_is_asked_sixteen_of_that() {
    let mailbox = Mailbox::of(5);
    for pipelining in [Pipelining::Always, Pipelining::Never] {
        for unsupported in ["UIDL", "LIST"] {
            let refuse = |question: &str| "-ERR no\r\n".replace("no", question.trim_end());
            // Twisted leaves the number out.
            let numberless = |question: &str| {
                let answer = mailbox.answer(question);
                let value = answer.rsplit(' ').next().expect("a value");
                format!("+OK {value}")
            };
            let ways: [&dyn Fn(&str) -> String; 2] = [&refuse, &numberless];
            for way in ways {
                let mut session = listed(&mailbox, pipelining, 2);
                let ticket = confirm(&mut session);
                let (asked, result) = answered(&mut session, ticket, |question| {
                    if question.starts_with(unsupported) {
                        way(question)
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
fn answers_without_numbers_confirm_nothing() {
    let mailbox = Mailbox::of(3);
    let mut session = listed(&mailbox, Pipelining::Always, 6);
    let ticket = confirm(&mut session);
    let (_, result) = answered(&mut session, ticket, |question| {
        let answer = mailbox.answer(question);
        format!("+OK {}", answer.rsplit(' ').next().expect("a value"))
    });
    assert_eq!(*why(&result), Unconfirmed::Unsupported(None));
}

#[test]
fn one_answer_that_is_not_like_the_others_is_fatal() {
    let mailbox = Mailbox::of(5);
    type Answer<'a> = &'a dyn Fn(&str) -> String;
    let wrong: [(&str, Answer<'_>); 8] = [
        ("a refusal", &|_| "-ERR no such message\r\n".to_owned()),
        ("no number", &|question| {
            let answer = mailbox.answer(question);
            format!("+OK {}", answer.rsplit(' ').next().expect("a value"))
        }),
        ("nothing", &|_| "+OK\r\n".to_owned()),
        ("a size and words", &|_| "+OK 120 octets\r\n".to_owned()),
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
                let why = why(&result);
                assert!(why.is_fatal(), "{what} at {at}: {why:?}");
                assert!(
                    why.to_string()
                        .contains("nothing received since the last confirmation"),
                    "{why}"
                );
                assert!(asked.len() <= 16, "nothing is asked after it");
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
        let flight = session.sent();
        let answers: String = flight
            .split_inclusive('\n')
            .map(|it| mailbox.answer(it))
            .collect();
        session.server(answers + surplus);
        session.eof();
        let result = outcome(&mut session, ticket);
        assert!(
            matches!(why(&result), Unconfirmed::CutShort(_)),
            "{surplus:?}: {result:?}"
        );
    }
}

#[test]
fn a_connection_that_ends_among_the_questions_says_what_that_means() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    let ticket = confirm(&mut session);
    session.sent();
    session.eof();
    let result = outcome(&mut session, ticket);
    let cause = why(&result).cause().expect("a cause").clone();
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
    assert!(matches!(why(&result).cause(), Some(Error::Timeout(_))));
}

/// A server that closes right after the last answer has answered.
#[test]
fn an_end_of_file_after_the_last_answer_does_not_undo_it() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    let ticket = confirm(&mut session);
    let flight = session.sent();
    let answers: String = flight
        .split_inclusive('\n')
        .map(|it| mailbox.answer(it))
        .collect();
    session.arrive(answers.as_bytes());
    session.connection.handle_eof(session.now);
    assert!(outcome(&mut session, ticket).is_ok());
}

#[test]
fn questions_wait_for_what_was_submitted_before_and_nothing_overtakes_them() {
    let mailbox = Mailbox::of(5);
    let mut session = session(Pipelining::Always, 1);
    let list = session.connection.submit(List).expect("it lives");
    let ticket = confirm(&mut session);
    let quit = session.connection.submit(Quit).expect("it lives");
    assert_eq!(session.sent(), "LIST\r\n");
    session.server(mailbox.sizes());
    let flight = session.sent();
    assert_eq!(flight.lines().count(), 16, "{flight}");
    let answers: String = flight
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
fn an_abandoned_confirmation_sends_no_more_and_still_checks_what_comes() {
    let mailbox = Mailbox::of(5);
    for right in [true, false] {
        for pipelining in [Pipelining::Always, Pipelining::Never] {
            let mut session = listed(&mailbox, pipelining, 8);
            let ticket = confirm(&mut session);
            let flight = session.sent();
            session.connection.abandon(ticket.id()..ticket.id().next());
            let noop = session.connection.submit(Noop).expect("it lives");
            let mut sent = session.sent();
            let answers: String = flight
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
    // Before anything has left, nothing does.
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    let ticket = confirm(&mut session);
    session.connection.abandon(ticket.id()..ticket.id().next());
    assert_eq!(session.sent(), "");
    assert_eq!(session.connection.outstanding(), 0);
    assert!(session.call(Noop, "+OK\r\n").is_ok());
}

#[test]
fn the_number_of_questions_is_between_two_and_sixteen() {
    let mailbox = Mailbox::of(5);
    for (wanted, asked) in [(0, 2), (1, 2), (2, 2), (5, 5), (16, 16), (usize::MAX, 16)] {
        let mut session = listed(&mailbox, Pipelining::Always, 8);
        let command = Confirm::new().with_questions(wanted);
        let ticket = session.connection.submit(command).expect("it lives");
        let (questions, result) = answered(&mut session, ticket, |it| mailbox.answer(it));
        assert_eq!(questions.len(), asked);
        assert_eq!(result.expect("confirmed").questions(), asked);
        assert_eq!(verbs(&questions).len(), 2);
    }
}

#[test]
fn neither_the_randomness_nor_the_questions_to_come_are_printed() {
    let confirm = Confirm::new().with_random([0xab; 32]);
    assert_eq!(format!("{confirm:?}"), "Confirm { questions: 16 }");
    let mut connection =
        Connection::new(Config::default(), Channel::TrustedByCaller, Instant::ORIGIN);
    connection.submit(confirm).expect("it lives");
    assert!(!format!("{connection:?}").contains("171"));
}

/// What a NOOP would not notice: the sender's `+OK` answers it, the question not.
#[test]
fn a_forged_reply_passes_for_that_to_noop_and_not_for_an_answer() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Always, 8);
    session.ask("retr 1");
    // The server stuffs no dots, and the rest of the message comes late.
    session.server("+OK\r\nSubject: x\r\n.\r\n");
    assert_eq!(
        session.told(),
        [
            "retr 1: opened",
            "retr 1: body \"Subject: x\\r\\n\"",
            "retr 1: end"
        ]
    );
    let mut forged = session;
    assert!(
        forged.call(Noop, "+OK\r\n").is_ok(),
        "which was written by the sender"
    );

    let mut session = listed(&mailbox, Pipelining::Always, 8);
    session.ask("retr 1");
    session.server("+OK\r\nSubject: x\r\n.\r\n");
    session.told();
    session.sent();
    let ticket = confirm(&mut session);
    session.sent();
    session.server("+OK\r\n");
    let result = outcome(&mut session, ticket);
    assert!(matches!(why(&result), Unconfirmed::WrongAnswer { .. }));
    session.assert_over();
}

#[test]
fn a_parting_word_instead_of_answers_is_the_cause() {
    let mailbox = Mailbox::of(5);
    let mut session = listed(&mailbox, Pipelining::Never, 8);
    let ticket = confirm(&mut session);
    let question = session.sent();
    session.server(mailbox.answer(&question) + "-ERR shutting down\r\n");
    let result = outcome(&mut session, ticket);
    match why(&result).cause() {
        Some(Error::Closed(closed)) => assert!(matches!(**closed, Closed::UnsolicitedErr(_))),
        Some(Error::Protocol(why)) => assert!(matches!(**why, ProtocolError::Unsolicited { .. })),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_confirmation_cut_short_is_retried_as_its_cause() {
    for (code, seconds) in [
        ("[AUTH] ", 3600),
        ("[SYS/PERM] ", 3600),
        ("[SYS/TEMP] ", 300),
        ("", 10),
    ] {
        // What an unsolicited -ERR is without a confirmation.
        let mut session = session(Pipelining::Never, 8);
        session.server(format!("-ERR {code}no\r\n"));
        let cause = session.connection.error().expect("the end").clone();
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

/// A message of a sender who also wrote the reply to the next `RETR`, on a server that does not stuff dots.
const FORGED: &str = "+OK\r\nS: evil\r\n\r\nx\r\n.\r\n+OK\r\nFrom: bank\r\n\r\npay";

#[test]
fn a_message_that_took_in_a_reply_is_not_confirmed() {
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
        let Unconfirmed::ReplyInMessage { number } = why(&result) else {
            panic!("{result:?}");
        };
        assert_eq!(number.get(), 2);
        assert_eq!(session.connection.phase(), Phase::Closed);
    }
}

#[test]
fn a_message_about_pop3_that_has_its_listed_size_is_confirmed() {
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
fn a_listing_that_follows_an_unconfirmed_message_is_not_compared_with() {
    for op in ["retr 1", "top 1 0"] {
        let mailbox = Mailbox::of(3);
        let mut session = session(Pipelining::Always, 1);
        session.exchange(op, "+OK\r\nS: evil\r\n\r\nx\r\n.\r\n");
        session.call(Uidl, "+OK\r\n1 X\r\n.\r\n").expect("forged");
        session.sent();
        let ticket = confirm(&mut session);
        let (asked, result) = answered(&mut session, ticket, |_| "+OK 1 X\r\n".to_owned());
        assert!(asked.is_empty());
        assert!(matches!(why(&result), Unconfirmed::NoListing), "{result:?}");

        // What was listed before stays what is compared with, and is taken anew once it is confirmed.
        let mut session = listed(&mailbox, Pipelining::Always, 1);
        session.exchange(op, "+OK\r\nS: x\r\n\r\nx\r\n.\r\n");
        session.call(Uidl, "+OK\r\n1 X\r\n.\r\n").expect("forged");
        session.sent();
        let ticket = confirm(&mut session);
        let (_, result) = answered(&mut session, ticket, |asked| mailbox.answer(asked));
        result.expect("confirmed");
        session.call(Uidl, "+OK\r\n1 X\r\n.\r\n").expect("anew");
        session.call(List, "+OK\r\n.\r\n").expect("anew");
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
fn answers_to_an_abandoned_confirmation_do_not_count_for_the_next() {
    let mailbox = Mailbox::of(30);
    let mut session = listed(&mailbox, Pipelining::Always, 1);
    let first = confirm(&mut session);
    let flights = session.flights();
    session.connection.abandon(first.id()..first.id().next());
    let second = confirm(&mut session);
    let answers: String = flights
        .iter()
        .flat_map(|flight| flight.split_inclusive('\n'))
        .map(|question| mailbox.answer(question))
        .collect();
    session.server(answers);
    let (asked, result) = answered(&mut session, second, |asked| mailbox.answer(asked));
    assert_eq!(asked.len(), 16);
    assert_eq!(result.expect("confirmed").questions(), 16);
}

#[test]
fn an_abandoned_confirmation_does_not_explain_the_error_of_another_request() {
    let mailbox = Mailbox::of(3);
    let mut session = listed(&mailbox, Pipelining::Always, 1);
    let first = confirm(&mut session);
    session.flights();
    session.connection.abandon(first.id()..first.id().next());
    session.ask("noop");
    session.eof();
    let error = session.connection.error().expect("the end");
    assert!(matches!(error, Error::Closed(_)), "{error:?}");
}

#[test]
fn a_refusal_of_all_questions_has_its_code() {
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

#[test]
fn all_questions_are_one_operation_for_the_total_timeout() {
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
        assert!(waited <= 120, "the deadline begins anew with each question");
        if session.connection.error().is_none() {
            session.server(mailbox.answer(&question));
        }
    }
}
