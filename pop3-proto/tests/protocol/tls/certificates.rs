//! Which certificates a session accepts.

use pop3_proto::{Error, Event, error::TlsErrorKind, tls::ClientTls};
use rcgen::{CertificateParams, DnType, date_time_ymd};
use rustls::AlertDescription;
use rustls::version::{TLS12, TLS13};

use pop3_testkit::tls::authority::{Authority, Identity, names};
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext, mail_in_tls};

/// Asserts that the certificate is rejected: an alert is sent, no POP3 inside TLS, and then the
/// application gets the error.
fn assert_rejected(host: &str, authority: &Authority, identity: impl Fn() -> Identity) {
    for version in [&TLS12, &TLS13] {
        let server = identity().server_with(&[version]);
        let implicit = Peer::implicit_tls(Some(mail_in_tls()), server.clone());
        let stls = Peer::plain(Some(mail_in_cleartext()), server);
        for mut link in [
            Link::implicit_tls(authority.client(host), implicit),
            Link::plain(authority.client(host), stls),
        ] {
            link.session.submit(login()).unwrap();
            assert_alert_and_error(&mut link);
        }
    }
}

fn assert_alert_and_error(link: &mut Link) {
    while link.peer.failure.is_none() {
        // The greeting before STLS is the only event.
        while let Some(event) = link.session.poll_event() {
            assert!(matches!(event, Event::Greeting(_)), "{event:?}");
        }
        assert!(link.step(), "no alert was received: {:?}", link.session);
    }
    let failure = link.peer.failure.as_ref().unwrap();
    assert!(
        matches!(
            failure,
            rustls::Error::AlertReceived(
                AlertDescription::UnknownCA
                    | AlertDescription::BadCertificate
                    | AlertDescription::CertificateExpired
                    | AlertDescription::DecryptError
            )
        ),
        "{failure:?}"
    );
    let events = link.run();
    let Err(Error::Tls(error)) = end_of(&events) else {
        panic!("{events:?}");
    };
    assert!(
        matches!(
            error.kind,
            TlsErrorKind::UnknownIssuer | TlsErrorKind::Certificate
        ),
        "{error}"
    );
    assert!(matches!(
        &events[0],
        Event::Reply {
            result: Err(Error::Tls(_)),
            ..
        }
    ));
    assert_eq!(link.peer.received, b"");
    assert!(!link.session.wants_read() && !link.session.wants_write());
}

fn for_localhost() -> CertificateParams {
    names(&["localhost"])
}

#[test]
fn certificate_of_a_trusted_authority_is_accepted() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.run();
    assert!(link.session.tls().is_some());
}

#[test]
fn t_12_self_signed_certificate_is_rejected() {
    let authority = Authority::new();
    assert_rejected("localhost", &authority, || {
        Identity::self_signed(&for_localhost())
    });
}

#[test]
fn t_12_unknown_authority_is_rejected() {
    for name in ["another authority", "the authority"] {
        let stranger = Authority::named(name);
        assert_rejected("localhost", &Authority::new(), || {
            stranger.certify(for_localhost())
        });
    }
}

#[test]
fn t_12_certificate_for_another_host_is_rejected() {
    let authority = Authority::new();
    for host in ["pop.example.org", "localhost.example.org", "ocalhost"] {
        assert_rejected(host, &authority, || authority.certify(for_localhost()));
    }
}

#[test]
fn t_12_wildcard_matches_one_label() {
    let authority = Authority::new();
    let wildcard = || authority.certify(names(&["*.example.org"]));
    assert_rejected("a.b.example.org", &authority, wildcard);
    assert_rejected("example.org", &authority, wildcard);
    let peer = Peer::implicit_tls(None, wildcard().server());
    let mut link = Link::implicit_tls(authority.client("pop.example.org"), peer);
    link.run();
    assert!(link.session.tls().is_some());
}

#[test]
fn t_12_wildcard_for_a_top_level_domain_is_rejected() {
    let authority = Authority::new();
    assert_rejected("example.com", &authority, || {
        authority.certify(names(&["*.com"]))
    });
}

#[test]
fn t_12_expired_certificate_is_rejected() {
    let authority = Authority::new();
    assert_rejected("localhost", &authority, || {
        let mut params = for_localhost();
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        authority.certify(params)
    });
}

#[test]
fn certificate_not_valid_yet_is_rejected() {
    let authority = Authority::new();
    assert_rejected("localhost", &authority, || {
        let mut params = for_localhost();
        params.not_before = date_time_ymd(3000, 1, 1);
        authority.certify(params)
    });
}

#[test]
fn t_12_common_name_is_ignored() {
    let authority = Authority::new();
    assert_rejected("localhost", &authority, || {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        authority.certify(params)
    });
}

#[test]
fn t_12_ip_address_needs_a_matching_certificate() {
    let authority = Authority::new();
    assert_rejected("127.0.0.1", &authority, || {
        authority.certify(names(&["localhost", "127.0.0.2"]))
    });
}

#[test]
fn invalid_host_name_is_rejected_immediately() {
    let trust = Authority::new().trust();
    for host in ["", "not a name", "a..b", "pop.example.org:995"] {
        let error = ClientTls::new(trust.clone(), host).unwrap_err();
        assert_eq!(error.kind, TlsErrorKind::Certificate, "{host:?}");
    }
}

#[test]
fn unsent_alert_keeps_the_certificate_error() {
    let authority = Authority::new();
    let stranger = Authority::named("another authority");
    let failing = || {
        let peer = Peer::implicit_tls(None, stranger.server());
        let mut link = Link::implicit_tls(authority.client("localhost"), peer);
        assert!(link.write() && link.read());
        assert!(link.session.wants_write() && !link.session.wants_read());
        assert_eq!(link.session.poll_event(), None);
        link
    };
    let error_kind = |mut link: Link| match end_of(&link.run()) {
        Err(Error::Tls(error)) => error.kind,
        other => panic!("{other:?}"),
    };

    let mut link = failing();
    link.break_writes();
    assert_eq!(error_kind(link), TlsErrorKind::UnknownIssuer);

    // The server does not read the alert.
    let mut link = failing();
    link.wait(29);
    assert_eq!(link.session.poll_event(), None);
    link.wait(1);
    assert_eq!(error_kind(link), TlsErrorKind::UnknownIssuer);
}
