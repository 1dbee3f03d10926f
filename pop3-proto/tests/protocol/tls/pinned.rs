//! Certificates that are roots and the server's own at once: appliances sign theirs themselves.

use std::sync::Arc;

use pop3_proto::{Error, error::TlsErrorKind, tls::ClientTls};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, date_time_ymd};
use rustls::ClientConfig;
use rustls::version::{TLS12, TLS13};

use pop3_testkit::tls::authority::{Identity, names};
use pop3_testkit::tls::link::{Link, end_of};
use pop3_testkit::tls::peer::Peer;

/// A certificate for localhost that is also an authority's (`CA:TRUE`).
fn of_an_authority() -> CertificateParams {
    let mut params = names(&["localhost"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// What a handshake with `host` ends with, under both versions of TLS.
#[track_caller]
fn outcome(host: &str, trust: &Arc<ClientConfig>, server: &Identity) -> Result<(), String> {
    let [one, other] = [&TLS12, &TLS13].map(|version| {
        let peer = Peer::implicit_tls(None, server.clone().server_with(&[version]));
        let tls = ClientTls::new(trust.clone(), host).unwrap();
        let mut link = Link::implicit_tls(tls, peer);
        let events = link.run();
        if link.session.tls().is_some() {
            return Ok(());
        }
        let Err(Error::Tls(error)) = end_of(&events) else {
            panic!("{events:?}");
        };
        assert_eq!(error.kind, TlsErrorKind::Certificate, "{error}");
        assert!(!error.to_string().contains("OtherError"), "{error}");
        Err(error.to_string())
    });
    assert_eq!(one, other);
    one
}

#[test]
fn a_pinned_authority_certificate_is_accepted() {
    let server = Identity::self_signed(&of_an_authority());
    assert_eq!(outcome("localhost", &server.trust(), &server), Ok(()));
}

#[test]
fn a_pinned_certificate_of_no_authority_is_accepted() {
    let server = Identity::self_signed(&names(&["localhost"]));
    assert_eq!(outcome("localhost", &server.trust(), &server), Ok(()));
}

#[test]
fn an_authority_certificate_that_is_not_pinned_is_rejected_in_words() {
    let pinned = Identity::self_signed(&of_an_authority());
    for server in [
        Identity::self_signed(&of_an_authority()),
        // The same key and the same names are not the same certificate.
        pinned.self_signed_again(&of_an_authority_of(2)),
    ] {
        let error = outcome("localhost", &pinned.trust(), &server).unwrap_err();
        assert!(
            error.contains("certificate of an authority (CA:TRUE)"),
            "{error}"
        );
    }
}

fn of_an_authority_of(serial: u64) -> CertificateParams {
    let mut params = of_an_authority();
    params.serial_number = Some(serial.into());
    params
}

#[test]
fn a_pinned_certificate_for_another_host_is_rejected() {
    for params in [of_an_authority(), names(&["localhost"])] {
        let server = Identity::self_signed(&params);
        for host in ["pop.example.org", "ocalhost", "127.0.0.1"] {
            let error = outcome(host, &server.trust(), &server).unwrap_err();
            assert!(error.contains("not valid for name"), "{error}");
        }
    }
}

#[test]
fn a_pinned_certificate_out_of_its_time_is_rejected() {
    for (from, until, word) in [(2019, 2020, "expired"), (3000, 3001, "not valid yet")] {
        for mut params in [of_an_authority(), names(&["localhost"])] {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
            let server = Identity::self_signed(&params);
            let error = outcome("localhost", &server.trust(), &server).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}

#[test]
fn a_pinned_certificate_without_its_key_is_rejected() {
    let pinned = Identity::self_signed(&of_an_authority());
    let trust = pinned.trust();
    let error = outcome("localhost", &trust, &pinned.without_its_key()).unwrap_err();
    assert!(error.contains("BadSignature"), "{error}");
}

#[test]
fn a_pinned_authority_still_certifies_others() {
    let authority = pop3_testkit::tls::authority::Authority::new();
    let server = authority.certify(names(&["localhost"]));
    assert_eq!(outcome("localhost", &authority.trust(), &server), Ok(()));
}

#[test]
fn what_rustls_has_no_words_for_is_told_in_words() {
    let mut params = names(&["localhost"]);
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    let server = Identity::self_signed(&params);
    let error = outcome("localhost", &server.trust(), &server).unwrap_err();
    assert_eq!(
        error,
        "TLS failed: invalid peer certificate: unsupported critical extension"
    );
}
