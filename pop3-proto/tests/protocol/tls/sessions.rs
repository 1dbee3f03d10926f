//! Complete sessions, with the ciphertext split at different places.

use std::sync::Arc;

use pop3_proto::{Dele, Quit, Retr, Stat, Uidl, command::ListOne, tls::ClientTls};
use rustls::crypto::ring;
use rustls::version::TLS12;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use pop3_testkit::tls::authority::{Authority, Identity, names};
use pop3_testkit::tls::link::{APPLICATION_DATA, Cut, Link, login, random, record_types, story};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext, mail_in_tls};

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    ImplicitTls,
    Stls,
}

struct World {
    authority: Authority,
    server: ServerConfig,
}

impl World {
    fn new() -> Self {
        let authority = Authority::new();
        let server = authority.server();
        Self { authority, server }
    }

    /// Runs a session with replies of all kinds. Returns the events of the application.
    fn session(&self, mode: Mode, cut: Cut) -> (Vec<String>, Link) {
        let tls = self.authority.client("localhost");
        let link = match mode {
            Mode::ImplicitTls => {
                let peer = Peer::implicit_tls(Some(mail_in_tls()), self.server.clone());
                Link::implicit_tls(tls, peer)
            }
            Mode::Stls => {
                let peer = Peer::plain(Some(mail_in_cleartext()), self.server.clone());
                Link::plain(tls, peer)
            }
        };
        let mut link = link.cut(cut);
        link.session.submit(login()).unwrap();
        link.session.submit(Stat).unwrap();
        link.session.submit(Uidl).unwrap();
        for number in [1, 2] {
            link.session
                .submit(Retr(number.try_into().unwrap()))
                .unwrap();
        }
        link.session.submit(Dele(1.try_into().unwrap())).unwrap();
        link.session.submit(Quit).unwrap();
        let events = link.run();
        assert!(link.peer.is_closed());
        (story(&events), link)
    }
}

fn whole() -> Cut {
    Box::new(|octets| octets)
}

#[test]
fn session_over_implicit_tls_completes() {
    let (story, link) = World::new().session(Mode::ImplicitTls, whole());
    assert_eq!(link.peer.received_in_cleartext, b"");
    assert!(link.peer.received.starts_with(b"CAPA\r\nUSER alice\r\n"));
    assert!(link.peer.received.ends_with(b"DELE 1\r\nQUIT\r\n"));
    assert!(
        story
            .iter()
            .any(|line| line.starts_with("\"hello\\r\\n\" Ok("))
    );
    assert_eq!(story.last().unwrap(), "Closed(Ok(()))");
}

#[test]
fn session_over_stls_completes() {
    let (story, link) = World::new().session(Mode::Stls, whole());
    assert_eq!(link.peer.received_in_cleartext, b"CAPA\r\nSTLS\r\n");
    // The capabilities from before TLS are requested again.
    assert!(link.peer.received.starts_with(b"CAPA\r\nUSER alice\r\n"));
    assert_eq!(story.last().unwrap(), "Closed(Ok(()))");
}

#[test]
fn session_over_tls_1_2_is_the_same() {
    let mut world = World::new();
    let (expected, _) = world.session(Mode::Stls, whole());
    let identity = world.authority.certify(names(&["localhost"]));
    world.server = identity.server_with(&[&TLS12]);
    for mode in [Mode::Stls, Mode::ImplicitTls] {
        let (story, link) = world.session(mode, whole());
        let protocol = link.session.tls().unwrap().protocol.clone();
        assert_eq!(protocol.as_deref(), Some("TLSv1_2"));
        assert_eq!(story, expected);
    }
}

#[test]
fn session_completes_octet_by_octet() {
    let world = World::new();
    for mode in [Mode::ImplicitTls, Mode::Stls] {
        let (expected, _) = world.session(mode, whole());
        assert_eq!(world.session(mode, Box::new(|_| 1)).0, expected);
    }
}

#[test]
fn single_split_does_not_change_the_session() {
    let world = World::new();
    for mode in [Mode::ImplicitTls, Mode::Stls] {
        let (expected, link) = world.session(mode, whole());
        // Handshakes take time, so only every seventh place is tried; random splits cover the
        // others.
        for place in (1..link.read + link.written.len()).step_by(7) {
            let mut before = place;
            let cut = move |octets: usize| match before {
                0 => octets,
                _ => {
                    let piece = octets.min(before);
                    before -= piece;
                    piece
                }
            };
            let (story, _) = world.session(mode, Box::new(cut));
            assert_eq!(story, expected, "cut at {place}");
        }
    }
}

#[test]
fn random_splits_do_not_change_the_session() {
    let world = World::new();
    for mode in [Mode::ImplicitTls, Mode::Stls] {
        let (expected, _) = world.session(mode, whole());
        for seed in 0..60 {
            let (mut random, most) = (random(seed), 1 << (seed % 11));
            let cut = move |octets: usize| (random() as usize % most + 1).min(octets);
            let (story, _) = world.session(mode, Box::new(cut));
            assert_eq!(story, expected, "cuts of seed {seed}, up to {most} octets");
        }
    }
}

#[test]
fn batch_is_one_tls_record() {
    let world = World::new();
    let tls = world.authority.client("localhost");
    let peer = Peer::implicit_tls(Some(mail_in_tls()), world.server.clone());
    let mut link = Link::implicit_tls(tls, peer);
    link.session.submit(login()).unwrap();
    link.run();
    for number in 1..=100 {
        let command = ListOne((number % 2 + 1).try_into().unwrap());
        link.session.submit(command).unwrap();
    }
    let octets = link.session.transmit().to_vec();
    assert_eq!(record_types(&octets), [APPLICATION_DATA]);
    assert!(octets.len() > 100 * "LIST 1\r\n".len());
}

#[test]
fn custom_client_config_is_used() {
    let identity = Identity::self_signed(&names(&["localhost"]));
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tls = ClientTls::new(Arc::new(config), "localhost").unwrap();
    let peer = Peer::implicit_tls(Some(mail_in_tls()), identity.server());
    let mut link = Link::implicit_tls(tls, peer);
    link.session.submit(login()).unwrap();
    link.run();
    let info = link.session.tls().unwrap();
    assert_eq!(info.protocol.as_deref(), Some("TLSv1_2"));
}
