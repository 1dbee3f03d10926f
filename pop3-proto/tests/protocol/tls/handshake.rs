//! Handshakes that come to nothing.

use pop3_proto::{
    Error, Event,
    error::{Closed, Timeout, TlsErrorKind, TransportErrorKind},
};
use rustls::version::TLS13;

use pop3_testkit::tls::authority::{Authority, names};
use pop3_testkit::tls::link::{ALERT, HANDSHAKE, Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_tls};

/// A session that has written its ClientHello, and a peer that has answered nothing yet.
fn greeted_by_nobody() -> Link {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.session.submit(login()).unwrap();
    assert!(link.write());
    link
}

fn kind_of_end(events: &[Event]) -> TlsErrorKind {
    match end_of(events) {
        Err(Error::Tls(error)) => error.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_told_so() {
    for octets in [
        &b"+OK POP3 ready\r\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        &[0; 64],
        &[0xff; 64],
    ] {
        let mut link = greeted_by_nobody();
        link.peer.forget_tls();
        link.peer.inject(octets);
        assert_eq!(kind_of_end(&link.run()), TlsErrorKind::NotTls);
        assert_eq!(link.records(0), [HANDSHAKE, ALERT]);
    }
}

#[test]
fn a_server_that_closes_in_the_handshake_is_a_tls_failure() {
    for octets in [0, 1, 5, 40] {
        let mut link = greeted_by_nobody();
        let answer = link.peer.take();
        link.peer.forget_tls();
        link.peer.inject(&answer[..octets]);
        let events = link.end();
        let Err(Error::Tls(error)) = end_of(&events) else {
            panic!("{events:?}");
        };
        assert!(error.text.contains("closed"), "{error}");
        // Nothing is awaited, and nothing of POP3 has left.
        assert!(!link.session.wants_read());
    }
}

#[test]
fn versions_and_suites_have_to_meet() {
    let authority = Authority::new();
    let identity = authority.certify(names(&["localhost"]));
    let peer = Peer::implicit_tls(Some(mail_in_tls()), identity.server_with(&[&TLS13]));
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let old = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let tls = pop3_proto::tls::ClientTls::new(std::sync::Arc::new(old), "localhost").unwrap();
    let mut link = Link::implicit_tls(tls, peer);
    let events = link.run();
    assert_eq!(kind_of_end(&events), TlsErrorKind::Incompatible);
    // The error says what rustls does, and how to put another TLS underneath.
    let error = end_of(&events).expect_err("no TLS").to_string();
    for words in ["TLS 1.2", "TLS 1.3", "wants_tls"] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn t_04_a_handshake_has_thirty_seconds() {
    let mut link = greeted_by_nobody();
    let deadline = link.session.poll_timeout().unwrap();
    assert_eq!(
        deadline
            .duration_since(pop3_proto::Instant::ORIGIN)
            .as_secs(),
        30
    );
    link.wait(29);
    assert_eq!(link.session.poll_event(), None);
    link.wait(1);
    let events = link.run();
    assert_eq!(end_of(&events), Err(Error::Timeout(Timeout::TlsHandshake)));
    assert_eq!(link.peer.received, b"");
}

#[test]
fn a_handshake_that_trickles_has_no_more() {
    let mut link = greeted_by_nobody().cut(Box::new(|_| 1));
    for _ in 0..29 {
        assert!(link.read());
        link.wait(1);
        assert_eq!(link.session.poll_event(), None);
    }
    assert!(link.read());
    link.wait(1);
    let events = link.run();
    assert_eq!(end_of(&events), Err(Error::Timeout(Timeout::TlsHandshake)));
}

#[test]
fn a_hello_that_trickles_out_has_no_more_either() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let link = Link::implicit_tls(authority.client("localhost"), peer);
    let mut link = link.cut(Box::new(|_| 1));
    for _ in 0..29 {
        assert!(link.write());
        link.wait(1);
        assert_eq!(link.session.poll_event(), None);
    }
    assert!(link.write());
    link.wait(1);
    assert_eq!(
        end_of(&link.run()),
        Err(Error::Timeout(Timeout::TlsHandshake))
    );
}

#[test]
fn the_greeting_has_its_own_time_behind_the_handshake() {
    let mut link = greeted_by_nobody();
    link.wait(20);
    assert_eq!(link.run(), []);
    assert!(link.session.tls().is_some());
    let deadline = link.session.poll_timeout().unwrap();
    assert_eq!(
        deadline
            .duration_since(pop3_proto::Instant::ORIGIN)
            .as_secs(),
        80
    );
    link.wait(60);
    assert_eq!(end_of(&link.run()), Err(Error::Timeout(Timeout::Greeting)));
}

#[test]
fn a_hello_that_cannot_leave_is_not_tried_again() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.break_writes();
    assert!(!link.session.wants_write(), "the write has failed");
    assert!(link.session.wants_read(), "there may be last words");
    link.wait(30);
    let Err(Error::Transport(error)) = end_of(&link.run()) else {
        panic!();
    };
    assert_eq!(error.kind, TransportErrorKind::Reset);
}

#[test]
fn a_flight_that_cannot_leave_is_not_tried_again() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.peer.say(b"+OK\r\n");
    link.run();
    link.session.submit(login()).unwrap();
    assert!(link.session.wants_write());
    let started = link.session.transmit().len() / 2;
    link.session.transmitted(started, link.now);
    link.break_writes();
    assert!(!link.session.wants_write(), "the write has failed");
    assert!(link.session.wants_read(), "there may be last words");
    link.peer.say(b"-ERR [SYS/TEMP] going down\r\n");
    let Err(Error::Closed(closed)) = end_of(&link.run()) else {
        panic!();
    };
    assert!(matches!(*closed, Closed::UnsolicitedErr(_)), "{closed:?}");
    assert!(!link.session.wants_write(), "no record follows a cut one");
}
