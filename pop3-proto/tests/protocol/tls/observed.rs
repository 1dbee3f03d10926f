//! Observers see cleartext inside TLS, with any split of the ciphertext, and no secret.

use std::sync::Arc;

use pop3_proto::{Quit, Retr, Stat, Uidl};
use pop3_testkit::observed::Records;
use pop3_testkit::tls::authority::Authority;
use pop3_testkit::tls::link::{Link, login};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext, mail_in_tls};

/// Runs a session with an observer, with parts of at most this many octets.
fn session(stls: bool, part: usize) -> (Link, Records) {
    let authority = Authority::new();
    let (tls, server) = (authority.client("localhost"), authority.server());
    let link = if stls {
        Link::plain(tls, Peer::plain(Some(mail_in_cleartext()), server))
    } else {
        Link::implicit_tls(tls, Peer::implicit_tls(Some(mail_in_tls()), server))
    };
    let mut link = link.cut(Box::new(move |octets| octets.min(part)));
    let records = Records::default();
    link.session.set_observer(Box::new(records.clone()));
    link.session.submit(login()).unwrap();
    link.session.submit(Stat).unwrap();
    link.session.submit(Uidl).unwrap();
    for number in [1, 2] {
        let number = number.try_into().unwrap();
        link.session.submit(Retr(number)).unwrap();
    }
    link.session.submit(Quit).unwrap();
    link.run();
    assert!(link.peer.is_closed());
    (link, records)
}

#[test]
fn resumption_is_recorded_and_counted() {
    let authority = Authority::new();
    let server = Arc::new(authority.server());
    let tls = authority.client("localhost");
    let sessions = [false, true].map(|resumes| {
        let peer = Peer::implicit_tls(Some(mail_in_tls()), Arc::clone(&server));
        let mut link = Link::implicit_tls(tls.clone(), peer);
        let records = Records::default();
        link.session.set_observer(Box::new(records.clone()));
        link.session.submit(Quit).unwrap();
        link.wait(2);
        link.run();
        let statistics = link.session.statistics();
        assert!(statistics.tls_handshake.is_some());
        assert_eq!(statistics.tls_resumed, resumes);
        records.shown().join("\n").contains(", resumed\n")
    });
    assert_eq!(sessions, [false, true]);
}

#[test]
fn every_line_inside_tls_is_recorded_once() {
    for stls in [false, true] {
        let shown = [usize::MAX, 1].map(|part| {
            let (link, records) = session(stls, part);
            let mut sent = link.peer.received_in_cleartext.clone();
            sent.extend_from_slice(&link.peer.received);
            records.show_all_sent(&sent).unwrap();
            let statistics = link.session.statistics();
            assert_eq!(statistics.sent, sent.len() as u64);
            let lines = sent.iter().filter(|octet| **octet == b'\n').count();
            assert_eq!(statistics.commands, lines as u64);
            assert_eq!(statistics.wire_sent, link.written.len() as u64);
            assert_eq!(statistics.wire_received, link.read as u64);
            assert_eq!(statistics.messages, 2);
            assert!(statistics.wire_received > statistics.received);
            records.shown()
        });
        assert_eq!(shown[0], shown[1]);
        let text = shown[0].join("\n");
        assert!(!text.contains("secret"), "{text}");
        let handshake = text.find("* TLS handshake begins\n* TLS 1.3, TLS13_");
        let stls_reply = text.find("> STLS\n< +OK");
        assert!(handshake.is_some(), "{text}");
        assert_eq!(stls, stls_reply.is_some(), "{text}");
        assert!(text.contains("> RETR 1\n"), "{text}");
        assert!(text.ends_with("* closed"), "{text}");
    }
}
