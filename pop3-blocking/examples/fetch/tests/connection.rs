//! The options of `fetch` for the connection: timeouts, capabilities, certificates and keys.
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pop3_blocking::server::{EmbeddedServer, ServerConfig as Account};
use pop3_testkit::program::{Script, fetch, run, serve};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn timeout_applies_to_every_phase() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("joe@{}", silent.local_addr().unwrap());
    for arguments in [
        &["--plaintext", &format!("pop3://{url}")][..],
        &[&format!("pop3s://{url}")],
    ] {
        let began = Instant::now();
        let outcome = run(fetch(home()), &[&["--timeout", "1"], arguments].concat());
        assert!(outcome.failure().contains("in time"), "{outcome:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{outcome:?}");
    }
}

#[test]
fn no_capa_option_sends_no_capa() {
    let server = Script::start(&[("CAPA", "")]);
    let outcome = run(fetch(home()), &["--plaintext", &server.url()]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let server = Script::start(&[("CAPA", "")]);
    let outcome = run(fetch(home()), &["--plaintext", "--no-capa", &server.url()]);
    assert!(outcome.success().starts_with("fetched 3 "), "{outcome:?}");
    assert!(!server.commands().contains(&"CAPA".to_owned()));
}

#[test]
fn server_with_pinned_key_is_trusted() {
    let maildrop = [("a".to_owned(), b"mail\r\n".to_vec())];
    let account = Account::new("joe", "secret");
    let server = EmbeddedServer::start(account, maildrop.into_iter().collect()).unwrap();
    let url = server.implicit_tls().to_string().replace("://", "://joe@");
    let other = "00".repeat(32);
    let outcome = run(fetch(home()), &["--pin", &other, &url]);
    let (_, key) = outcome.failure().split_once("SHA-256 digest is ").unwrap();
    let (key, hint) = key.split_once(';').unwrap();
    assert!(hint.contains("--pin"), "{hint}");
    let outcome = run(fetch(home()), &["--pin", &other, "--pin", key, &url]);
    assert!(outcome.success().starts_with("fetched 1 "), "{outcome:?}");
}

/// An authority, and a server that only clients with one of its certificates can use.
struct Closed {
    home: TempDir,
    issuer: Issuer<'static, KeyPair>,
    url: String,
}

impl Closed {
    fn start() -> Self {
        let home = home();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(home.path().join("ca.pem"), certificate.pem()).unwrap();
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let own = params.signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(vec![own.der().clone()], key.into())
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
                let stream: TcpStream = stream.unwrap();
                let mut stream = StreamOwned::new(tls, stream);
                let capa = "+OK\r\nUSER\r\nSASL EXTERNAL\r\n.\r\n";
                // It fails if the client has no certificate.
                let _ = serve(&mut stream, &[("CAPA", capa), ("PASS *", "-ERR no\r\n")]);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        let url = format!("pop3s://joe@localhost:{port}");
        Self { home, issuer, url }
    }

    /// Creates files with a certificate and its key.
    fn identity(&self) -> [PathBuf; 2] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["joe".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = ["joe.pem", "joe.key"].map(|name| self.home.path().join(name));
        fs::write(&files[0], certificate.pem()).unwrap();
        fs::write(&files[1], key.serialize_pem()).unwrap();
        files
    }
}

#[test]
fn client_certificate_is_presented() {
    let server = Closed::start();
    let ca = server.home.path().join("ca.pem");
    let ca = ca.to_str().unwrap();
    let outcome = run(fetch(home()), &["--ca", ca, &server.url]);
    assert!(
        outcome.failure().contains("requires a client certificate"),
        "{outcome:?}"
    );
    assert!(outcome.failure().contains("--cert"), "{outcome:?}");

    let [certificate, key] = server.identity();
    let (pem, key_pem) = (fs::read(&certificate).unwrap(), fs::read(&key).unwrap());
    let both = server.home.path().join("both.pem");
    fs::write(&both, [pem, key_pem].concat()).unwrap();
    let files = [&certificate, &key, &both].map(|path| path.to_str().unwrap());
    for identity in [
        &["--cert", files[0], "--key", files[1]][..],
        &["--cert", files[2]],
    ] {
        let arguments = [
            &["--ca", ca, "--auth", "EXTERNAL"],
            identity,
            &[&server.url],
        ]
        .concat();
        let outcome = run(fetch(home()), &arguments);
        assert!(outcome.success().starts_with("fetched 3 "), "{outcome:?}");
    }
}

#[test]
fn unusable_client_certificate_is_explained() {
    let server = Closed::start();
    let [certificate, key] = server.identity();
    let other = server.home.path().join("other.key");
    fs::write(&other, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    for (certificate, key, text) in [
        (&certificate, &certificate, "no private key found"),
        (&key, &key, "no certificate found"),
        (&certificate, &other, "cannot use"),
    ] {
        let [certificate, key] = [certificate, key].map(|path| path.to_str().unwrap());
        let outcome = run(
            fetch(home()),
            &["--cert", certificate, "--key", key, &server.url],
        );
        assert!(outcome.failure().contains(text), "{outcome:?}");
    }
}

/// Returns what a session with the embedded server prints to stderr, and the commands of the
/// session.
fn printed(option: &str) -> (Vec<String>, Vec<String>) {
    let maildrop = [("a".to_owned(), b"Subject: x\r\n\r\nthe text\r\n".to_vec())];
    let account = Account::new("joe", "secret").greeting("ready \x1b[2J");
    let server = EmbeddedServer::start(account, maildrop.into_iter().collect()).unwrap();
    let home = home();
    let ca = home.path().join("ca.pem");
    fs::write(&ca, server.ca_pem()).unwrap();
    let url = server.implicit_tls().to_string().replace("://", "://joe@");
    let ca = ca.to_str().unwrap();
    let outcome = run(
        fetch(home.path().join("mail")),
        &["--ca", ca, "--auth", "USER", option, &url],
    );
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("\nfetched 1 "), "{outcome:?}");
    for unwanted in ["secret", "the text", "\x1b"] {
        assert!(!outcome.stderr.contains(unwanted), "{outcome:?}");
    }
    let lines = outcome.stderr.lines().map(str::to_owned).collect();
    (lines, server.commands())
}

/// Returns the line without its time, if it is one of the protocol log.
fn protocol(line: &str) -> Option<&str> {
    let (time, line) = line.trim_start().split_once(' ')?;
    let digits = time
        .bytes()
        .all(|octet| octet.is_ascii_digit() || octet == b'.');
    digits.then_some(line)
}

#[test]
fn verbose_option_prints_session_statistics() {
    let (lines, commands) = printed("-v");
    let last = lines.last().unwrap();
    let count = commands.len();
    let session = format!("fetch: session: {count} commands in ");
    assert!(last.starts_with(&session), "{last}");
    assert!(last.contains(", 1 messages of 24 octets; "), "{last}");
    assert!(last.contains("; full TLS handshake in "), "{last}");
    assert!(
        lines.iter().all(|line| protocol(line).is_none()),
        "{lines:#?}"
    );
}

#[test]
fn second_verbose_option_prints_the_protocol_log() {
    let (lines, commands) = printed("-vv");
    let log: Vec<&str> = lines.iter().filter_map(|line| protocol(line)).collect();
    let sent = log.iter().filter_map(|line| line.strip_prefix("> "));
    assert!(sent.eq(&commands), "{lines:#?}, {commands:#?}");
    assert!(commands.contains(&"PASS <redacted>".to_owned()));
    assert!(
        log[0].starts_with("* connected to pop3s://localhost:"),
        "{log:#?}"
    );
    assert_eq!(log[1], "* TLS handshake begins");
    assert!(log[2].starts_with("* TLS 1.3, "), "{log:#?}");
    assert!(log[3].starts_with("< +OK ready \\u{1b}[2J"), "{log:#?}");
    assert!(log.contains(&"< [3 lines, 24 octets]"), "{log:#?}");
    assert_eq!(log.last(), Some(&"* closed"));
}
