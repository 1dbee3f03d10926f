//! Sessions with a real Dovecot, for any client. Every user's password is `secret`.

use pop3_proto::{
    Connector, Dele, Error, List, MessageNumber, Stat, Top, Uidl,
    command::{GetCapabilities, Verb},
    error::Closed,
    login::{LoginPolicy, Method},
    tls::Roots,
};

use crate::dovecot::{Dovecot, Options, attachment, corpus};
use crate::session::{WAYS, Way, login};

use super::client::{Body, Client, Enough};

fn server_with(mail: &[Vec<u8>]) -> Option<(Dovecot, Vec<String>)> {
    let server = Dovecot::start(Options::default())?;
    server.add_user("alice", "secret");
    let unique_ids = server.deliver("alice", mail);
    Some((server, unique_ids))
}

fn connect<C: Client>(server: &Dovecot, way: Way) -> C {
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes()).unwrap());
    connector.config = way.config();
    C::connect_with(&way.endpoint(server), &connector).unwrap()
}

fn log_in<C: Client>(server: &Dovecot, way: Way) -> C {
    let mut client: C = connect(server, way);
    client.login(login("alice", "secret")).unwrap();
    client
}

fn number(n: usize) -> MessageNumber {
    MessageNumber::new(n as u32).unwrap()
}

/// Retrieves all messages with pipelining, and compares each octet.
fn compare_all(client: &mut impl Client, mail: &[Vec<u8>]) {
    let mut expected = (1..).zip(mail);
    client.retrieve((1..=mail.len()).map(number), &mut |message| {
        let (n, expected) = expected.next().expect("more messages than requested");
        let message = message.unwrap();
        assert_eq!(message.number(), Some(number(n)));
        assert!(message.rest().unwrap() == *expected, "message {n}");
        Enough::NotYet
    });
    assert_eq!(expected.next(), None, "messages are missing");
}

fn log_in_with_every_method<C: Client>(way: Way) {
    let Some((server, _)) = server_with(&[]) else {
        return;
    };
    for (policy, verb) in [
        (LoginPolicy::default(), Verb::Auth),
        (LoginPolicy::only(Method::Plain), Verb::Auth),
        (LoginPolicy::only(Method::ScramSha256), Verb::Auth),
        (LoginPolicy::only(Method::UserPass), Verb::Pass),
    ] {
        let mut client: C = connect(&server, way);
        let wrong = login("alice", "wrong").with_policy(policy.clone());
        let error = client.login(wrong).unwrap_err();
        assert!(matches!(error, Error::Auth(_)), "{policy:?}: {error:?}");
        assert!(!error.is_fatal());
        assert_eq!(error.refusal().unwrap().verb, verb, "{policy:?}");

        let right = login("alice", "secret").with_policy(policy);
        client.login(right).unwrap();
        let tls = client.connection().tls().is_some();
        assert_eq!(tls, way != Way::Clear);
        assert_eq!(client.stat().unwrap().messages, 0);
        assert!(client.quit().unwrap().is_committed());
        assert_eq!(client.stat().unwrap_err(), Closed::Finished.into());
    }
}

pub fn every_method_logs_in_over_cleartext<C: Client>() {
    log_in_with_every_method::<C>(Way::Clear);
}

pub fn every_method_logs_in_after_stls<C: Client>() {
    log_in_with_every_method::<C>(Way::Stls);
}

pub fn every_method_logs_in_over_implicit_tls<C: Client>() {
    log_in_with_every_method::<C>(Way::ImplicitTls);
}

pub fn listings_match_the_delivered_messages<C: Client>() {
    let mail = corpus(33);
    let Some((server, unique_ids)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        let mut client: C = log_in(&server, way);
        let (stat, sizes, uids) = client.batch((Stat, List, Uidl)).unwrap();
        let octets = mail.iter().map(|message| message.len() as u64);
        assert_eq!((stat.messages, stat.octets), (33, Some(octets.sum())));
        assert!(sizes.iter().map(|entry| entry.octets).eq(octets_of(&mail)));
        let uids = uids.iter().map(|entry| entry.unique_id.unwrap());
        assert!(uids.map(|id| id.to_string()).eq(unique_ids.clone()));
        // The commands for single messages must have the same results.
        assert_eq!(client.list().unwrap(), sizes);
        let size = client.list_one(number(33)).unwrap();
        assert_eq!(Some(size), sizes.iter().last());
        let uid = client.uidl_one(number(1)).unwrap().unique_id.unwrap();
        assert_eq!(Some(&uid.to_string()), unique_ids.first());
        let refused = client.list_one(number(34)).unwrap_err();
        let refusal = refused.refusal().unwrap();
        assert_eq!(
            (refusal.verb, refusal.number),
            (Verb::List, Some(number(34)))
        );
        assert!(client.quit().unwrap().is_committed());
    }
}

fn octets_of(mail: &[Vec<u8>]) -> impl Iterator<Item = Option<u64>> {
    mail.iter().map(|message| Some(message.len() as u64))
}

/// Returns the header including the empty line after it, or `None` if there is no empty line.
fn header(mail: &[u8]) -> Option<&[u8]> {
    let end = mail.windows(4).position(|octets| octets == b"\r\n\r\n")?;
    mail.get(..end + 4)
}

pub fn retr_and_top_return_messages_unchanged<C: Client>() {
    let mail = corpus(22);
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        let mut client: C = log_in(&server, way);
        for (n, expected) in (1..).zip(&mail) {
            let mut octets = Vec::new();
            let mut read = |message: &mut dyn Body| octets = message.rest().unwrap();
            client.retr(number(n), &mut read).unwrap();
            assert!(octets == *expected, "RETR {n}");
            let octets = client.retr_to_vec(number(n), expected.len()).unwrap();
            assert!(octets == *expected, "RETR {n} into memory");
            let Some(header) = header(expected) else {
                continue;
            };
            let mut octets = Vec::new();
            let mut read = |message: &mut dyn Body| octets = message.rest().unwrap();
            client.top(number(n), 0, &mut read).unwrap();
            assert!(octets == header, "TOP {n} 0");
        }
        // Pipeline TOP, and request more lines than the messages have.
        let tops = (1..=22).map(|n| Top {
            number: number(n),
            lines: 99_999_999,
        });
        let mut expected = mail.iter();
        client.retrieve(tops, &mut |message| {
            let expected = expected.next().unwrap();
            let octets = message.unwrap().rest().unwrap();
            assert!(octets == *expected || header(expected).is_none());
            Enough::NotYet
        });
        assert_eq!(expected.next(), None);
        assert!(client.quit().unwrap().is_committed());
    }
}

pub fn previews_return_the_headers<C: Client>() {
    let mail = corpus(22);
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        let mut client: C = log_in(&server, way);
        for budget in [1 << 20, 100] {
            let (items, discarded) = client.preview((1..=mail.len()).map(number), budget);
            assert_eq!(items.len(), mail.len());
            let mut is_cut = false;
            for ((n, (of, preview)), message) in (1..).zip(&items).zip(&mail) {
                assert_eq!(*of, number(n));
                let preview = preview.as_ref().unwrap();
                assert_eq!(preview.verb, Verb::Top);
                is_cut |= !preview.is_complete();
                let Some(header) = header(message) else {
                    continue;
                };
                assert!(header.starts_with(&preview.header), "message {n}");
                assert_eq!(preview.is_complete(), preview.header == header);
                assert!(preview.header.len() <= budget && !preview.header.is_empty());
            }
            assert_eq!(is_cut, budget == 100);
            assert_eq!(discarded > 0, is_cut);
        }
        assert_eq!(client.stat().unwrap().messages as usize, mail.len());
    }
}

pub fn two_hundred_pipelined_messages_arrive_unchanged<C: Client>() {
    let mail = corpus(200);
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        let mut client: C = log_in(&server, way);
        let capabilities = client.call(GetCapabilities).unwrap().unwrap();
        assert!(capabilities.pipelining());
        compare_all(&mut client, &mail);
        assert_eq!(client.quirks(), []);
        assert!(client.quit().unwrap().is_committed());
    }
}

pub fn partially_read_messages_are_skipped<C: Client>() {
    let large = attachment(3_000_000);
    let mail = [corpus(22), vec![large.clone()]].concat();
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        let mut client: C = log_in(&server, way);
        // Read only a little of a large message.
        let mut read = |message: &mut dyn Body| {
            let chunk = message.chunk().unwrap().unwrap();
            assert!(!chunk.is_empty() && large.starts_with(&chunk));
        };
        client.retr(number(23), &mut read).unwrap();
        assert_eq!(client.stat().unwrap().messages, 23);
        // With pipelining, read nothing of the first message, a part of the second, and all of the
        // third.
        let mut n = 0;
        client.retrieve((1..=23).map(number), &mut |message| {
            let message = message.unwrap();
            n += 1;
            match n {
                1 => {}
                2 => drop(message.chunk().unwrap()),
                _ => assert!(Some(&message.rest().unwrap()) == mail.get(2)),
            }
            if n < 3 {
                Enough::NotYet
            } else {
                Enough::Enough
            }
        });
        assert_eq!(n, 3);
        compare_all(&mut client, &mail);
        assert!(client.quit().unwrap().is_committed());
    }
}

pub fn rset_keeps_messages_marked_as_deleted<C: Client>() {
    let mail = corpus(9);
    let Some((server, _)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        let mut client: C = log_in(&server, way);
        client.dele(number(1)).unwrap();
        client.dele(number(9)).unwrap();
        assert_eq!(client.stat().unwrap().messages, 7);
        assert!(matches!(client.dele(number(9)), Err(Error::Refused(_))));
        client.rset().unwrap();
        assert_eq!(client.stat().unwrap().messages, 9);
        client.dele(number(5)).unwrap();
        assert!(client.quit_keeping().unwrap().is_committed());
        let mut client: C = log_in(&server, way);
        compare_all(&mut client, &mail);
    }
}

pub fn marked_messages_are_deleted_only_by_quit<C: Client>() {
    let mut mail = corpus(12);
    let Some((server, mut unique_ids)) = server_with(&mail) else {
        return;
    };
    for way in WAYS {
        // Dropping the connection must not delete messages.
        let mut client: C = log_in(&server, way);
        let all = (1..=mail.len()).map(|n| Dele(number(n)));
        let replies = client.pipeline(all, usize::MAX);
        assert!(replies.len() == mail.len() && replies.iter().all(Result::is_ok));
        drop(client);

        let mut client: C = log_in(&server, way);
        assert_eq!(client.stat().unwrap().messages as usize, mail.len());
        let replies = client.pipeline([2, 5, 5].map(|n| Dele(number(n))), usize::MAX);
        let refused: Vec<_> = replies.iter().map(Result::is_err).collect();
        assert_eq!(refused, [false, false, true]);
        assert!(client.quit().unwrap().is_committed());
        for n in [5, 2] {
            mail.remove(n - 1);
            unique_ids.remove(n - 1);
        }

        let mut client: C = log_in(&server, way);
        let uids = client.uidl().unwrap();
        let uids = uids
            .iter()
            .map(|entry| entry.unique_id.unwrap().to_string());
        assert!(uids.eq(unique_ids.clone()));
        compare_all(&mut client, &mail);
        assert!(client.quit().unwrap().is_committed());
    }
}

pub fn server_killed_within_a_message_truncates_it<C: Client>() {
    // The message is larger than the buffers of the sockets.
    let mail = attachment(30_000_000);
    for way in WAYS {
        let Some((server, _)) = server_with(std::slice::from_ref(&mail)) else {
            return;
        };
        let mut client: C = log_in(&server, way);
        let mut end = None;
        let mut read = |message: &mut dyn Body| {
            let mut octets = message.chunk().unwrap().unwrap();
            server.kill();
            let error = loop {
                match message.chunk() {
                    Ok(Some(chunk)) => octets.extend(chunk),
                    Ok(None) => panic!("{way:?}: the message ended"),
                    Err(error) => break error,
                }
            };
            assert!(octets.len() < mail.len() && mail.starts_with(&octets));
            assert_eq!(message.chunk().unwrap_err(), error, "and again");
            end = Some(error);
        };
        client.retr(number(1), &mut read).unwrap();
        let error = end.unwrap();
        let Error::Closed(closed) = &error else {
            panic!("{way:?}: {error:?}");
        };
        assert!(
            matches!(
                **closed,
                Closed::Truncated {
                    verb: Verb::Retr,
                    ..
                }
            ),
            "{way:?}: {error:?}"
        );
        assert!(error.is_fatal());
        assert_eq!(client.stat().unwrap_err(), error);
        assert_eq!(client.retr(number(1), &mut |_| {}).unwrap_err(), error);
        assert_eq!(client.quit().unwrap_err(), error);
    }
}
