//! What `fetch` prints if a session fails: the phase, and the option that may help.
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use pop3_testkit::program::{fetch, run, script};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::{ServerConfig, ServerConnection};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Starts a server that calls `serve` for each connection. Returns the URL of a user.
fn misbehaving(serve: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            serve(&mut stream.unwrap());
        }
    });
    format!("pop3://joe@{address}")
}

/// Resets the connection, by closing it with unread octets.
fn reset_after(stream: &mut TcpStream, octets: &[u8]) {
    stream.write_all(octets).unwrap();
    let _ = stream.peek(&mut [0]);
}

#[test]
fn network_errors_name_phase_and_other_scheme() {
    let home = home();
    let closes = misbehaving(|_| {});
    let outcome = run(fetch(&home), &["--plaintext", &closes]);
    let text = "the server closed the connection without a greeting; if this port uses TLS from the \
                start (implicit TLS), try pop3s://";
    assert!(outcome.failure().ends_with(text), "{outcome:?}");

    let resets = misbehaving(|stream| reset_after(stream, b""));
    let outcome = run(fetch(&home), &[resets.replace("pop3:", "pop3s:")]);
    let text = "during the TLS handshake; if this port does not use TLS from the start, try pop3:// (STLS)";
    assert!(outcome.failure().ends_with(text), "{outcome:?}");

    let resets = misbehaving(|stream| reset_after(stream, b"+OK ready\r\n"));
    let outcome = run(fetch(&home), &["--plaintext", &resets]);
    let text = "while waiting for the reply to CAPA";
    assert!(outcome.failure().contains(text), "{outcome:?}");
}

#[test]
fn other_protocol_is_explained() {
    let http = misbehaving(|stream| reset_after(stream, b"HTTP/1.1 400 Bad Request\r\n"));
    let outcome = run(fetch(home()), &["--plaintext", &http]);
    let text = "not a POP3 server but a web server (HTTP)";
    assert!(outcome.failure().contains(text), "{outcome:?}");
    assert!(
        outcome.failure().ends_with("; check host and port"),
        "{outcome:?}"
    );
}

#[test]
fn close_after_capa_suggests_no_capa() {
    let outcome = run(fetch(home()), &["--plaintext", &script(&[("CAPA", "")])]);
    assert!(outcome.failure().ends_with("try --no-capa"), "{outcome:?}");
}

#[test]
fn server_with_only_stls_needs_no_plaintext() {
    let url = script(&[
        ("CAPA", "+OK\r\nSTLS\r\nUIDL\r\n.\r\n"),
        ("USER joe", "-ERR not before STLS\r\n"),
    ]);
    let outcome = run(fetch(home()), &["--plaintext", &url]);
    let text = "the server offers only STLS before a login: leave out --plaintext";
    assert!(outcome.failure().ends_with(text), "{outcome:?}");
}

#[test]
fn refused_long_line_suggests_auth_user() {
    // A line of 181 octets. The mail proxy of nginx refuses more than 128 with these words.
    let password = "x".repeat(120);
    let initial_response = "AGpvZQB".to_owned() + &"4eHh".repeat(39) + "4eHg=";
    let auth = format!("AUTH PLAIN {initial_response}");
    let answers = vec![
        ("CAPA", "+OK\r\nUSER\r\nUIDL\r\nSASL PLAIN\r\n.\r\n"),
        (auth.leak(), "-ERR invalid command\r\n"),
    ];
    let url = script(answers.leak());
    let mut command = fetch(home());
    command.env("POP3_PASSWORD", &password);
    let outcome = run(command, &["--plaintext", &url]);
    for text in [
        "a line of 181 octets was sent, perhaps too long for this server",
        "to send shorter lines, try --auth USER",
    ] {
        assert!(outcome.failure().contains(text), "{outcome:?}");
    }
    assert!(!outcome.stderr.contains("xxx"), "{outcome:?}");

    let mut command = fetch(home());
    command.env("POP3_PASSWORD", &password);
    let outcome = run(command, &["--plaintext", "--auth", "USER", &url]);
    assert!(outcome.success().starts_with("fetched 3 messages"));
}

#[test]
fn trusted_ca_certificate_of_a_server_is_accepted() {
    // Some servers create such a certificate at their installation.
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let home = home();
    let file = home.path().join("server.pem");
    fs::write(&file, certificate.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let url = in_tls(config);

    let outcome = run(fetch(&home), &[&url]);
    let text = "(CA:TRUE) as its own: trust exactly this certificate with Roots::Only";
    assert!(outcome.failure().contains(text), "{outcome:?}");
    let hint = "to trust exactly this certificate, give its file to --ca";
    assert!(outcome.failure().ends_with(hint), "{outcome:?}");
    let outcome = run(fetch(&home), &["--ca", file.to_str().unwrap(), &url]);
    assert!(outcome.failure().contains("greeting"), "{outcome:?}");
}

/// Starts a server that closes each connection after the TLS handshake. Returns the URL of a user.
fn in_tls(config: ServerConfig) -> String {
    let config = Arc::new(config);
    let url = misbehaving(move |stream| {
        let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        // It fails if the client rejects the certificate.
        let _ = tls.complete_io(stream);
        tls.send_close_notify();
        let _ = tls.complete_io(stream);
    });
    url.replace("pop3://joe@127.0.0.1", "pop3s://joe@localhost")
}
