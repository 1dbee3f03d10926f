//! Handshakes that fail.

use pop3_proto::{
    Error, Event,
    error::{Closed, Timeout, TlsErrorKind, TransportErrorKind},
};
use rustls::version::TLS13;

use pop3_testkit::tls::authority::{Authority, names};
use pop3_testkit::tls::link::{ALERT, HANDSHAKE, Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_tls};

/// A session that has sent its ClientHello, and a server that has not answered yet.
fn after_client_hello() -> Link {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.session.submit(login()).unwrap();
    assert!(link.write());
    link
}

fn error_kind(events: &[Event]) -> TlsErrorKind {
    match end_of(events) {
        Err(Error::Tls(error)) => error.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn server_without_tls_is_reported_as_not_tls() {
    for octets in [
        &b"+OK POP3 ready\r\n"[..],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        &[0; 64],
        &[0xff; 64],
    ] {
        let mut link = after_client_hello();
        link.peer.forget_tls();
        link.peer.inject(octets);
        assert_eq!(error_kind(&link.run()), TlsErrorKind::NotTls);
        assert_eq!(link.records(0), [HANDSHAKE, ALERT]);
    }
}

#[test]
fn close_during_handshake_is_a_tls_error() {
    for octets in [0, 1, 5, 40] {
        let mut link = after_client_hello();
        let answer = link.peer.take();
        link.peer.forget_tls();
        link.peer.inject(&answer[..octets]);
        let events = link.end();
        let Err(Error::Tls(error)) = end_of(&events) else {
            panic!("{events:?}");
        };
        assert!(error.text.contains("closed"), "{error}");
        // The connection expects nothing more and has sent no POP3 command.
        assert!(!link.session.wants_read());
    }
}

#[test]
fn no_common_tls_version_is_incompatible() {
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
    assert_eq!(error_kind(&events), TlsErrorKind::Incompatible);
    let error = end_of(&events).expect_err("no TLS").to_string();
    assert!(error.contains("none of the TLS versions"), "{error}");
}

#[test]
fn t_04_handshake_times_out_after_30_seconds() {
    let mut link = after_client_hello();
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
    assert_eq!(
        end_of(&events),
        Err(Error::Timeout(Timeout::TlsHandshake {
            channel: pop3_proto::Channel::ImplicitTls
        }))
    );
    assert_eq!(link.peer.received, b"");
}

#[test]
fn slow_handshake_does_not_extend_the_deadline() {
    let mut link = after_client_hello().cut(Box::new(|_| 1));
    for _ in 0..29 {
        assert!(link.read());
        link.wait(1);
        assert_eq!(link.session.poll_event(), None);
    }
    assert!(link.read());
    link.wait(1);
    let events = link.run();
    assert_eq!(
        end_of(&events),
        Err(Error::Timeout(Timeout::TlsHandshake {
            channel: pop3_proto::Channel::ImplicitTls
        }))
    );
}

#[test]
fn slowly_sent_client_hello_keeps_the_deadline() {
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
        Err(Error::Timeout(Timeout::TlsHandshake {
            channel: pop3_proto::Channel::ImplicitTls
        }))
    );
}

#[test]
fn greeting_deadline_starts_after_the_handshake() {
    let mut link = after_client_hello();
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
    assert_eq!(
        end_of(&link.run()),
        Err(Error::Timeout(Timeout::Greeting {
            channel: pop3_proto::Channel::ImplicitTls
        }))
    );
}

#[test]
fn failed_client_hello_is_not_sent_again() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.break_writes();
    assert!(!link.session.wants_write(), "the write has failed");
    assert!(link.session.wants_read(), "an -ERR may follow");
    link.wait(30);
    let Err(Error::Transport(error)) = end_of(&link.run()) else {
        panic!();
    };
    assert_eq!(error.kind, TransportErrorKind::Reset);
}

#[test]
fn failed_batch_is_not_sent_again() {
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
    assert!(link.session.wants_read(), "an -ERR may follow");
    link.peer.say(b"-ERR [SYS/TEMP] going down\r\n");
    let Err(Error::Closed(closed)) = end_of(&link.run()) else {
        panic!();
    };
    assert!(matches!(*closed, Closed::UnsolicitedErr(_)), "{closed:?}");
    assert!(
        !link.session.wants_write(),
        "no record follows a partly sent one"
    );
}
