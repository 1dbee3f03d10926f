//! What both sides negotiate in the handshake: host name, protocol and channel binding.

use std::sync::Arc;

use pop3_proto::{
    Channel, Connector, Endpoint, Error, Instant, Quit, config::StlsPolicy, error::TlsErrorKind,
    tls::ClientTls,
};
use rustls::ClientConfig;
use rustls::version::{TLS12, TLS13};

use pop3_testkit::tls::authority::{Authority, names};
use pop3_testkit::tls::link::{Link, end_of, login};
use pop3_testkit::tls::peer::{Peer, mail_in_cleartext, mail_in_tls};

#[test]
fn host_name_is_sent_to_the_server() {
    let authority = Authority::new();
    let peer = Peer::implicit_tls(None, authority.server());
    let mut link = Link::implicit_tls(authority.client("localhost"), peer);
    link.run();
    assert_eq!(link.peer.tls.unwrap().server_name(), Some("localhost"));
}

#[test]
fn ip_address_is_verified_without_sni() {
    let authority = Authority::new();
    for address in ["127.0.0.1", "::1"] {
        let peer = Peer::implicit_tls(None, authority.certify(names(&[address])).server());
        let mut link = Link::implicit_tls(authority.client(address), peer);
        link.run();
        assert!(link.session.tls().is_some());
        assert_eq!(link.peer.tls.unwrap().server_name(), None);
    }
}

/// Sessions with a server that supports these protocols, over implicit TLS and STLS.
fn with_protocols(known: &[&str], alpn: bool) -> [(Link, Result<(), Error>); 2] {
    let authority = Authority::new();
    let mut server = authority.server();
    server.alpn_protocols = known.iter().map(|name| name.as_bytes().to_vec()).collect();
    let tls = || {
        let tls = authority.client("localhost");
        if alpn { tls } else { tls.without_alpn() }
    };
    let implicit = Peer::implicit_tls(Some(mail_in_tls()), server.clone());
    let stls = Peer::plain(Some(mail_in_cleartext()), server);
    [
        Link::implicit_tls(tls(), implicit),
        Link::plain(tls(), stls),
    ]
    .map(|mut link| {
        link.session.submit(login()).unwrap();
        link.session.submit(Quit).unwrap();
        let end = end_of(&link.run());
        (link, end)
    })
}

#[test]
fn t_15_alpn_pop3_is_offered_and_accepted() {
    for (link, end) in with_protocols(&["pop3"], true) {
        assert_eq!(end, Ok(()));
        assert!(link.session.tls().unwrap().alpn);
        let agreed = link.peer.tls.as_ref().unwrap().alpn_protocol();
        assert_eq!(agreed, Some(&b"pop3"[..]));
    }
}

#[test]
fn t_15_server_without_alpn_is_accepted() {
    for (link, end) in with_protocols(&[], true) {
        assert_eq!(end, Ok(()));
        assert!(!link.session.tls().unwrap().alpn);
    }
}

#[test]
fn t_15_alpn_mismatch_fails_with_a_hint() {
    for (link, end) in with_protocols(&["http/1.1"], true) {
        let Err(Error::Tls(error)) = end else {
            panic!("{end:?}");
        };
        assert_eq!(error.kind, TlsErrorKind::NoApplicationProtocol);
        assert!(error.text.contains("without_alpn"), "{error}");
        assert_eq!(link.peer.received, b"");
    }
}

#[test]
fn without_alpn_offers_no_protocol() {
    for known in [&["http/1.1"][..], &["pop3"], &[]] {
        for (link, end) in with_protocols(known, false) {
            assert_eq!(end, Ok(()));
            assert!(!link.session.tls().unwrap().alpn);
            assert_eq!(link.peer.tls.as_ref().unwrap().alpn_protocol(), None);
        }
    }
}

#[test]
fn configured_alpn_protocols_are_offered() {
    let authority = Authority::new();
    let mut server = authority.server();
    server.alpn_protocols = vec![b"mail".to_vec()];
    let mut config = ClientConfig::clone(&authority.trust());
    config.alpn_protocols = vec![b"mail".to_vec()];
    let tls = ClientTls::new(Arc::new(config), "localhost").unwrap();
    let mut link = Link::implicit_tls(tls, Peer::implicit_tls(None, server));
    link.run();
    let agreed = link.peer.tls.as_ref().unwrap().alpn_protocol();
    assert_eq!(agreed, Some(&b"mail"[..]));
}

#[test]
fn connector_without_alpn_offers_no_protocol() {
    let authority = Authority::new();
    for without_alpn in [true, false] {
        let mut server = authority.server();
        server.alpn_protocols = vec![b"pop3".to_vec()];
        let mut connector = Connector::default();
        connector.tls.config = Some(authority.trust());
        connector.tls.alpn = !without_alpn;
        let endpoint = Endpoint::implicit_tls("localhost", None);
        let session = connector.connection(&endpoint, Instant::ORIGIN).unwrap();
        let mut link = Link::new(session, Peer::implicit_tls(None, server));
        link.run();
        let agreed = link.peer.tls.as_ref().unwrap().alpn_protocol();
        assert_eq!(agreed.is_none(), without_alpn);
    }
}

#[test]
fn invalid_tls_host_fails_unless_tls_is_off() {
    let mut connector = Connector::default();
    let no_name = Endpoint::plain("no name", None);
    let error = connector.connection(&no_name, Instant::ORIGIN).unwrap_err();
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
    connector.config.stls = StlsPolicy::Off;
    let session = connector.connection(&no_name, Instant::ORIGIN).unwrap();
    assert_eq!(session.channel(), Channel::Plain);
}

#[test]
fn t_28_exporters_of_both_sides_are_equal() {
    let authority = Authority::new();
    for (version, binds) in [(&TLS13, true), (&TLS12, false)] {
        let identity = authority.certify(names(&["localhost"]));
        let peer = Peer::implicit_tls(None, identity.server_with(&[version]));
        let mut link = Link::implicit_tls(authority.client("localhost"), peer);
        link.run();
        let info = link.session.tls().unwrap();
        assert!(info.cipher_suite.is_some());
        // RFC 9266 section 4.1.
        let servers = link.peer.tls.as_mut().unwrap().export_keying_material(
            [0; 32],
            b"EXPORTER-Channel-Binding",
            Some(b""),
        );
        assert_eq!(info.exporter, servers.ok().filter(|_| binds));
        assert_eq!(info.exporter.is_some(), binds);
        let shown = format!("{info:?}");
        assert!(!shown.contains("exporter"), "{shown}");
    }
}

#[test]
fn t_14_no_early_data_is_sent() {
    let authority = Authority::new();
    assert!(!authority.trust().enable_early_data);
    // A custom configuration may enable early data, and the server may accept it.
    let mut custom = (*authority.trust()).clone();
    custom.enable_early_data = true;
    let custom = Arc::new(custom);
    let mut server = authority.server();
    server.max_early_data_size = 1 << 14;
    server.send_half_rtt_data = true;
    for visit in ["first", "resumed"] {
        let tls = ClientTls::new(Arc::clone(&custom), "localhost").unwrap();
        let peer = Peer::implicit_tls(Some(mail_in_tls()), server.clone());
        let mut link = Link::implicit_tls(tls, peer);
        link.session.submit(login()).unwrap();
        assert!(link.write());
        assert!(!link.session.wants_write(), "only the ClientHello is sent");
        let early = link.peer.tls.as_mut().unwrap().early_data();
        let early = early.map(|mut early| std::io::read_to_string(&mut early).unwrap());
        assert_eq!(early.unwrap_or_default(), "", "{visit}");
        link.session.submit(Quit).unwrap();
        assert_eq!(end_of(&link.run()), Ok(()), "{visit}");
    }
}
