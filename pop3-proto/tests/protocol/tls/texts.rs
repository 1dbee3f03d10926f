//! What the errors of TLS say, from real handshakes: `errors.txt` has the whole texts.

use std::sync::Arc;

use pop3_proto::Event;
use pop3_proto::error::{TransportError, TransportErrorKind};
use pop3_proto::tls::{ClientTls, Roots, TlsOptions};
use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

use pop3_testkit::tls::authority::{Authority, Identity, names};
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext, mail_in_tls};

/// A server's certificate signed with SHA-1, the authority's, and the server's key.
const SHA1: &[u8] = include_bytes!("sha1.pem");

/// The text of each error, with the case that leads to it.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let authority = Authority::new();
    let mut texts = vec![
        ("the certificate has expired", {
            let mut params = names(&["localhost"]);
            params.not_before = date_time_ymd(2019, 1, 1);
            params.not_after = date_time_ymd(2020, 2, 29);
            rejected(&authority, "localhost", authority.certify(params))
        }),
        ("the certificate is not valid yet", {
            let mut params = names(&["localhost"]);
            params.not_before = date_time_ymd(3000, 12, 31);
            rejected(&authority, "localhost", authority.certify(params))
        }),
        ("the certificate is for another host", {
            let params = names(&["mail.example.org", "*.example.org", "127.0.0.2"]);
            rejected(&authority, "localhost", authority.certify(params))
        }),
        ("the certificate has no names", {
            let params = rcgen::CertificateParams::default();
            rejected(&authority, "localhost", authority.certify(params))
        }),
        ("the names in the certificate are dangerous to display", {
            let mut params = names(&["localhost"]);
            let name = "evil\u{1b}[2J".to_owned().try_into().unwrap();
            params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
            rejected(&authority, "localhost", authority.certify(params))
        }),
        ("the issuer is unknown", {
            let stranger = Authority::named("somewhere else");
            rejected(
                &authority,
                "localhost",
                stranger.certify(names(&["localhost"])),
            )
        }),
        ("the server does not have the key of its certificate", {
            let identity = authority.certify(names(&["localhost"]));
            rejected(&authority, "localhost", identity.without_its_key())
        }),
        ("a CA certificate is presented as the server's own", {
            let mut params = names(&["localhost"]);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            rejected(&authority, "localhost", authority.certify(params))
        }),
        ("the certificate is only for clients", {
            let mut params = names(&["localhost"]);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            rejected(&authority, "localhost", authority.certify(params))
        }),
        ("the certificate is signed with SHA-1", signed_with_sha1()),
        (
            "the key is not pinned",
            with_fixed_key(Roots::Pinned(vec![[0; 32]])),
        ),
        (
            "no certificate can be valid for the host",
            ClientTls::new(authority.trust(), "a..b\u{1b}")
                .unwrap_err()
                .to_string(),
        ),
    ];
    for (version, case) in [
        (&TLS12, "a client certificate is required, with TLS 1.2"),
        (&TLS13, "a client certificate is required, with TLS 1.3"),
    ] {
        let server = requires_client_certificate(&authority, version);
        texts.push((case, with_server(&authority, server)));
    }
    texts.extend([
        (
            "the server supports only TLS 1.1",
            injected(&server_hello(0x0302)),
        ),
        ("the server rejects the version", injected(&alert(70))),
        ("the server rejects the handshake", injected(&alert(40))),
        ("the server does not serve this name", injected(&alert(112))),
        ("the server reports an internal error", injected(&alert(80))),
        ("the port does not use TLS", injected(b"+OK POP3 ready\r\n")),
        (
            "the server does not start TLS after STLS",
            after_stls(b"+OK again\r\n"),
        ),
        ("the server does not know pop3 (ALPN)", {
            let mut server = authority.server();
            server.alpn_protocols = vec![b"http/1.1".to_vec()];
            with_server(&authority, server)
        }),
    ]);
    texts.extend([
        (
            "the server closes during the handshake",
            in_handshake(|link| link.end()),
        ),
        (
            "the connection is reset during the handshake",
            in_handshake(reset),
        ),
        (
            "the handshake times out",
            in_handshake(|link| {
                link.wait(0);
                link.wait(30);
                link.run()
            }),
        ),
        (
            "the server closes during the handshake after STLS",
            stls_begun(|link| link.end()),
        ),
        (
            "the connection is reset during the handshake after STLS",
            stls_begun(reset),
        ),
        (
            "the handshake after STLS times out",
            stls_begun(|link| {
                link.wait(0);
                link.wait(30);
                link.run()
            }),
        ),
    ]);
    texts.extend([
        (
            "the PEM text has no certificate",
            Roots::from_pem(b"text").unwrap_err().to_string(),
        ),
        (
            "the PEM text is damaged",
            Roots::from_pem(b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n")
                .unwrap_err()
                .to_string(),
        ),
        (
            "a root is damaged",
            TlsOptions::trusting(Roots::Only(vec![CertificateDer::from(vec![0])]))
                .client_config()
                .unwrap_err()
                .to_string(),
        ),
        (
            "no key is pinned",
            TlsOptions::trusting(Roots::Pinned(Vec::new()))
                .client_config()
                .unwrap_err()
                .to_string(),
        ),
    ]);
    texts
}

fn error_in(events: &[Event]) -> String {
    end_of(events).expect_err("no TLS").to_string()
}

fn reset(link: &mut Link) -> Vec<Event> {
    let cause = TransportError::new(TransportErrorKind::Reset, "Connection reset by peer");
    link.session.handle_read_error(cause, link.now);
    link.run()
}

/// A handshake with a server that has this identity, over implicit TLS and over STLS.
fn rejected(authority: &Authority, host: &str, identity: Identity) -> String {
    let server = Arc::new(identity.server());
    let implicit = Peer::implicit_tls(Some(mail_in_tls()), Arc::clone(&server));
    let stls = Peer::plain(Some(mail_in_cleartext()), server);
    let [one, other] = [
        Link::implicit_tls(authority.client(host), implicit),
        Link::plain(authority.client(host), stls),
    ]
    .map(|mut link| {
        link.session.submit(login()).unwrap();
        error_in(&link.run())
    });
    assert_eq!(one, other);
    one
}

fn with_server(authority: &Authority, server: ServerConfig) -> String {
    let peer = Peer::implicit_tls(Some(mail_in_tls()), server);
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.session.submit(login()).unwrap();
    error_in(&link.run())
}

fn signed_with_sha1() -> String {
    let authority = CertificateDer::pem_slice_iter(SHA1).nth(1).unwrap();
    with_fixed_key(Roots::Only(vec![authority.unwrap()]))
}

/// A handshake with the server that has the certificate in [`SHA1`].
fn with_fixed_key(roots: Roots) -> String {
    let own = CertificateDer::from_pem_slice(SHA1).unwrap();
    let key = PrivateKeyDer::from_pem_slice(SHA1).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own], key)
        .unwrap();
    let trust = TlsOptions::trusting(roots).client_config().unwrap();
    let tls = ClientTls::new(trust, "localhost").unwrap();
    let mut link = Link::implicit_tls(tls, Peer::implicit_tls(None, server));
    error_in(&link.run())
}

fn requires_client_certificate(
    authority: &Authority,
    version: &'static rustls::SupportedProtocolVersion,
) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate()).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_cert_resolver(authority.server().cert_resolver)
}

/// A session with implicit TLS that has sent its ClientHello.
fn hello_sent() -> Link {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    assert!(link.write());
    link.peer.forget_tls();
    link
}

fn in_handshake(act: impl FnOnce(&mut Link) -> Vec<Event>) -> String {
    error_in(&act(&mut hello_sent()))
}

fn injected(octets: &[u8]) -> String {
    in_handshake(|link| {
        link.peer.inject(octets);
        link.run()
    })
}

/// A session with STLS that has sent its ClientHello.
fn stls_begun(act: impl FnOnce(&mut Link) -> Vec<Event>) -> String {
    let authority = Authority::new();
    let mut link = Link::plain(
        authority.client("localhost"),
        Peer::plain(Some(mail_in_cleartext()), authority.server()),
    );
    link.session.submit(login()).unwrap();
    // From now on, the server does not read TLS.
    link.peer.stops_reading = true;
    link.run();
    assert!(link.peer.tls.is_some());
    link.peer.forget_tls();
    link.peer.server = None;
    error_in(&act(&mut link))
}

fn after_stls(octets: &[u8]) -> String {
    stls_begun(|link| {
        link.peer.inject(octets);
        link.run()
    })
}

/// A fatal alert in cleartext (RFC 8446 section 6).
fn alert(description: u8) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description]
}

/// A ServerHello of this version without extensions (RFC 5246 section 7.4.1.3).
fn server_hello(version: u16) -> Vec<u8> {
    let [major, minor] = version.to_be_bytes();
    let mut hello = vec![22, major, minor, 0, 42, 2, 0, 0, 38, major, minor];
    hello.extend([7; 32]);
    // No session id, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, no compression.
    hello.extend([0, 0xc0, 0x13, 0]);
    hello
}

#[test]
fn tls_errors_are_sentences() {
    for (case, text) in all() {
        // No Rust values.
        for debug in ["Error", "{ ", "Context", "::new", "Some("] {
            let quoted = text.split(" (rustls: ").next().unwrap();
            assert!(!quoted.contains(debug), "{case}: {text}");
        }
        assert!(!text.contains(char::is_control), "{case}: {text}");
        assert!(text.len() < 300, "{case}: {text}");
    }
}

#[test]
fn tls_errors_name_cause_and_remedy() {
    let texts = all();
    for (case, words) in [
        ("the certificate has expired", "expired on 2020-02-29"),
        (
            "the certificate is not valid yet",
            "not valid before 3000-12-31",
        ),
        (
            "the certificate is for another host",
            "not valid for the host localhost but only for mail.example.org, *.example.org, 127.0.0.2",
        ),
        ("the issuer is unknown", "not signed by a trusted authority"),
        (
            "a CA certificate is presented as the server's own",
            "CA certificate (CA:TRUE)",
        ),
        (
            "the certificate is signed with SHA-1",
            "no longer trusted (SHA-1)",
        ),
        (
            "a client certificate is required, with TLS 1.2",
            "requires a client certificate",
        ),
        (
            "a client certificate is required, with TLS 1.3",
            "requires a client certificate",
        ),
        ("the server supports only TLS 1.1", "only TLS 1.1 or older"),
        ("the server rejects the version", "only TLS 1.1 or older"),
        ("the port does not use TLS", "this port does not use TLS"),
        ("the port does not use TLS", "try pop3://"),
        ("the server closes during the handshake", "try pop3://"),
        (
            "the connection is reset during the handshake",
            "during the TLS handshake",
        ),
        (
            "the connection is reset during the handshake",
            "try pop3://",
        ),
        ("the handshake times out", "try pop3://"),
    ] {
        let text = texts.iter().find(|(name, _)| *name == case);
        let (_, text) = text.expect(case);
        assert!(text.contains(words), "{case}: {text}");
    }
    // The URL has this scheme already.
    for (case, text) in texts {
        assert!(
            !case.contains("STLS") || !text.contains("try "),
            "{case}: {text}"
        );
    }
}

#[test]
fn only_unknown_issuer_gives_hint_about_roots() {
    for (case, text) in all() {
        let hint = text.contains("TlsOptions::roots");
        assert_eq!(hint, case == "the issuer is unknown", "{case}: {text}");
    }
}
