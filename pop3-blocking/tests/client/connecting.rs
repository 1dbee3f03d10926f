//! Connecting, and its errors.

use std::net::{TcpListener, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use pop3_blocking::{
    Connector, Endpoint, Error,
    config::StlsPolicy,
    connect, connect_with,
    error::{
        Closed, Misuse, ProtocolError, SecurityError, Timeout, TlsErrorKind, TransportErrorKind,
    },
    tls::Roots,
};

use super::support::{Scripted, alice, cleartext, embedded, trusting};

#[test]
fn stls_and_implicit_tls_reach_the_mailbox() {
    let server = embedded(2);
    for endpoint in [server.plain(), server.implicit_tls()] {
        let mut client = connect_with(&endpoint, &trusting(&server)).unwrap();
        assert!(
            client
                .greeting()
                .is_some_and(|greeting| !greeting.text.is_empty())
        );
        client.login(alice()).unwrap();
        let info = client.tls().unwrap();
        assert_eq!(info.protocol.as_deref(), Some("TLSv1_3"));
        assert!(info.alpn);
        assert_eq!(client.stat().unwrap().messages, 2);
        assert_eq!(client.quirks(), []);
        assert!(client.transport().get_ref().nodelay().unwrap());
    }
}

#[test]
fn greeting_is_discarded_after_stls() {
    let server = embedded(1);
    let mut client = connect_with(&server.plain(), &trusting(&server)).unwrap();
    assert!(client.greeting().is_some());
    client.start_tls().unwrap();
    assert_eq!(client.greeting(), None);
    assert_eq!(client.greeting(), None);
}

#[test]
fn stls_can_be_called_explicitly_once() {
    let server = embedded(1);
    let mut connector = trusting(&server);
    connector.config.stls = StlsPolicy::Off;
    let mut client = connect_with(&server.plain(), &connector).unwrap();
    client.start_tls().unwrap();
    assert!(client.tls().is_some());
    assert_eq!(client.start_tls(), Err(Misuse::TlsActive.into()));
    client.login(alice()).unwrap();
    assert_eq!(client.stat().unwrap().messages, 1);
}

#[test]
fn certificate_is_verified_for_an_ip_address() {
    let server = embedded(1);
    let port = server.implicit_tls().port();
    let endpoint = Endpoint::implicit_tls("127.0.0.1", Some(port));
    let mut client = connect_with(&endpoint, &trusting(&server)).unwrap();
    client.login(alice()).unwrap();
}

#[test]
fn untrusted_certificate_is_rejected() {
    let (server, other) = (embedded(1), embedded(1));
    // The other authority has the same name and a different key.
    for (connector, kind) in [
        (Connector::default(), TlsErrorKind::UnknownIssuer),
        (trusting(&other), TlsErrorKind::Certificate),
    ] {
        let Err(Error::Tls(error)) = connect_with(&server.implicit_tls(), &connector) else {
            panic!("the certificate is not trusted");
        };
        assert_eq!(error.kind, kind);
        // With STLS the error occurs at the login.
        let mut client = connect_with(&server.plain(), &connector).unwrap();
        let Err(Error::Tls(error)) = client.login(alice()) else {
            panic!("the certificate is not trusted");
        };
        assert_eq!(error.kind, kind);
    }
    // The server still works.
    connect_with(&server.implicit_tls(), &trusting(&server)).unwrap();
}

#[test]
fn tls_server_on_a_cleartext_port_is_detected() {
    // The server waits for a ClientHello, and answers invalid octets with an alert.
    let server = Scripted::start(|wire| {
        wire.send_octets(b"\x15\x03\x03\x00\x02\x02\x46");
        wire.read_to_end();
    });
    let error = connect(&server.plain()).unwrap_err();
    assert_eq!(error, ProtocolError::TlsRecord.into());
    assert!(error.to_string().contains("pop3s"), "{error}");
    assert_eq!(server.received(), "");
}

#[test]
fn tls_server_without_greeting_times_out() {
    let server = embedded(1);
    let mut connector = cleartext();
    connector.config.timeouts.greeting = Duration::from_millis(100);
    let endpoint = Endpoint::plain("localhost", Some(server.implicit_tls().port()));
    let error = connect_with(&endpoint, &connector).unwrap_err();
    assert_eq!(
        error,
        Error::Timeout(Timeout::Greeting {
            channel: pop3_blocking::proto::Channel::Plain
        })
    );
}

#[test]
fn cleartext_server_on_a_tls_port_is_detected() {
    let server = embedded(1);
    let endpoint = Endpoint::implicit_tls("localhost", Some(server.plain().port()));
    let Err(Error::Tls(error)) = connect_with(&endpoint, &trusting(&server)) else {
        panic!("the server does not use TLS");
    };
    assert_eq!(error.kind, TlsErrorKind::NotTls);
}

#[test]
fn greeting_of_another_protocol_is_rejected() {
    let server = Scripted::start(|wire| {
        wire.send("220 mail.example.org ESMTP\r\n");
        wire.read_to_end();
    });
    let error = connect_with(&server.plain(), &cleartext()).unwrap_err();
    assert!(error.to_string().contains("not a POP3 server"), "{error}");
    assert!(error.to_string().contains("ESMTP"), "{error}");
    server.received();
}

#[test]
fn close_without_a_greeting_is_reported() {
    let server = Scripted::start(|_| {});
    let error = connect_with(&server.plain(), &cleartext()).unwrap_err();
    assert_eq!(
        error,
        Closed::NoGreeting {
            channel: pop3_blocking::proto::Channel::Plain
        }
        .into()
    );
    server.received();
}

#[test]
fn server_without_stls_receives_no_password() {
    let server = Scripted::start(|wire| {
        wire.send("+OK ready\r\n");
        wire.expect_octets("CAPA\r\n");
        wire.send("+OK\r\nUSER\r\n.\r\n");
        wire.read_to_end();
    });
    let mut client = connect(&server.plain()).unwrap();
    let error = client.login(alice()).unwrap_err();
    assert_eq!(
        error,
        SecurityError::StlsUnavailable { last_err: None }.into()
    );
    drop(client);
    assert_eq!(server.received(), "CAPA\r\n");
}

#[test]
fn connection_refused_is_reported() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    for host in ["127.0.0.1", "localhost"] {
        let error = connect(&Endpoint::plain(host, Some(port))).unwrap_err();
        let Error::Transport(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.kind, TransportErrorKind::Refused);
        for address in (host, port).to_socket_addrs().unwrap() {
            assert!(error.text.contains(&address.to_string()), "{error}");
        }
        assert!(!error.writing);
    }
}

#[test]
fn unknown_host_is_reported() {
    // RFC 6761 section 6.4 guarantees that it does not exist.
    let error = connect(&Endpoint::plain("pop.invalid", None)).unwrap_err();
    let Error::Transport(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind, TransportErrorKind::NameResolution);
    assert!(error.text.contains("pop.invalid"), "{error}");
}

// What happens to connections beyond the backlog depends on the system.
#[cfg(target_os = "linux")]
#[test]
fn connect_timeout_applies_to_a_full_backlog() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Fill the backlog with clients that are never accepted.
    let patience = Duration::from_millis(300);
    let waiting: Vec<_> =
        std::iter::from_fn(|| TcpStream::connect_timeout(&address, patience).ok())
            .take(5000)
            .collect();
    let mut connector = cleartext();
    connector.config.timeouts.connect = patience;
    let endpoint = Endpoint::plain("127.0.0.1", Some(address.port()));
    let error = connect_with(&endpoint, &connector).unwrap_err();
    assert_eq!(
        error,
        Error::Timeout(Timeout::Connect),
        "after {} others",
        waiting.len()
    );
}

#[test]
fn invalid_root_certificates_are_rejected() {
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\n"] {
        let error = Roots::from_pem(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind, TlsErrorKind::NotConfigured, "{text:?}");
    }
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let mut connector = Connector::default();
    connector.tls.roots = Some(Roots::from_pem(damaged.as_bytes()).unwrap());
    let server = embedded(0);
    let Err(Error::Tls(error)) = connect_with(&server.implicit_tls(), &connector) else {
        panic!("these are not root certificates");
    };
    assert_eq!(error.kind, TlsErrorKind::NotConfigured);
}
