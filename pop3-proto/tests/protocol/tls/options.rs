//! The options of TLS: client certificates from PEM, versions, providers, and no verification.

use std::sync::Arc;

use pop3_proto::error::{TlsError, TlsErrorKind};
use pop3_proto::tls::{ClientCertificate, ClientCertificateError, Roots, TlsOptions, TlsVersions};
use pop3_proto::{Connector, Endpoint, Error, Instant, Quit};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};

use pop3_testkit::tls::authority::{Authority, Identity, names};
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_tls};

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions::trusting(Roots::Only(vec![authority.certificate()]))
}

/// Runs a session of a connector with these options.
fn session(
    options: &TlsOptions,
    server: impl Into<Arc<ServerConfig>>,
) -> (Link, Result<(), Error>) {
    let mut connector = Connector::default();
    connector.tls = options.clone();
    let endpoint = Endpoint::implicit_tls("localhost", None);
    let session = connector.connection(&endpoint, Instant::ORIGIN).unwrap();
    let mut link = Link::new(session, Peer::implicit_tls(Some(mail_in_tls()), server));
    link.session.submit(login()).unwrap();
    link.session.submit(Quit).unwrap();
    let end = end_of(&link.run());
    (link, end)
}

fn tls_error(end: Result<(), Error>) -> TlsError {
    match end {
        Err(Error::Tls(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Returns a self-signed client certificate and its key, as PEM.
fn client_pem() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["joe".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn client_certificate_from_pem_is_presented() {
    let authority = Authority::new();
    let (certificate, key) = client_pem();
    let both = [key.as_str(), certificate.as_str()].concat();
    for (certificate, key) in [(&certificate, &key), (&both, &both)] {
        for version in [&TLS12, &TLS13] {
            let pair = ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes());
            let mut options = trusting(&authority);
            options.client_certificate = Some(pair.unwrap());
            let (link, end) = session(&options, requiring(&authority, certificate, version));
            assert_eq!(end, Ok(()));
            let presented = link.peer.tls.unwrap().peer_certificates().unwrap().len();
            assert_eq!(presented, 1);
        }
    }
}

/// A server that trusts only this client certificate.
fn requiring(
    authority: &Authority,
    pem: &str,
    version: &'static SupportedProtocolVersion,
) -> ServerConfig {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let provider = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_cert_resolver(authority.server().cert_resolver)
}

#[test]
fn wrong_part_of_a_client_certificate_is_named() {
    use ClientCertificateError as Why;
    let (certificate, key) = client_pem();
    let damaged = certificate.replace("MII", "***");
    let not_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let second = [certificate.as_str(), not_der].concat();
    let encrypted = key.replace(" PRIVATE", " ENCRYPTED PRIVATE");
    let old_encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\
                         DEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let cut = key.replace("-----END PRIVATE KEY-----", "");
    for (certificate, key, why, word) in [
        ("", key.as_str(), Why::NoCertificate, "BEGIN CERTIFICATE"),
        (&key, &key, Why::NoCertificate, "no certificate"),
        (
            &damaged,
            &key,
            Why::DamagedCertificate { number: 1 },
            "certificate 1",
        ),
        (
            &second,
            &key,
            Why::DamagedCertificate { number: 2 },
            "certificate 2",
        ),
        (&certificate, "", Why::NoKey, "BEGIN PRIVATE KEY"),
        (&certificate, &certificate, Why::NoKey, "no private key"),
        (&certificate, &encrypted, Why::EncryptedKey, "openssl pkey"),
        (
            &certificate,
            old_encrypted,
            Why::EncryptedKey,
            "openssl pkey",
        ),
        (&certificate, &cut, Why::DamagedKey, "damaged"),
    ] {
        let error = ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes());
        let error = error.unwrap_err();
        assert_eq!(error, why);
        assert!(error.to_string().contains(word), "{error}");
        let tls = TlsError::from(error);
        assert_eq!(tls.kind, TlsErrorKind::NotConfigured, "{tls}");
        assert!(tls.text.contains("client certificate"), "{tls}");
    }
}

#[test]
fn unusable_key_is_reported_before_connecting() {
    let (certificate, _) = client_pem();
    let (_, other_key) = client_pem();
    let not_a_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (key, text) in [
        (
            other_key.as_str(),
            "does not belong to the first certificate",
        ),
        (not_a_key, "the private key cannot be used"),
    ] {
        let pair = ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
        assert!(!format!("{pair:?}").contains("48"), "the key is not shown");
        let mut connector = Connector::default();
        connector.tls = trusting(&Authority::new());
        connector.tls.client_certificate = Some(pair);
        for endpoint in [
            Endpoint::implicit_tls("localhost", None),
            Endpoint::plain("localhost", None),
        ] {
            let error = connector
                .connection(&endpoint, Instant::ORIGIN)
                .unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}

#[test]
fn versions_limit_what_is_negotiated() {
    let authority = Authority::new();
    for (versions, server, negotiated) in [
        (TlsVersions::Tls12AndTls13, &[&TLS12, &TLS13][..], "TLSv1_3"),
        (TlsVersions::Tls12AndTls13, &[&TLS12], "TLSv1_2"),
        (TlsVersions::OnlyTls12, &[&TLS12, &TLS13], "TLSv1_2"),
        (TlsVersions::OnlyTls13, &[&TLS12, &TLS13], "TLSv1_3"),
    ] {
        let mut options = trusting(&authority);
        options.versions = versions;
        let identity = authority.certify(names(&["localhost"]));
        let (link, end) = session(&options, identity.server_with(server));
        assert_eq!(end, Ok(()));
        let protocol = link.session.tls().unwrap().protocol.clone();
        assert_eq!(protocol.as_deref(), Some(negotiated));
    }
}

#[test]
fn version_that_is_not_offered_is_named() {
    let authority = Authority::new();
    for (versions, server, words) in [
        (
            TlsVersions::OnlyTls13,
            &TLS12,
            "the server does not support TLS 1.3, the only version that is offered: offer TLS 1.2 as \
             well (TlsOptions::versions)",
        ),
        (
            TlsVersions::OnlyTls12,
            &TLS13,
            "the server does not support TLS 1.2, the only version that is offered: offer TLS 1.3 as \
             well (TlsOptions::versions)",
        ),
    ] {
        let mut options = trusting(&authority);
        options.versions = versions;
        let identity = authority.certify(names(&["localhost"]));
        let (link, end) = session(&options, identity.server_with(&[server]));
        let error = tls_error(end);
        assert_eq!(error.kind, TlsErrorKind::Incompatible);
        assert!(error.text.contains(words), "{error}");
        assert_eq!(link.peer.received, b"", "no downgrade");
    }
}

#[test]
fn provider_is_chosen_for_one_connector() {
    let authority = Authority::new();
    let suite = ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
    let mut options = trusting(&authority);
    options.provider = Some(Arc::new(CryptoProvider {
        cipher_suites: vec![suite],
        ..ring::default_provider()
    }));
    let shown = format!("{options:?}");
    assert!(shown.contains("provider: true"), "{shown}");
    // The provider has no cipher suite for TLS 1.2.
    options.versions = TlsVersions::OnlyTls13;
    let (link, end) = session(&options, authority.server());
    assert_eq!(end, Ok(()));
    let used = link.session.tls().unwrap().cipher_suite.clone();
    assert_eq!(used, Some(format!("{:?}", suite.suite())));

    options.versions = TlsVersions::OnlyTls12;
    let error = options.client_config().unwrap_err();
    assert_eq!(error.kind, TlsErrorKind::NotConfigured, "{error}");
}

#[test]
fn options_that_a_complete_config_replaces_are_rejected() {
    let authority = Authority::new();
    let config = Some(authority.trust());
    let (certificate, key) = client_pem();
    let pair = ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap();
    let mut cases: [(&str, TlsOptions); 4] = [
        ("roots", trusting(&authority)),
        ("client_certificate", TlsOptions::default()),
        ("versions", TlsOptions::default()),
        ("provider", TlsOptions::default()),
    ];
    cases[1].1.client_certificate = Some(pair);
    cases[2].1.versions = TlsVersions::OnlyTls13;
    cases[3].1.provider = Some(Arc::new(ring::default_provider()));
    for (field, mut options) in cases {
        options.config.clone_from(&config);
        let error = options.client_config().unwrap_err();
        assert!(
            error.text.contains(&format!("TlsOptions::{field} ")),
            "{error}"
        );
    }
    let mut options = TlsOptions::default();
    options.config = config;
    assert_eq!(session(&options, authority.server()).1, Ok(()));
}

#[test]
fn t_12_unverified_mode_is_visible() {
    let anyone = TlsOptions::trusting(Roots::DangerAcceptAnyCertificate);
    let mut expired = names(&["another.example.org"]);
    expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
    for params in [names(&["localhost"]), expired] {
        let server = Identity::self_signed(&params);
        let (link, end) = session(&anyone, server.server());
        assert_eq!(end, Ok(()));
        let info = link.session.tls().unwrap();
        assert!(info.unverified);
        assert!(
            info.to_string().ends_with(", CERTIFICATE NOT VERIFIED"),
            "{info}"
        );
        assert!(format!("{info:?}").contains("unverified: true"), "{info:?}");
    }
    let shown = format!("{anyone:?}");
    assert!(shown.contains("DangerAcceptAnyCertificate"), "{shown}");
    // A configuration of rustls could not show it.
    let error = anyone.client_config().unwrap_err();
    assert!(error.text.contains("DangerAcceptAnyCertificate"), "{error}");

    let authority = Authority::new();
    let (link, _) = session(&trusting(&authority), authority.server());
    let info = link.session.tls().unwrap();
    assert!(
        !info.unverified && !info.to_string().contains("NOT"),
        "{info}"
    );
}

#[test]
fn t_12_unverified_server_must_have_its_key() {
    let anyone = TlsOptions::trusting(Roots::DangerAcceptAnyCertificate);
    for version in [&TLS12, &TLS13] {
        let server = Identity::self_signed(&names(&["localhost"])).without_its_key();
        let (link, end) = session(&anyone, server.server_with(&[version]));
        let error = tls_error(end);
        assert_eq!(error.kind, TlsErrorKind::Certificate);
        assert_eq!(link.peer.received, b"");
    }
}
