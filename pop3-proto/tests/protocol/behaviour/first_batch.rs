//! Whether an error suspects pipelining: only if the session ended in its first pipelined batch.

use pop3_proto::{
    Config, Error, Retr,
    config::Pipelining,
    error::{LimitError, Limited, Unconfirmed},
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining};

type EndOf = fn(&mut Conversation);

/// The ways in which a server or the network can end a session.
const ENDS: [(&str, EndOf); 4] = [
    ("close", Conversation::eof),
    ("reset", Conversation::reset),
    ("timeout", |session| session.wait(180)),
    ("half a line, then close", |session| {
        session.server("+O");
        session.eof();
    }),
];

/// Whether the session suspects pipelining after each of these ends. All requests get the same error.
#[track_caller]
fn suspects(session: impl Fn() -> Conversation) -> bool {
    let verdicts = ENDS.map(|(name, end)| {
        let mut session = session();
        end(&mut session);
        let error = session.connection.error().expect("it has ended").clone();
        let suspected = error.suspects_pipelining();
        assert_eq!(
            error.to_string().contains("pipelining"),
            suspected,
            "{name}: {error}"
        );
        let told = session.connection.submit(pop3_proto::command::Noop);
        assert_eq!(told.expect_err("it has ended"), error);
        suspected
    });
    assert!(verdicts.iter().all(|it| *it == verdicts[0]), "{verdicts:?}");
    verdicts[0]
}

fn asked(mut session: Conversation, ops: &[&str]) -> Conversation {
    ops.iter().for_each(|op| session.ask(op));
    session.sent();
    session
}

#[test]
fn death_before_any_reply_to_a_batch_is_suspected() {
    assert!(suspects(|| asked(pipelining(), &["list", "uidl"])));
    assert!(suspects(|| asked(
        pipelining(),
        &["retr 1", "retr 2", "retr 3"]
    )));
}

#[test]
fn death_in_the_midst_of_the_first_batch_is_suspected() {
    assert!(suspects(|| {
        let mut session = asked(pipelining(), &["noop", "list", "uidl"]);
        // The server drops what came in the same segment as its first command.
        session.server("+OK\r\n+OK\r\n1 5\r\n.\r\n");
        session
    }));
    assert!(suspects(|| {
        let mut session = asked(pipelining(), &["retr 1", "retr 2"]);
        session.server("+OK\r\none\r\n.\r\n+OK\r\ntw");
        session.take_events();
        session
    }));
}

#[test]
fn death_after_a_batch_was_answered_is_not_suspected() {
    // A server that dies on one message, always the same.
    assert!(!suspects(|| {
        let mut session = asked(pipelining(), &["list", "uidl"]);
        session.server("+OK\r\n.\r\n+OK\r\n.\r\n");
        let mut session = asked(session, &["retr 1", "retr 2", "retr 3"]);
        session.server("+OK\r\none\r\n.\r\n+OK\r\ntwo");
        session.take_events();
        session
    }));
    // Refusals are answers.
    assert!(!suspects(|| {
        let mut session = asked(pipelining(), &["list", "uidl"]);
        session.server("-ERR\r\n-ERR\r\n");
        asked(session, &["noop", "noop"])
    }));
}

#[test]
fn the_first_batch_of_a_long_stream_can_be_answered() {
    // More than fits into the window: the stream never stops between two batches.
    let most = 1000;
    let session = |answered: usize| {
        let mut session = pipelining();
        for n in 1..=most {
            session.ask(&format!("dele {n}"));
        }
        session.server("+OK\r\n".repeat(answered));
        session.sent();
        session
    };
    let first = asked_in_one_write(most);
    assert!((100..most).contains(&first), "{first}");
    assert!(suspects(|| session(first - 1)));
    assert!(!suspects(|| session(first)));
    assert!(!suspects(|| session(most - 2)));
}

/// How many of these many commands the first write has.
fn asked_in_one_write(most: usize) -> usize {
    let mut session = pipelining();
    (1..=most).for_each(|n| session.ask(&format!("dele {n}")));
    session.sent().lines().count()
}

#[test]
fn a_command_that_follows_in_another_write_is_pipelined_too() {
    assert!(suspects(|| asked(
        asked(pipelining(), &["noop"]),
        &["stat"]
    )));
    // The third one is not of the first batch, which is answered.
    assert!(!suspects(|| {
        let mut session = asked(asked(pipelining(), &["noop"]), &["stat"]);
        session.ask("list");
        session.sent();
        session.server("+OK\r\n+OK 0 0\r\n");
        session
    }));
}

#[test]
fn a_client_that_does_not_pipeline_suspects_nothing() {
    let never = || {
        let mut config = Config::default();
        config.pipelining = Pipelining::Never;
        logged_in_with(config)
    };
    assert!(!suspects(|| asked(never(), &["list", "uidl"])));
    // The server does not advertise it.
    assert!(!suspects(|| asked(logged_in(), &["list", "uidl"])));
    // There is nothing to pipeline.
    assert!(!suspects(|| asked(pipelining(), &["list"])));
    // A barrier waits.
    assert!(!suspects(|| asked(pipelining(), &["list", "rset"])));
    assert!(!suspects(|| asked(pipelining(), &["rset", "list"])));
}

#[test]
fn commands_that_were_not_sent_are_not_suspected() {
    // The second command is taken back before the write.
    assert!(!suspects(|| {
        let mut session = pipelining();
        let connection = &mut session.connection;
        connection
            .submit(pop3_proto::command::Noop)
            .expect("it is queued");
        let from = connection.next_id();
        connection.submit(pop3_proto::Stat).expect("it is queued");
        connection.abandon(from..connection.next_id());
        assert_eq!(session.sent(), "NOOP\r\n");
        session
    }));
    // One of three is taken back: what is left was pipelined, and is the batch.
    let session = || {
        let mut session = pipelining();
        let connection = &mut session.connection;
        connection
            .submit(pop3_proto::command::Noop)
            .expect("it is queued");
        connection.submit(pop3_proto::Stat).expect("it is queued");
        let from = connection.next_id();
        connection.submit(pop3_proto::List).expect("it is queued");
        connection.abandon(from..connection.next_id());
        assert_eq!(session.sent(), "NOOP\r\nSTAT\r\n");
        session
    };
    assert!(suspects(session));
    assert!(!suspects(|| {
        let mut session = session();
        session.server("+OK\r\n+OK 0 0\r\n");
        asked(session, &["noop", "noop"])
    }));
    // Only the first command leaves before the end.
    let mut session = pipelining();
    session
        .connection
        .submit(pop3_proto::command::Noop)
        .expect("queued");
    session.connection.submit(pop3_proto::Stat).expect("queued");
    let now = session.now;
    assert_eq!(session.connection.transmit(), b"NOOP\r\nSTAT\r\n");
    session.connection.transmitted(6, now);
    session.connection.handle_eof(now);
    let error = session.connection.error().expect("it has ended");
    assert!(!error.suspects_pipelining(), "{error}");
}

#[test]
fn an_end_with_another_cause_is_not_suspected() {
    let mut session = asked(pipelining(), &["list", "uidl"]);
    let limit = LimitError::new(Limited::Message, 1);
    session.connection.exceeded(limit);
    assert_eq!(session.connection.error(), Some(&Error::from(limit)));
    assert!(!Error::from(limit).suspects_pipelining());

    let mut session = asked(pipelining(), &["list", "uidl"]);
    session.server("what\r\n");
    let error = session.connection.error().expect("it has ended");
    assert!(!error.suspects_pipelining(), "{error}");
}

#[test]
fn bodies_end_with_the_suspicion_too() {
    let mut session = pipelining();
    let retr = |n| Retr(pop3_proto::MessageNumber::new(n).expect("a number"));
    session.connection.submit(retr(1)).expect("it is queued");
    session.connection.submit(retr(2)).expect("it is queued");
    session.sent();
    session.server("+OK\r\nha");
    session.eof();
    let events = session.events();
    let suspicions = events.iter().filter(|event| match event {
        pop3_proto::Event::BodyEnd {
            result: Err(error), ..
        }
        | pop3_proto::Event::Reply {
            result: Err(error), ..
        }
        | pop3_proto::Event::Closed(Err(error)) => error.suspects_pipelining(),
        _ => false,
    });
    assert_eq!(suspicions.count(), 3, "{events:?}");
}

#[test]
fn a_confirmation_that_is_cut_short_suspects_what_its_cause_does() {
    for (ops, suspected) in [(&["list", "uidl"][..], true), (&["list"], false)] {
        let mut session = asked(pipelining(), ops);
        session.eof();
        let cause = session.connection.error().expect("it has ended").clone();
        let error = Error::from(Unconfirmed::CutShort(cause));
        assert_eq!(error.suspects_pipelining(), suspected, "{error}");
    }
}
