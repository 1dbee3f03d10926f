//! When an error mentions pipelining as a possible cause: only if the session ended during its
//! first pipelined batch.

use pop3_proto::{
    Config, Error, Retr,
    config::Pipelining,
    error::{LimitError, Limited, Unconfirmed},
};
use pop3_testkit::conversation::{Conversation, logged_in, logged_in_with, pipelining};

type EndOf = fn(&mut Conversation);

/// How a server or the network can end a session.
const ENDS: [(&str, EndOf); 4] = [
    ("close", Conversation::eof),
    ("reset", Conversation::reset),
    ("timeout", |session| session.wait(180)),
    ("half a line, then close", |session| {
        session.server("+O");
        session.eof();
    }),
];

/// Returns whether the error suspects pipelining, which must be equal for all ends. All requests
/// must get the same error.
#[track_caller]
fn suspects(session: impl Fn() -> Conversation) -> bool {
    let verdicts = ENDS.map(|(name, end)| {
        let mut session = session();
        end(&mut session);
        let error = session.connection.error().expect("a fatal error").clone();
        let suspected = error.suspects_pipelining();
        // The server advertises PIPELINING, so a text that blames it would mislead.
        assert!(!error.to_string().contains("pipelining"), "{name}: {error}");
        let later = session.connection.submit(pop3_proto::command::Noop);
        assert_eq!(later.expect_err("the connection has failed"), error);
        suspected
    });
    assert!(verdicts.iter().all(|it| *it == verdicts[0]), "{verdicts:?}");
    verdicts[0]
}

fn with_requests(mut session: Conversation, ops: &[&str]) -> Conversation {
    ops.iter().for_each(|op| session.ask(op));
    session.sent();
    session
}

#[test]
fn end_before_any_reply_suspects_pipelining() {
    assert!(suspects(|| with_requests(pipelining(), &["list", "uidl"])));
    assert!(suspects(|| with_requests(
        pipelining(),
        &["retr 1", "retr 2", "retr 3"]
    )));
}

#[test]
fn end_within_first_batch_suspects_pipelining() {
    assert!(suspects(|| {
        let mut session = with_requests(pipelining(), &["noop", "list", "uidl"]);
        // The server discards the rest of the segment that contained its first command.
        session.server("+OK\r\n+OK\r\n1 5\r\n.\r\n");
        session
    }));
    assert!(suspects(|| {
        let mut session = with_requests(pipelining(), &["retr 1", "retr 2"]);
        session.server("+OK\r\none\r\n.\r\n+OK\r\ntw");
        session.take_events();
        session
    }));
}

#[test]
fn end_after_answered_batch_does_not_suspect_pipelining() {
    // A server that always closes the connection on the same message.
    assert!(!suspects(|| {
        let mut session = with_requests(pipelining(), &["list", "uidl"]);
        session.server("+OK\r\n.\r\n+OK\r\n.\r\n");
        let mut session = with_requests(session, &["retr 1", "retr 2", "retr 3"]);
        session.server("+OK\r\none\r\n.\r\n+OK\r\ntwo");
        session.take_events();
        session
    }));
    // Refusals are answers.
    assert!(!suspects(|| {
        let mut session = with_requests(pipelining(), &["list", "uidl"]);
        session.server("-ERR\r\n-ERR\r\n");
        with_requests(session, &["noop", "noop"])
    }));
}

#[test]
fn answered_first_batch_does_not_suspect_long_pipelines() {
    // More commands than fit into the window: there is no pause between two batches.
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
    let first = commands_in_first_write(most);
    assert!((100..most).contains(&first), "{first}");
    assert!(suspects(|| session(first - 1)));
    assert!(!suspects(|| session(first)));
    assert!(!suspects(|| session(most - 2)));
}

/// The number of commands in the first write when `most` commands are submitted.
fn commands_in_first_write(most: usize) -> usize {
    let mut session = pipelining();
    (1..=most).for_each(|n| session.ask(&format!("dele {n}")));
    session.sent().lines().count()
}

#[test]
fn command_in_a_second_write_counts_as_pipelined() {
    assert!(suspects(|| with_requests(
        with_requests(pipelining(), &["noop"]),
        &["stat"]
    )));
    // The third command is not part of the first batch, which has been answered.
    assert!(!suspects(|| {
        let mut session = with_requests(with_requests(pipelining(), &["noop"]), &["stat"]);
        session.ask("list");
        session.sent();
        session.server("+OK\r\n+OK 0 0\r\n");
        session
    }));
}

#[test]
fn client_without_pipelining_does_not_suspect_it() {
    let never = || {
        let mut config = Config::default();
        config.pipelining = Pipelining::Never;
        logged_in_with(config)
    };
    assert!(!suspects(|| with_requests(never(), &["list", "uidl"])));
    // The server does not advertise PIPELINING.
    assert!(!suspects(|| with_requests(logged_in(), &["list", "uidl"])));
    // A single command is not pipelined.
    assert!(!suspects(|| with_requests(pipelining(), &["list"])));
    // A barrier command is not pipelined.
    assert!(!suspects(|| with_requests(pipelining(), &["list", "rset"])));
    assert!(!suspects(|| with_requests(pipelining(), &["rset", "list"])));
}

#[test]
fn unsent_commands_do_not_suspect_pipelining() {
    // The second command is abandoned before the write.
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
    // One of three commands is abandoned: the other two are the first batch.
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
        with_requests(session, &["noop", "noop"])
    }));
    // Only the first command was sent before the end of file.
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
    let error = session.connection.error().expect("a fatal error");
    assert!(!error.suspects_pipelining(), "{error}");
}

#[test]
fn other_fatal_errors_do_not_suspect_pipelining() {
    let mut session = with_requests(pipelining(), &["list", "uidl"]);
    let limit = LimitError::new(Limited::Message, 1);
    session.connection.exceeded(limit);
    assert_eq!(session.connection.error(), Some(&Error::from(limit)));
    assert!(!Error::from(limit).suspects_pipelining());

    let mut session = with_requests(pipelining(), &["list", "uidl"]);
    session.server("what\r\n");
    let error = session.connection.error().expect("a fatal error");
    assert!(!error.suspects_pipelining(), "{error}");
}

#[test]
fn body_errors_also_suspect_pipelining() {
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
fn interrupted_confirmation_also_suspects_pipelining() {
    for (ops, suspected) in [(&["list", "uidl"][..], true), (&["list"], false)] {
        let mut session = with_requests(pipelining(), ops);
        session.eof();
        let cause = session.connection.error().expect("a fatal error").clone();
        let error = Error::from(Unconfirmed::CutShort(cause));
        assert_eq!(error.suspects_pipelining(), suspected, "{error}");
    }
}
