//! The transition to TLS with STLS (RFC 2595 section 4).

use pop3_proto::{
    Channel, Config, Connection, Error, Event, Instant, Phase, Quirk,
    command::{GetCapabilities, StartTls},
    error::{SecurityError, TlsError, TlsErrorKind},
    tls::TlsInfo,
};

use pop3_testkit::tls::authority::Authority;
use pop3_testkit::tls::link::{ALERT, HANDSHAKE, Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext};

const CAPABILITIES: &[u8] = b"+OK\r\nSTLS\r\nPIPELINING\r\n.\r\n";

/// A session that has sent STLS; the test writes the server's replies.
fn after_stls() -> Link {
    let authority = Authority::new();
    let peer = Peer::plain(None, authority.server());
    let mut link = Link::plain(authority.client("localhost"), peer);
    link.session.submit(login()).unwrap();
    link.peer.say(b"+OK hello <a@b>\r\n");
    link.run();
    link.peer.say(CAPABILITIES);
    link.run();
    assert_eq!(link.written, b"CAPA\r\nSTLS\r\n");
    link
}

#[test]
fn octets_with_stls_reply_prevent_the_handshake() {
    for injected in [&b"\r\n"[..], b"+OK\r\n", b"\x16\x03\x03\x00\x01\x00", b" "] {
        let mut link = after_stls();
        link.peer.inject(&[b"+OK begin TLS\r\n", injected].concat());
        let events = link.run();
        let attack = Error::from(SecurityError::ResponseInjection);
        assert_eq!(end_of(&events), Err(attack));
        assert_eq!(link.written, b"CAPA\r\nSTLS\r\n", "no ClientHello was sent");
        assert!(!link.session.wants_write() && !link.session.wants_read());
    }
}

#[test]
fn t_06b_injected_octets_fail_the_handshake() {
    for hello_first in [false, true] {
        let mut link = after_stls();
        link.peer.inject(b"+OK begin TLS\r\n");
        assert!(link.read());
        if hello_first {
            assert!(link.write());
        }
        link.peer.forget_tls();
        link.peer.inject(b"+OK maildrop ready\r\n");
        let events = link.run();
        let Err(Error::Tls(error)) = end_of(&events) else {
            panic!("{events:?}");
        };
        assert_eq!(error.kind, TlsErrorKind::NotTls);
        let stls = "CAPA\r\nSTLS\r\n".len();
        assert_eq!(link.records(stls), [HANDSHAKE, ALERT], "{hello_first}");
    }
}

#[test]
fn t_08_greeting_and_capabilities_are_discarded_after_stls() {
    let mut link = after_stls();
    let greeting = link.session.greeting().unwrap();
    assert!(greeting.challenge.is_some());
    assert!(link.session.capabilities().unwrap().stls());
    link.peer.inject(b"+OK begin TLS\r\n");
    assert!(link.read());
    link.peer.start_tls();
    link.run();
    // The capabilities inside TLS have been requested, but not received yet.
    assert_eq!(link.peer.received, b"CAPA\r\n");
    assert!(link.session.tls().is_some());
    assert_eq!(link.session.greeting(), None);
    assert_eq!(link.session.capabilities(), None);
}

#[test]
fn pipelining_advertised_before_tls_is_ignored() {
    let mut link = after_stls();
    link.peer.inject(b"+OK begin TLS\r\n");
    assert!(link.read());
    link.peer.start_tls();
    link.run();
    link.peer.say(b"-ERR what?\r\n");
    link.run();
    assert_eq!(link.peer.received, b"CAPA\r\nUSER alice\r\n");
    link.peer.say(b"+OK\r\n");
    link.run();
    link.peer.say(b"+OK\r\n");
    for _ in 0..2 {
        link.session.submit(pop3_proto::command::Noop).unwrap();
    }
    link.run();
    assert!(link.peer.received.ends_with(b"PASS secret\r\nNOOP\r\n"));
}

#[test]
fn stls_reply_after_a_pending_event_starts_tls() {
    let mut link = after_stls();
    link.peer.inject(b"\r\n+OK begin TLS\r\n");
    assert!(link.read());
    assert!(!link.session.wants_write());
    let blank = Event::Quirk(Quirk::BlankLine);
    assert_eq!(link.session.poll_event(), Some(blank));
    assert!(link.session.wants_write(), "the ClientHello");
    assert!(link.write());
    assert_eq!(link.records("CAPA\r\nSTLS\r\n".len()), [HANDSHAKE]);
}

#[test]
fn starttls_works_without_a_login() {
    let authority = Authority::new();
    let peer = Peer::plain(Some(mail_in_cleartext()), authority.server());
    let mut link = Link::plain(authority.client("localhost"), peer);
    link.session.submit(StartTls).unwrap();
    link.run();
    assert!(link.session.tls().is_some());
    assert_eq!(link.session.phase(), Phase::Authorization);
    link.session.submit(GetCapabilities).unwrap();
    link.run();
    assert_eq!(link.peer.received, b"CAPA\r\n", "CAPA was sent once");
}

#[test]
fn connection_without_tls_stack_wants_tls() {
    let now = Instant::ORIGIN;
    let session = Connection::new(Config::default(), Channel::ImplicitTls, now);
    assert!(session.wants_tls());
    assert!(!session.wants_read() && !session.wants_write());

    let authority = Authority::new();
    let peer = Peer::plain(Some(mail_in_cleartext()), authority.server());
    let session = Connection::new(Config::default(), Channel::Plain, now);
    let mut link = Link::new(session, peer);
    assert!(!link.session.wants_tls());
    link.session.submit(login()).unwrap();
    link.run();
    assert!(link.session.wants_tls());
    assert!(!link.session.wants_read() && !link.session.wants_write());
    assert_eq!(link.written, b"CAPA\r\nSTLS\r\n");
    link.session.tls_established(TlsInfo::default(), now);
    assert!(!link.session.wants_tls());
    assert_eq!(link.session.transmit(), b"CAPA\r\n");
}

#[test]
fn tls_failed_ends_the_connection() {
    let now = Instant::ORIGIN;
    let mut session = Connection::new(Config::default(), Channel::ImplicitTls, now);
    let cause = TlsError::new(TlsErrorKind::Other, "no suite in common");
    session.tls_failed(cause.clone(), now);
    assert!(!session.wants_tls() && !session.wants_write());
    assert_eq!(session.error(), Some(&Error::Tls(cause)));
}

#[test]
fn connection_with_tls_stack_never_wants_tls() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let link = Link::implicit_tls(authority.client("localhost"), peer);
    assert!(!link.session.wants_tls());
    assert!(link.session.wants_write() && link.session.wants_read());
}

#[test]
fn tls_failed_is_ignored_with_built_in_tls() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    let cause = TlsError::new(TlsErrorKind::Other, "from another stack");
    link.session.tls_failed(cause, Instant::ORIGIN);
    assert_eq!(link.session.error(), None);
    assert!(link.session.wants_write() && link.session.wants_read());
}
