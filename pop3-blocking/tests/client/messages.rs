//! Messages that are read completely or in part, refused, or skipped.

use std::io::{BufRead as _, Read as _};

use pop3_blocking::{
    Dele, Error, Retr, Top,
    command::Verb,
    connect_with,
    error::{Closed, LimitError, Limited},
};

use super::support::{Scripted, alice, client_of, embedded, message, number, trusting};

#[test]
fn messages_arrive_unchanged() {
    let server = embedded(300);
    let mut client = client_of(&server);
    let numbers: Vec<_> = client.uidl().unwrap().numbers().collect();
    let mut messages = client.retrieve(numbers);
    let mut count = 0;
    while let Some(retrieved) = messages.next() {
        let mut retrieved = retrieved.unwrap();
        count += 1;
        assert_eq!(retrieved.number(), Some(number(count)));
        let mut octets = Vec::new();
        retrieved.read_to_end(&mut octets).unwrap();
        assert_eq!(octets, message(count));
        assert_eq!(
            retrieved.chunk(),
            Ok(None),
            "reading after the end returns the end"
        );
    }
    assert_eq!(count, 300);
}

#[test]
fn message_can_be_read_by_lines() {
    let server = embedded(1);
    let mut client = client_of(&server);
    let lines: Vec<_> = client
        .retr(number(1))
        .unwrap()
        .lines()
        .map(Result::unwrap)
        .collect();
    assert_eq!(lines, ["Subject: message 1", "", ".dot", "..", "body 1"]);
}

#[test]
fn top_retrieves_headers_only() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let mut heads = client.retrieve([1, 2].map(|n| Top {
        number: number(n),
        lines: 1,
    }));
    let mut head = String::new();
    heads
        .next()
        .unwrap()
        .unwrap()
        .read_to_string(&mut head)
        .unwrap();
    assert_eq!(head, "Subject: message 1\r\n\r\n.dot\r\n");
}

#[test]
fn refused_message_does_not_affect_others() {
    let server = embedded(4);
    let mut client = client_of(&server);
    client.dele(number(2)).unwrap();
    let mut messages = client.retrieve((1..=5).map(number));
    let mut seen = Vec::new();
    while let Some(message) = messages.next() {
        seen.push(match message {
            Ok(mut message) => {
                let octets = std::io::copy(&mut message, &mut std::io::sink()).unwrap();
                Ok(octets as usize)
            }
            Err(Error::Refused(refusal)) => Err(refusal.number.unwrap()),
            Err(error) => panic!("{error}"),
        });
    }
    let size = |n| Ok(message(n).len());
    assert_eq!(
        seen,
        [size(1), Err(number(2)), size(3), size(4), Err(number(5))]
    );
}

#[test]
fn unread_messages_are_skipped() {
    let server = embedded(200);
    let mut client = client_of(&server);
    let mut messages = client.retrieve((1..=200).map(number));
    let mut count = 0;
    while let Some(retrieved) = messages.next() {
        let mut retrieved = retrieved.unwrap();
        count += 1;
        // Not at all, in part, or completely.
        let mut some = vec![0; (count as usize % 3) * 10];
        retrieved.read_exact(&mut some).unwrap();
        assert_eq!(some, message(count)[..some.len()]);
    }
    assert_eq!(count, 200);
    assert_eq!(client.stat().unwrap().messages, 200);
}

#[test]
fn partially_read_message_does_not_affect_other_commands() {
    let server = embedded(3);
    for endpoint in [server.plain(), server.implicit_tls()] {
        let mut client = connect_with(&endpoint, &trusting(&server)).unwrap();
        client.login(alice()).unwrap();
        let mut left = client.retr(number(1)).unwrap();
        let mut some = [0; 9];
        left.read_exact(&mut some).unwrap();
        assert_eq!(&some, b"Subject: ");
        assert_eq!(client.stat().unwrap().messages, 3);
        client.retr(number(2)).unwrap();
        assert_eq!(client.retr_to_vec(number(3), 1000).unwrap(), message(3));
    }
}

#[test]
fn dropped_retrieval_does_not_affect_other_commands() {
    let server = embedded(500);
    let mut client = client_of(&server);
    let mut given = 0;
    let numbers = (1..=500).inspect(|n| given = *n).map(number);
    let mut messages = client.retrieve(numbers);
    for _ in 0..3 {
        messages.next().unwrap().unwrap();
    }
    let mut left = messages.next().unwrap().unwrap();
    left.chunk().unwrap();
    assert!(given < 500, "{given} messages were requested");
    client.pipeline([Dele(number(7))]).next().unwrap().unwrap();
    assert_eq!(client.stat().unwrap().messages, 499);
    assert_eq!(client.retr_to_vec(number(500), 1000).unwrap(), message(500));
}

#[test]
fn message_over_the_limit_ends_the_connection() {
    let server = embedded(2);
    let mut client = client_of(&server);
    let octets = message(1).len();
    assert_eq!(client.retr_to_vec(number(1), octets).unwrap(), message(1));
    let over = Error::from(LimitError::new(Limited::Message, octets - 1));
    assert!(over.is_fatal());
    let result = client.retr_to_vec(number(1), octets - 1);
    assert_eq!(result, Err(over.clone()));
    assert_eq!(client.retr_to_vec(number(2), octets), Err(over));
}

#[test]
fn exceeded_limit_does_not_wait_for_the_end() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK\r\n");
        // The rest never arrives.
        wire.send(&"and so on\r\n".repeat(200));
        wire.read_to_end();
    });
    let mut client = server.client();
    let over = Error::from(LimitError::new(Limited::Message, 1000));
    let message = client.retr(number(1)).unwrap();
    assert_eq!(message.to_vec(1000), Err(over.clone()));
    assert_eq!(client.noop(), Err(over));
    drop(client);
    assert_eq!(server.received(), "RETR 1\r\n");
}

#[test]
fn error_of_a_truncated_message_is_permanent() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK 100 octets\r\nhello\r\nwor");
    });
    let mut client = server.client();
    let mut message = client.retr(number(1)).unwrap();
    let mut octets = Vec::new();
    let error = message.read_to_end(&mut octets).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    assert_eq!(octets, b"hello\r\nwor");
    let truncated = Error::from(Closed::Truncated {
        verb: Verb::Retr,
        number: Some(number(1)),
        outstanding: 1,
        first_batch: false,
        lf_dot: false,
        last_err: None,
    });
    let inner = error.get_ref().unwrap().downcast_ref::<Error>();
    assert_eq!(inner, Some(&truncated));
    assert_eq!(message.chunk(), Err(truncated.clone()));
    assert_eq!(client.noop(), Err(truncated));
    server.received();
}

#[test]
fn messages_after_a_truncated_message_fail() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\nRETR 2\r\n");
        wire.send("+OK\r\nhello\r\n");
    });
    let mut client = server.client();
    let mut messages = client.retrieve([1, 2].map(|n| Retr(number(n))));
    let mut first = messages.next().unwrap().unwrap();
    assert_eq!(first.chunk().unwrap().unwrap(), "hello\r\n");
    assert!(first.chunk().is_err());
    assert!(messages.next().unwrap().is_err());
    assert!(messages.next().is_none());
    server.received();
}

#[test]
fn other_commands_wait_for_the_end_of_messages() {
    let server = Scripted::logged_in(|wire| {
        wire.expect_octets("RETR 1\r\n");
        wire.send("+OK\r\nhello\r\n");
        wire.send(".\r\n");
        wire.expect_octets("DELE 1\r\n");
        wire.send("+OK\r\n");
        wire.read_to_end();
    });
    let mut client = server.client();
    let mut message = client.retr(number(1)).unwrap();
    message.chunk().unwrap();
    client.dele(number(1)).unwrap();
    drop(client);
    server.received();
}
