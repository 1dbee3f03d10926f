//! Batches and pipelines of commands.

use pop3_blocking::{
    Dele, Error, Quit, Stat, Uidl,
    command::{ListOne, Noop, Rset, UidlOne, Verb},
    error::Closed,
};

use super::support::{Scripted, client_of, embedded, number};

#[test]
fn batch_returns_typed_replies() {
    let server = embedded(3);
    let mut client = client_of(&server);
    let (stat, uids, entry, _) = client
        .batch((Stat, Uidl, ListOne(number(2)), Noop))
        .unwrap();
    assert_eq!(stat.messages, 3);
    assert_eq!(uids.numbers().count(), 3);
    assert_eq!(entry.number, number(2));
}

#[test]
fn batch_is_sent_before_any_reply() {
    let server = Scripted::logged_in(|wire| {
        // Everything is received before anything is answered.
        wire.expect_octets("STAT\r\nNOOP\r\nLIST 1\r\n");
        wire.send("+OK 1 5\r\n+OK\r\n+OK 1 5\r\n");
        wire.read_to_end();
    });
    let mut client = server.client();
    client.batch((Stat, Noop, ListOne(number(1)))).unwrap();
    drop(client);
    server.received();
}

#[test]
fn refused_batch_leaves_the_session_synchronized() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("LIST 1\r\nDELE 2\r\nDELE 3\r\nNOOP\r\n");
        wire.send("+OK 1 5\r\n-ERR no two\r\n-ERR no three\r\n+OK\r\n");
        wire.expect_octets("STAT\r\n");
        wire.send("+OK 7 7\r\n");
    });
    let mut client = server.client();
    let batch = (ListOne(number(1)), Dele(number(2)), Dele(number(3)), Noop);
    let Err(Error::Refused(refusal)) = client.batch(batch) else {
        panic!("two were refused");
    };
    assert_eq!(refusal.number, Some(number(2)));
    assert_eq!(client.stat().unwrap().messages, 7);
    server.received();
}

#[test]
fn pipeline_returns_one_result_per_command() {
    let server = embedded(500);
    let mut client = client_of(&server);
    let numbers: Vec<_> = client.uidl().unwrap().numbers().collect();
    let replies = client.pipeline(numbers.into_iter().map(Dele));
    assert_eq!(replies.filter(Result::is_ok).count(), 500);
    assert!(client.quit().unwrap().is_committed());
    assert!(server.maildrop().is_empty());
}

#[test]
fn refused_pipelined_command_does_not_affect_others() {
    let server = embedded(5);
    let mut client = client_of(&server);
    let asked = [1, 99, 3, 98, 5];
    let replies: Vec<_> = client.pipeline(asked.map(|n| UidlOne(number(n)))).collect();
    for (n, reply) in asked.into_iter().zip(replies) {
        match reply {
            Ok(entry) => assert_eq!(
                entry.unique_id.unwrap().as_bytes(),
                format!("uid-{n}").as_bytes()
            ),
            Err(Error::Refused(refusal)) => {
                assert!(n > 90);
                assert_eq!(
                    (refusal.verb, refusal.number),
                    (Verb::Uidl, Some(number(n)))
                );
            }
            Err(error) => panic!("{error}"),
        }
    }
    client.noop().unwrap();
}

#[test]
fn dropped_pipeline_leaves_the_rest_unsent() {
    let server = embedded(2000);
    let mut client = client_of(&server);
    let mut given = 0;
    let deletes = (1..=2000).map(|n| {
        given = n;
        Dele(number(n))
    });
    let mut deletes = client.pipeline(deletes);
    for _ in 0..10 {
        deletes.next().unwrap().unwrap();
    }
    drop(deletes);
    assert!(
        given < 1000,
        "{given} commands were taken from the iterator"
    );
    // The server executed the commands in flight and no others, and the session is synchronized.
    let left = client.stat().unwrap().messages;
    assert!(
        (2000 - given..=1990).contains(&left),
        "{left} messages remain"
    );
    assert!(client.quit().unwrap().is_committed());
}

#[test]
fn empty_pipeline_sends_nothing() {
    let server = Scripted::logged_in(|wire| wire.read_to_end());
    let mut client = server.client();
    assert!(client.pipeline(std::iter::empty::<Noop>()).next().is_none());
    drop(client);
    assert_eq!(server.received(), "");
}

#[test]
fn fatal_error_fails_all_commands_in_flight() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("DELE 1\r\nDELE 2\r\nDELE 3\r\n");
        wire.send("+OK\r\n");
    });
    let mut client = server.client();
    let mut deletes = client.pipeline((1..=3).map(|n| Dele(number(n))));
    deletes.next().unwrap().unwrap();
    let unanswered = Error::from(Closed::Unanswered {
        verb: Verb::Dele,
        number: Some(number(2)),
        outstanding: 2,
        first_batch: true,
        last_err: None,
    });
    for _ in 2..=3 {
        assert_eq!(deletes.next().unwrap().unwrap_err(), unanswered);
    }
    assert!(deletes.next().is_none());
    assert!(deletes.next().is_none());
    assert_eq!(client.noop(), Err(unanswered.clone()));
    assert_eq!(client.submit(Noop).unwrap_err(), unanswered);
    server.received();
}

#[test]
fn commands_on_a_closed_connection_fail() {
    let server = Scripted::logged_in(|wire| wire.expect_octets("NOOP\r\n"));
    let mut client = server.client();
    let error = client.noop().unwrap_err();
    let deletes: Vec<_> = client.pipeline((1..=3).map(|n| Dele(number(n)))).collect();
    assert_eq!(deletes, [Err(error.clone())]);
    let mut messages = client.retrieve((1..=3).map(number));
    assert_eq!(messages.next().unwrap().unwrap_err(), error);
    assert!(messages.next().is_none());
    assert_eq!(client.batch((Noop, Noop)).unwrap_err(), error);
    server.received();
}

#[test]
fn long_pipeline_returns_results_in_order() {
    let server = embedded(1000);
    let mut client = client_of(&server);
    // Every third number is repeated: the second time the message is gone.
    let numbers = (1..=1000).flat_map(|n| std::iter::repeat_n(n, if n % 3 == 0 { 2 } else { 1 }));
    let (mut done, mut refused) = (0, 0);
    for reply in client.pipeline(numbers.map(|n| Dele(number(n)))) {
        match reply {
            Ok(_) => done += 1,
            Err(Error::Refused(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((done, refused), (1000, 333));
    let (_, outcome) = client.batch((Rset, Quit)).unwrap();
    assert!(outcome.is_committed());
    assert_eq!(server.maildrop().len(), 1000);
}
