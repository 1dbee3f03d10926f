//! Which questions a confirmation asks, and how many of them together.

use std::collections::BTreeMap;

use pop3_proto::{
    Channel, Config, Confirm, Connection, Dele, Instant, List, Phase, Uidl,
    command::{Noop, Rset, Verb},
    config::Pipelining,
    error::{Misuse, Unconfirmed},
};
use pop3_testkit::conversation::{Conversation, logged_in_with};

use super::{Mailbox, answered, confirm, listed, outcome, reason, session, verbs};

#[test]
fn sixteen_questions_are_pipelined_in_one_batch() {
    let mailbox = Mailbox::of(20);
    let mut session = listed(&mailbox, Pipelining::Always, 1);
    let ticket = confirm(&mut session);
    let batches = session.batches();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].lines().count(), Confirm::QUESTIONS);
    assert_eq!(
        session.connection.outstanding(),
        1,
        "a confirmation is one request"
    );
    let answers: String = batches[0]
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
fn questions_are_sent_singly_without_pipelining() {
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
    assert_eq!(session.batches().len(), 1, "one question is in flight");
    session.server("+OK 1 wrong\r\n");
    assert_eq!(
        session.batches(),
        [""; 0],
        "nothing is sent after a wrong answer"
    );
    assert!(reason(&outcome(&mut session, ticket)).is_fatal());
}

#[test]
fn questions_are_distributed_evenly() {
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
    assert_eq!(batches.len(), 200, "each session asks different questions");
    // 200 batches of 16 questions out of 20: 160 each, with a standard deviation of 12.3.
    assert_eq!(counts.len(), 20, "{counts:?}");
    assert!(
        counts.values().all(|count| (100..220).contains(count)),
        "{counts:?}"
    );
}

#[test]
fn two_confirmations_ask_different_questions() {
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
fn question_kinds_for_one_message_are_random() {
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
fn long_unique_ids_get_no_more_questions() {
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
    assert_eq!(*reason(&result), Unconfirmed::NothingToAsk);
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
fn message_with_refused_dele_is_still_asked_about() {
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
fn single_remaining_message_gets_all_questions() {
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

/// After a DELE, `WildDuck` renumbers the messages in listings but not elsewhere.
#[test]
fn listing_taken_after_dele_is_not_used() {
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
fn confirmation_needs_a_listing() {
    let mut session = session(Pipelining::Always, 1);
    let ticket = confirm(&mut session);
    let result = outcome(&mut session, ticket);
    assert_eq!(*reason(&result), Unconfirmed::NoListing);
    assert_eq!(session.sent(), "");
    // The first listing is taken after a DELE.
    session
        .call(Dele(1.try_into().expect("a number")), "+OK\r\n")
        .expect("marked");
    session
        .call(Uidl, "+OK\r\n1 a\r\n.\r\n")
        .expect("unique-ids");
    session.sent();
    let ticket = confirm(&mut session);
    let result = outcome(&mut session, ticket);
    assert_eq!(*reason(&result), Unconfirmed::NoListing);
    assert_eq!(session.sent(), "");
    assert!(session.call(Noop, "+OK\r\n").is_ok());
}

#[test]
fn confirmation_needs_values_in_the_listing() {
    for listing in ["+OK\r\n.\r\n", "+OK\r\n1\r\n2\r\n.\r\n"] {
        let mut session = session(Pipelining::Always, 1);
        session.call(List, listing).expect("sizes");
        session.sent();
        let ticket = confirm(&mut session);
        let result = outcome(&mut session, ticket);
        assert_eq!(*reason(&result), Unconfirmed::NothingToAsk);
        assert_eq!(session.sent(), "");
    }
}

#[test]
fn confirm_before_login_or_without_seed_is_misuse() {
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
    let seeded = Confirm::new().with_random([1; 32]);
    let ticket = session
        .connection
        .submit(seeded)
        .expect("a live connection");
    let (_, result) = answered(&mut session, ticket, |question| {
        Mailbox::of(1).answer(question)
    });
    assert!(result.is_ok());
}

#[test]
fn question_count_is_clamped_to_2_through_16() {
    let mailbox = Mailbox::of(5);
    for (wanted, asked) in [(0, 2), (1, 2), (2, 2), (5, 5), (16, 16), (usize::MAX, 16)] {
        let mut session = listed(&mailbox, Pipelining::Always, 8);
        let command = Confirm::new().with_questions(wanted);
        let ticket = session
            .connection
            .submit(command)
            .expect("a live connection");
        let (questions, result) = answered(&mut session, ticket, |it| mailbox.answer(it));
        assert_eq!(questions.len(), asked);
        assert_eq!(result.expect("confirmed").questions(), asked);
        assert_eq!(verbs(&questions).len(), 2);
    }
}

#[test]
fn debug_output_hides_the_random_seed() {
    let confirm = Confirm::new().with_random([0xab; 32]);
    assert_eq!(format!("{confirm:?}"), "Confirm { questions: 16 }");
    let mut connection =
        Connection::new(Config::default(), Channel::TrustedByCaller, Instant::ORIGIN);
    connection.submit(confirm).expect("a live connection");
    assert!(!format!("{connection:?}").contains("171"));
}
