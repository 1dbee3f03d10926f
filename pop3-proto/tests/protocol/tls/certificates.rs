//! Whom a session trusts.

use pop3_proto::{Error, Event, error::TlsErrorKind, tls::ClientTls};
use rcgen::{CertificateParams, DnType, date_time_ymd};
use rustls::AlertDescription;
use rustls::version::{TLS12, TLS13};

use pop3_testkit::tls::authority::{Authority, Identity, names};
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext, mail_in_tls};

/// A server with this certificate is not talked to: an alert leaves, no POP3 inside TLS, and only
/// then the application is told.
fn is_refused(host: &str, authority: &Authority, identity: impl Fn() -> Identity) {
    for version in [&TLS12, &TLS13] {
        let server = identity().server_with(&[version]);
        let implicit = Peer::implicit_tls(Some(mail_in_tls()), server.clone());
        let stls = Peer::plain(Some(mail_in_cleartext()), server);
        for mut link in [
            Link::implicit_tls(authority.client(host), implicit),
            Link::plain(authority.client(host), stls),
        ] {
            link.session.submit(login()).unwrap();
            refuses(&mut link);
        }
    }
}

fn refuses(link: &mut Link) {
    while link.peer.failure.is_none() {
        // The greeting in clear is all that an application hears.
        while let Some(event) = link.session.poll_event() {
            assert!(matches!(event, Event::Greeting(_)), "{event:?}");
        }
        assert!(link.step(), "no alert came: {:?}", link.session);
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
    assert_eq!(error.kind, TlsErrorKind::Certificate);
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
fn a_certificate_of_a_trusted_authority_is_accepted() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.run();
    assert!(link.session.tls().is_some());
}

#[test]
fn t_12_a_self_signed_certificate_is_refused() {
    let authority = Authority::new();
    is_refused("localhost", &authority, || {
        Identity::self_signed(&for_localhost())
    });
}

#[test]
fn t_12_an_unknown_authority_is_refused() {
    for name in ["somebody", "the authority"] {
        let stranger = Authority::named(name);
        is_refused("localhost", &Authority::new(), || {
            stranger.certify(for_localhost())
        });
    }
}

#[test]
fn t_12_a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    for host in ["pop.example.org", "localhost.example.org", "ocalhost"] {
        is_refused(host, &authority, || authority.certify(for_localhost()));
    }
}

#[test]
fn t_12_a_wildcard_is_for_one_label() {
    let authority = Authority::new();
    let wildcard = || authority.certify(names(&["*.example.org"]));
    is_refused("a.b.example.org", &authority, wildcard);
    is_refused("example.org", &authority, wildcard);
    let peer = Peer::implicit_tls(None, wildcard().server());
    let mut link = Link::implicit_tls(authority.client("pop.example.org"), peer);
    link.run();
    assert!(link.session.tls().is_some());
}

#[test]
fn t_12_a_wildcard_for_a_whole_top_level_domain_is_refused() {
    let authority = Authority::new();
    is_refused("example.com", &authority, || {
        authority.certify(names(&["*.com"]))
    });
}

#[test]
fn t_12_an_expired_certificate_is_refused() {
    let authority = Authority::new();
    is_refused("localhost", &authority, || {
        let mut params = for_localhost();
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        authority.certify(params)
    });
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_refused() {
    let authority = Authority::new();
    is_refused("localhost", &authority, || {
        let mut params = for_localhost();
        params.not_before = date_time_ymd(3000, 1, 1);
        authority.certify(params)
    });
}

#[test]
fn t_12_a_common_name_is_no_name() {
    let authority = Authority::new();
    is_refused("localhost", &authority, || {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        authority.certify(params)
    });
}

#[test]
fn t_12_an_ip_address_needs_a_certificate_for_it() {
    let authority = Authority::new();
    is_refused("127.0.0.1", &authority, || {
        authority.certify(names(&["localhost", "127.0.0.2"]))
    });
}

#[test]
fn a_host_that_no_certificate_can_be_for_is_refused_at_once() {
    let trust = Authority::new().trust();
    for host in ["", "not a name", "a..b", "pop.example.org:995"] {
        let error = ClientTls::new(trust.clone(), host).unwrap_err();
        assert_eq!(error.kind, TlsErrorKind::Certificate, "{host:?}");
    }
}

#[test]
fn an_alert_that_cannot_leave_hides_nothing() {
    let authority = Authority::new();
    let stranger = Authority::named("somebody");
    let failing = || {
        let peer = Peer::implicit_tls(None, stranger.server());
        let mut link = Link::implicit_tls(authority.client("localhost"), peer);
        assert!(link.write() && link.read());
        assert!(link.session.wants_write() && !link.session.wants_read());
        assert_eq!(link.session.poll_event(), None);
        link
    };
    let kind_of_end = |mut link: Link| match end_of(&link.run()) {
        Err(Error::Tls(error)) => error.kind,
        other => panic!("{other:?}"),
    };

    let mut link = failing();
    link.break_writes();
    assert_eq!(kind_of_end(link), TlsErrorKind::Certificate);

    // The server takes no octets.
    let mut link = failing();
    link.wait(29);
    assert_eq!(link.session.poll_event(), None);
    link.wait(1);
    assert_eq!(kind_of_end(link), TlsErrorKind::Certificate);
}
