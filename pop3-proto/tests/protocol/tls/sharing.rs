//! Sessions that are resumed: only by the same connector, and only with the same options.

use std::sync::Arc;

use pop3_proto::config::StlsPolicy;
use pop3_proto::tls::{Handshake, NoEndPoint, Roots, TlsInfo, TlsVersions};
use pop3_proto::{Connector, Endpoint, Instant, Quit, command::StartTls};
use rustls::ServerConfig;
use rustls::version::{TLS12, TLS13};

use pop3_testkit::tls::authority::{Authority, names};
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext, mail_in_tls};

fn trusting(authority: &Authority) -> Connector {
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::Only(vec![authority.certificate()]));
    connector
}

/// Runs a session, and returns the result of its handshake.
fn visit(connector: &Connector, server: &Arc<ServerConfig>, implicit: bool) -> TlsInfo {
    let (endpoint, peer) = if implicit {
        let peer = Peer::implicit_tls(Some(mail_in_tls()), Arc::clone(server));
        (Endpoint::implicit_tls("localhost", None), peer)
    } else {
        let peer = Peer::plain(Some(mail_in_cleartext()), Arc::clone(server));
        (Endpoint::plain("localhost", None), peer)
    };
    let session = connector.connection(&endpoint, Instant::ORIGIN).unwrap();
    let mut link = Link::new(session, peer);
    link.session.submit(login()).unwrap();
    link.session.submit(Quit).unwrap();
    assert_eq!(end_of(&link.run()), Ok(()));
    link.session.tls().unwrap().clone()
}

fn handshake(connector: &Connector, server: &Arc<ServerConfig>) -> Handshake {
    visit(connector, server, true).handshake.unwrap()
}

#[test]
fn second_connection_resumes_the_session() {
    let authority = Authority::new();
    for version in [&TLS12, &TLS13] {
        for implicit in [true, false] {
            let identity = authority.certify(names(&["localhost"]));
            let server = Arc::new(identity.server_with(&[version]));
            let connector = trusting(&authority);
            let info = visit(&connector, &server, implicit);
            assert_eq!(info.handshake, Some(Handshake::Full));
            for _ in 0..3 {
                let info = visit(&connector, &server, implicit);
                assert_eq!(info.handshake, Some(Handshake::Resumed));
            }
        }
    }
}

#[test]
fn resumed_session_has_the_same_end_point() {
    let authority = Authority::new();
    let identity = authority.certify(names(&["localhost"]));
    let server = Arc::new(identity.server_with(&[&TLS12]));
    let connector = trusting(&authority);
    let [full, resumed] = [true, true].map(|implicit| visit(&connector, &server, implicit));
    assert_eq!(resumed.handshake, Some(Handshake::Resumed));
    assert!(full.end_point.is_ok());
    assert_eq!(resumed.end_point, full.end_point);
    assert_eq!(TlsInfo::default().end_point, Err(NoEndPoint::NotProvided));
}

#[test]
fn connectors_never_share_sessions() {
    let authority = Authority::new();
    let server = Arc::new(authority.server());
    let first = trusting(&authority);
    assert_eq!(handshake(&first, &server), Handshake::Full);
    let clone = first.clone();
    for other in [trusting(&authority), clone] {
        assert_eq!(handshake(&other, &server), Handshake::Full);
        assert_eq!(handshake(&other, &server), Handshake::Resumed);
    }
}

#[test]
fn changed_options_start_without_sessions() {
    let authority = Authority::new();
    let server = Arc::new(authority.server());
    let mut connector = trusting(&authority);
    let changes: [fn(&mut Connector, &Authority); 5] = [
        |_, _| {},
        |connector, _| connector.tls.roots = Some(Roots::DangerAcceptAnyCertificate),
        |connector, authority| {
            connector.tls.roots = Some(Roots::Only(vec![authority.certificate()]));
        },
        |connector, _| connector.tls.versions = TlsVersions::OnlyTls13,
        |connector, _| connector.tls.alpn = false,
    ];
    for change in changes {
        change(&mut connector, &authority);
        assert_eq!(handshake(&connector, &server), Handshake::Full);
        assert_eq!(handshake(&connector, &server), Handshake::Resumed);
    }
    // Settings that do not concern TLS keep the sessions.
    connector.config.stls = StlsPolicy::Off;
    assert_eq!(handshake(&connector, &server), Handshake::Resumed);
}

#[test]
fn retried_handshake_is_reported() {
    let authority = Authority::new();
    let mut server = authority.server();
    // A key exchange for which the client sends no share in its first message.
    let mut provider = rustls::crypto::ring::default_provider();
    provider.kx_groups = vec![rustls::crypto::ring::kx_group::SECP384R1];
    server = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(server.cert_resolver);
    let server = Arc::new(server);
    let info = visit(&trusting(&authority), &server, true);
    assert_eq!(info.handshake, Some(Handshake::FullWithRetry));
}

#[test]
fn tls_is_set_up_only_when_it_is_used() {
    let mut connector = Connector::default();
    // These roots cannot be used.
    connector.tls.roots = Some(Roots::Pinned(Vec::new()));
    let endpoint = Endpoint::plain("localhost", None);
    let error = connector
        .connection(&endpoint, Instant::ORIGIN)
        .unwrap_err();
    assert!(error.to_string().contains("no key is pinned"), "{error}");

    connector.config.stls = StlsPolicy::Off;
    connector.config.allow_insecure_login = true;
    let server = Arc::new(Authority::new().server());
    for tls in [false, true] {
        let session = connector.connection(&endpoint, Instant::ORIGIN).unwrap();
        let mut link = Link::new(
            session,
            Peer::plain(Some(mail_in_cleartext()), Arc::clone(&server)),
        );
        if tls {
            link.session.submit(StartTls).unwrap();
        }
        link.session.submit(login()).unwrap();
        link.session.submit(Quit).unwrap();
        let end = end_of(&link.run());
        match end {
            Ok(()) => assert!(!tls),
            Err(error) => {
                assert!(tls);
                assert!(error.to_string().contains("no key is pinned"), "{error}");
                let login = b"USER";
                let sent = &link.peer.received_in_cleartext;
                assert!(!sent.windows(4).any(|octets| octets == login));
            }
        }
    }
}
