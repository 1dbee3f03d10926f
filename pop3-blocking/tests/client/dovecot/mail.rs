//! Tests with the mail of a real Dovecot: messages are unchanged, and are deleted only by QUIT.
use std::io::Read as _;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use pop3_blocking::{
    Client, Dele, Error, List, MessageNumber, Stat, Top, Uidl,
    command::{Noop, Verb},
    config::Pipelining,
};
use pop3_testkit::dovecot::{Dovecot, Options, attachment, corpus};
use pop3_testkit::session::{WAYS, Way, login};

/// Starts a server with alice's mail. Returns it with the unique-ids.
fn server_with(mail: &[Vec<u8>]) -> Option<(Dovecot, Vec<String>)> {
    let server = Dovecot::start(Options::default())?;
    server.add_user("alice", "secret");
    let unique_ids = server.deliver("alice", mail);
    Some((server, unique_ids))
}

fn number(n: usize) -> MessageNumber {
    MessageNumber::new(n as u32).unwrap()
}

/// Returns how many messages a new session sees.
fn count(server: &Dovecot) -> u32 {
    let mut client = Way::ImplicitTls.log_in(server, "alice");
    let messages = client.stat().unwrap().messages;
    assert!(client.quit().unwrap().is_committed());
    messages
}

/// Retrieves all messages, and compares them with what was delivered.
fn compare_all(client: &mut Client<TcpStream>, mail: &[Vec<u8>]) {
    let unique_ids = client.uidl().unwrap();
    let mut messages = client.retrieve(unique_ids.numbers());
    let mut octets = Vec::new();
    for (n, expected) in (1..).zip(mail) {
        let mut message = messages.next().unwrap().unwrap();
        assert_eq!(message.number(), Some(number(n)));
        octets.clear();
        message.read_to_end(&mut octets).unwrap();
        assert!(octets == *expected, "message {n}");
    }
    assert!(messages.next().is_none());
}

#[test]
fn thousand_messages_and_large_ones_arrive_unchanged() {
    let mut mail = corpus(1000);
    mail.push(attachment(10_000_000));
    mail.push(attachment(7_500_001));
    let Some((server, unique_ids)) = server_with(&mail) else {
        return;
    };
    let pipelined = WAYS.map(|way| (way, Pipelining::Auto));
    let lock_step = [(Way::Clear, Pipelining::Never)];
    for (way, pipelining) in pipelined.into_iter().chain(lock_step) {
        let mut client = way.connect_with(&server, |config| config.pipelining = pipelining);
        client.login(login("alice", "secret")).unwrap();
        let (stat, sizes, listed) = client.batch((Stat, List, Uidl)).unwrap();
        assert_eq!(
            (stat.messages, sizes.len(), listed.len()),
            (1002, 1002, 1002)
        );
        let octets = mail.iter().map(|message| message.len() as u64).sum();
        assert_eq!((stat.octets, sizes.octets()), (Some(octets), octets));
        assert!(sizes.numbers().eq(listed.numbers()));
        let as_delivered = unique_ids.iter().map(String::as_bytes);
        let listed: Vec<_> = listed
            .iter()
            .map(|entry| entry.unique_id.unwrap())
            .collect();
        assert!(listed.iter().map(|id| id.as_bytes()).eq(as_delivered));

        compare_all(&mut client, &mail);
        assert_eq!(client.quirks(), []);
        assert!(client.quit().unwrap().is_committed());
    }
}

#[test]
fn pipelining_does_not_change_results() {
    let mail = corpus(200);
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for (way, pipelining) in [
        (Way::ImplicitTls, Pipelining::Never),
        (Way::Stls, Pipelining::Never),
        (Way::Clear, Pipelining::Always),
    ] {
        let mut client = way.connect_with(&server, |config| config.pipelining = pipelining);
        client.login(login("alice", "secret")).unwrap();
        compare_all(&mut client, &mail);
        assert!(client.quit().unwrap().is_committed());
    }
}

/// Returns what `TOP` sends of a message that has a header and a body.
fn top(mail: &[u8], lines: usize) -> Vec<u8> {
    let header = mail
        .windows(4)
        .position(|octets| octets == b"\r\n\r\n")
        .unwrap()
        + 4;
    let (header, body) = mail.split_at(header);
    let body = body.split_inclusive(|&octet| octet == b'\n').take(lines);
    [header, &body.flatten().copied().collect::<Vec<_>>()].concat()
}

#[test]
fn top_returns_header_and_requested_lines() {
    // The message kinds with a header and a body.
    let whole = |message: &Vec<u8>| message.windows(4).any(|octets| octets == b"\r\n\r\n");
    let mail: Vec<_> = corpus(33).into_iter().filter(whole).collect();
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    let mut client = Way::ImplicitTls.log_in(&server, "alice");
    for lines in [0, 1, 7, 99_999_999] {
        let tops = (1..=mail.len()).map(|n| Top {
            number: number(n),
            lines,
        });
        let mut tops = client.retrieve(tops);
        for (n, message) in (1..).zip(&mail) {
            let mut octets = Vec::new();
            tops.next()
                .unwrap()
                .unwrap()
                .read_to_end(&mut octets)
                .unwrap();
            assert!(octets == top(message, lines as usize), "TOP {n} {lines}");
        }
    }
}

#[test]
fn messages_are_deleted_only_by_quit() {
    let mail = corpus(9);
    let Some((server, unique_ids)) = server_with(&mail) else {
        return;
    };
    // A dropped connection deletes nothing, on any channel.
    for way in WAYS {
        let mut client = way.log_in(&server, "alice");
        assert!(
            client
                .pipeline((1..=9).map(number).map(Dele))
                .all(|reply| reply.is_ok())
        );
        assert_eq!(client.stat().unwrap().messages, 0);
    }
    assert_eq!(count(&server), 9);

    let mut client = Way::Stls.log_in(&server, "alice");
    client.dele(number(1)).unwrap();
    client.dele(number(9)).unwrap();
    assert_eq!(client.stat().unwrap().messages, 7);
    client.rset().unwrap();
    assert_eq!(client.stat().unwrap().messages, 9);
    assert!(client.quit().unwrap().is_committed());
    assert_eq!(count(&server), 9);

    let mut client = Way::Clear.log_in(&server, "alice");
    client.dele(number(1)).unwrap();
    assert!(client.quit_keeping().unwrap().is_committed());
    assert_eq!(count(&server), 9);

    let mut client = Way::ImplicitTls.log_in(&server, "alice");
    let deletes = [2, 3, 5, 5, 7].map(|n| Dele(number(n)));
    let replies: Vec<_> = client.pipeline(deletes).collect();
    let refused: Vec<_> = replies.iter().map(Result::is_err).collect();
    assert_eq!(refused, [false, false, false, true, false]);
    let refusal = replies[3].as_ref().unwrap_err().refusal().unwrap();
    assert_eq!(
        (refusal.verb, refusal.number),
        (Verb::Dele, Some(number(5)))
    );
    // The listings omit deleted messages, and keep the numbers.
    let (sizes, uids) = client.batch((List, Uidl)).unwrap();
    let left = [1, 4, 6, 8, 9].map(number);
    assert!(sizes.numbers().eq(left) && uids.numbers().eq(left));
    assert!(matches!(client.retr(number(2)), Err(Error::Refused(_))));
    assert!(client.quit().unwrap().is_committed());

    let mut client = Way::ImplicitTls.log_in(&server, "alice");
    let uids = client.uidl().unwrap();
    let left: Vec<_> = uids.iter().map(|entry| entry.unique_id.unwrap()).collect();
    let expected = left_of(&unique_ids, &[2, 3, 5, 7]);
    assert!(
        left.iter()
            .map(|id| id.as_bytes())
            .eq(expected.iter().map(|id| id.as_bytes()))
    );
    compare_all(&mut client, &left_of(&mail, &[2, 3, 5, 7]));
}

/// Returns all except those with these numbers.
fn left_of<T: Clone>(all: &[T], deleted: &[usize]) -> Vec<T> {
    let numbered = (1..).zip(all);
    let left = numbered.filter(|(n, _)| !deleted.contains(n));
    left.map(|(_, item)| item.clone()).collect()
}

#[test]
fn unread_rest_of_a_message_is_skipped() {
    let mail = [corpus(40), vec![attachment(3_000_000)]].concat();
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        let mut client = way.log_in(&server, "alice");
        // Read only a little of one large message.
        let mut message = client.retr(number(41)).unwrap();
        message.read_exact(&mut [0; 1000]).unwrap();
        assert_eq!(client.stat().unwrap().messages, 41);
        // With many messages in flight, read the third in part.
        let mut messages = client.retrieve((1..=41).map(number));
        for _ in 0..2 {
            messages.next().unwrap().unwrap();
        }
        messages
            .next()
            .unwrap()
            .unwrap()
            .read_exact(&mut [0; 10])
            .unwrap();
        // Read only one reply to the deletions.
        let mut deletes = client.pipeline((1..=40).map(number).map(Dele));
        deletes.next().unwrap().unwrap();
        client.rset().unwrap();
        compare_all(&mut client, &mail);
        // Tickets: the second is claimed, which discards the first.
        let (first, second) = (client.submit(Stat).unwrap(), client.submit(Noop).unwrap());
        client.wait(second).unwrap();
        assert!(matches!(client.wait(first), Err(Error::Misuse(_))));
        assert!(client.quit().unwrap().is_committed());
    }
    assert_eq!(count(&server), 41);
}

#[test]
fn idle_session_continues() {
    let mail = corpus(11);
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for way in [Way::Clear, Way::ImplicitTls] {
        let mut client = way.log_in(&server, "alice");
        sleep(Duration::from_millis(600));
        compare_all(&mut client, &mail);
        let mut message = client.retr(number(3)).unwrap();
        message.read_exact(&mut [0; 100]).unwrap();
        // Also in the middle of a message.
        sleep(Duration::from_millis(600));
        let mut rest = Vec::new();
        message.read_to_end(&mut rest).unwrap();
        assert!(rest == mail[2][100..]);
        client.noop().unwrap();
    }
}

#[test]
fn empty_maildrop_works() {
    let Some((server, _)) = server_with(&[]) else {
        return;
    };
    let mut client = Way::Stls.log_in(&server, "alice");
    let (stat, sizes, uids) = client.batch((Stat, List, Uidl)).unwrap();
    assert_eq!((stat.messages, stat.octets), (0, Some(0)));
    assert!(sizes.is_empty() && uids.is_empty());
    assert!(client.retrieve(uids.numbers()).next().is_none());
    assert!(matches!(client.list_one(number(1)), Err(Error::Refused(_))));
    assert!(matches!(client.uidl_one(number(1)), Err(Error::Refused(_))));
    assert!(matches!(client.top(number(1), 0), Err(Error::Refused(_))));
    assert!(client.quit().unwrap().is_committed());
}
