//! Servers that are identified by their public key alone.

use std::sync::Arc;

use pop3_proto::error::TlsErrorKind;
use pop3_proto::tls::{ClientTls, Roots, TlsOptions};
use pop3_proto::{Error, Event};
use rcgen::{BasicConstraints, IsCa, date_time_ymd};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use sha2::{Digest as _, Sha256};

use pop3_testkit::tls::authority::{Authority, Identity, names};
use pop3_testkit::tls::link::{Link, end_of};
use pop3_testkit::tls::peer::Peer;

fn digest(identity: &Identity) -> [u8; 32] {
    Sha256::digest(identity.public_key()).into()
}

fn pinned(digests: &[[u8; 32]]) -> Arc<ClientConfig> {
    TlsOptions::trusting(Roots::Pinned(digests.to_vec()))
        .client_config()
        .unwrap()
}

/// Connects to `localhost`. Returns the error, if TLS fails.
fn connect(
    trust: &Arc<ClientConfig>,
    server: &Identity,
    version: &'static SupportedProtocolVersion,
) -> Result<(), Error> {
    let peer = Peer::implicit_tls(None, server.clone().server_with(&[version]));
    let tls = ClientTls::new(Arc::clone(trust), "localhost").unwrap();
    let mut link = Link::implicit_tls(tls, peer);
    let events: Vec<Event> = link.run();
    match link.session.tls() {
        Some(_) => Ok(()),
        None => Err(end_of(&events).unwrap_err()),
    }
}

/// Asserts that the server's key is not accepted, or not its proof.
#[track_caller]
fn assert_rejected(trust: &Arc<ClientConfig>, server: &Identity, text: &str) {
    for version in [&TLS12, &TLS13] {
        match connect(trust, server, version) {
            Err(Error::Tls(error)) => {
                assert_eq!(error.kind, TlsErrorKind::Certificate, "{error}");
                assert!(error.to_string().contains(text), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn pinned_key_is_accepted_whatever_its_certificate() {
    let mut expired = names(&["localhost"]);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut ca = names(&["localhost"]);
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificates = [
        Identity::self_signed(&names(&["localhost"])),
        Identity::self_signed(&names(&["mail.example.org"])),
        Identity::self_signed(&expired),
        Identity::self_signed(&ca),
        Authority::new().certify(names(&["localhost"])),
    ];
    for server in &certificates {
        // One of several keys is enough.
        let trust = pinned(&[[0; 32], digest(server)]);
        for version in [&TLS12, &TLS13] {
            assert_eq!(connect(&trust, server, version), Ok(()));
        }
    }
}

#[test]
fn renewed_certificate_with_pinned_key_is_accepted() {
    let server = Identity::self_signed(&names(&["localhost"]));
    let renewed = server.self_signed_again(&names(&["localhost"]));
    assert_ne!(server.certificate(), renewed.certificate());
    assert_eq!(
        connect(&pinned(&[digest(&server)]), &renewed, &TLS13),
        Ok(())
    );
}

#[test]
fn other_key_is_rejected_and_its_digest_shown() {
    let server = Identity::self_signed(&names(&["localhost"]));
    let other = Identity::self_signed(&names(&["localhost"]));
    let shown: String = digest(&other).map(|octet| format!("{octet:02x}")).concat();
    assert_rejected(&pinned(&[digest(&server)]), &other, &shown);
}

#[test]
fn pinned_key_of_an_issuer_is_not_enough() {
    let issuer = Identity::self_signed(&names(&["localhost"]));
    let server = Authority::new().certify(names(&["localhost"]));
    assert_rejected(&pinned(&[digest(&issuer)]), &server, "is not pinned");
}

#[test]
fn server_without_the_pinned_key_is_rejected() {
    let server = Identity::self_signed(&names(&["localhost"]));
    let trust = pinned(&[digest(&server)]);
    let text = "the server does not have its key";
    assert_rejected(&trust, &server.without_its_key(), text);
}

#[test]
fn empty_list_of_keys_is_an_error() {
    let error = TlsOptions::trusting(Roots::Pinned(Vec::new()))
        .client_config()
        .unwrap_err();
    assert_eq!(error.kind, TlsErrorKind::NotConfigured);
    assert!(error.to_string().contains("no key is pinned"), "{error}");
}
