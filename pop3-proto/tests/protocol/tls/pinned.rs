//! Trusted roots that are also the server's certificate, such as the self-signed ones of
//! appliances.

use std::sync::Arc;

use pop3_proto::{Error, error::TlsErrorKind, tls::ClientTls};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, date_time_ymd};
use rustls::ClientConfig;
use rustls::version::{TLS12, TLS13};

use pop3_testkit::tls::authority::{Identity, names};
use pop3_testkit::tls::link::{Link, end_of};
use pop3_testkit::tls::peer::Peer;

/// A certificate for localhost that is also a CA certificate (`CA:TRUE`).
fn ca_certificate() -> CertificateParams {
    let mut params = names(&["localhost"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// Returns the result of a handshake with `host`, which must not depend on the TLS version.
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
fn pinned_ca_certificate_is_accepted() {
    let server = Identity::self_signed(&ca_certificate());
    assert_eq!(outcome("localhost", &server.trust(), &server), Ok(()));
}

#[test]
fn pinned_end_entity_certificate_is_accepted() {
    let server = Identity::self_signed(&names(&["localhost"]));
    assert_eq!(outcome("localhost", &server.trust(), &server), Ok(()));
}

#[test]
fn unpinned_ca_certificate_is_rejected() {
    let pinned = Identity::self_signed(&ca_certificate());
    for server in [
        Identity::self_signed(&ca_certificate()),
        // The same key and names do not make it the same certificate.
        pinned.self_signed_again(&ca_certificate_with_serial(2)),
    ] {
        let error = outcome("localhost", &pinned.trust(), &server).unwrap_err();
        assert!(error.contains("CA certificate (CA:TRUE)"), "{error}");
    }
}

fn ca_certificate_with_serial(serial: u64) -> CertificateParams {
    let mut params = ca_certificate();
    params.serial_number = Some(serial.into());
    params
}

#[test]
fn pinned_certificate_for_another_host_is_rejected() {
    for params in [ca_certificate(), names(&["localhost"])] {
        let server = Identity::self_signed(&params);
        for host in ["pop.example.org", "ocalhost", "127.0.0.1"] {
            let error = outcome(host, &server.trust(), &server).unwrap_err();
            assert!(error.contains("not valid for the host"), "{error}");
        }
    }
}

#[test]
fn pinned_certificate_outside_its_validity_is_rejected() {
    for (from, until, word) in [(2019, 2020, "expired"), (3000, 3001, "not valid before")] {
        for mut params in [ca_certificate(), names(&["localhost"])] {
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(until, 1, 1);
            let server = Identity::self_signed(&params);
            let error = outcome("localhost", &server.trust(), &server).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}

#[test]
fn pinned_certificate_without_its_key_is_rejected() {
    let pinned = Identity::self_signed(&ca_certificate());
    let trust = pinned.trust();
    let error = outcome("localhost", &trust, &pinned.without_its_key()).unwrap_err();
    assert!(
        error.contains("the server does not have its key"),
        "{error}"
    );
}

#[test]
fn pinned_authority_still_certifies_others() {
    let authority = pop3_testkit::tls::authority::Authority::new();
    let server = authority.certify(names(&["localhost"]));
    assert_eq!(outcome("localhost", &authority.trust(), &server), Ok(()));
}

#[test]
fn unsupported_critical_extension_error_is_readable() {
    let mut params = names(&["localhost"]);
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999], vec![5, 0]);
    extension.set_criticality(true);
    params.custom_extensions.push(extension);
    let server = Identity::self_signed(&params);
    let error = outcome("localhost", &server.trust(), &server).unwrap_err();
    assert_eq!(
        error,
        "TLS failed: the server's certificate is invalid: unsupported critical extension"
    );
}
