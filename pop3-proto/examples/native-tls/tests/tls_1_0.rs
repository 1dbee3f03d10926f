//! The example against `openssl s_server -tls1`, which does TLS 1.0 for the sans-IO server of
//! `pop3-proto`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use pop3_proto::server::{Maildrop, Server, ServerConfig};

/// OpenSSL with a certificate for `localhost`, on a free port.
struct OpenSsl {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl OpenSsl {
    fn start(version: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2",
            ])
            .args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=DNS:localhost",
            ])
            .args(["-keyout", "key.pem", "-out", "ca.pem"])
            .current_dir(folder.path())
            .output()
            .expect("the program openssl");
        assert!(made.status.success(), "{made:?}");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        drop(listener);
        let child = Command::new("openssl")
            .args([
                "s_server",
                "-quiet",
                version,
                "-cipher",
                "DEFAULT:@SECLEVEL=0",
                "-naccept",
                "1",
            ])
            .args([
                "-accept",
                &format!("127.0.0.1:{port}"),
                "-cert",
                "ca.pem",
                "-key",
                "key.pem",
            ])
            .current_dir(folder.path())
            .env("OPENSSL_CONF", legacy())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program openssl");
        Self {
            child,
            folder,
            port,
        }
    }

    /// Runs the example against it. Returns its output.
    fn fetch(&mut self, legacy_allowed: bool) -> Output {
        let mut example = Command::new(env!("CARGO_BIN_EXE_pop3-native-tls"));
        example
            .arg(format!("pop3s://joe@localhost:{}", self.port))
            .arg(self.folder.path().join("ca.pem"))
            .env("POP3_PASSWORD", "secret");
        if legacy_allowed {
            example.env("OPENSSL_CONF", legacy());
        }
        let example = example.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.wait_until_it_listens();
        let example = example.spawn().expect("the example");
        self.serve();
        example.wait_with_output().expect("its output")
    }

    /// Waits without connecting, because OpenSSL accepts only one client.
    fn wait_until_it_listens(&mut self) {
        let end = Instant::now() + Duration::from_secs(10);
        while TcpListener::bind(("127.0.0.1", self.port)).is_ok() {
            assert!(Instant::now() < end, "OpenSSL does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Moves the plaintext between OpenSSL and a server, until OpenSSL ends.
    fn serve(&mut self) {
        let mail = Maildrop::from_iter([("uid-1", "one\r\n"), ("uid-2", "two\r\n")]);
        let mut server = Server::implicit_tls(ServerConfig::new("joe", "secret"), mail);
        server.tls_established();
        let mut to_client = self.child.stdin.take().expect("its input");
        let mut from_client = self.child.stdout.take().expect("its output");
        loop {
            while server.wants_write() {
                // It fails if the handshake has failed.
                let octets = to_client.write(server.transmit()).unwrap_or(0);
                if octets == 0 {
                    return;
                }
                server.transmitted(octets);
                let _ = to_client.flush();
            }
            if server.is_closed() {
                return;
            }
            let mut room = [0; 4096];
            match from_client.read(&mut room).unwrap_or(0) {
                0 => return,
                octets => server.receive(&room[..octets]),
            }
        }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn legacy() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("legacy.cnf")
}

#[test]
fn session_over_tls_1_0_completes() {
    let output = OpenSsl::start("-tls1").fetch(true);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn tls_1_0_is_refused_unless_openssl_allows_it() {
    let output = OpenSsl::start("-tls1").fetch(false);
    assert!(!output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let why = ["legacy sigalg disallowed", "version", "protocol"];
    assert!(why.iter().any(|why| text.contains(why)), "{text}");
}

#[test]
fn rustls_explains_that_the_server_is_too_old() {
    let mut server = OpenSsl::start("-tls1");
    server.wait_until_it_listens();
    let endpoint = pop3_proto::Endpoint::implicit_tls("localhost", Some(server.port));
    let error = pop3_blocking::connect(&endpoint).expect_err("no common version");
    let text = error.to_string();
    for words in ["TLS 1.1 or older", "update the server", "another TLS stack"] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn session_over_tls_1_2_completes() {
    let output = OpenSsl::start("-tls1_2").fetch(false);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn address_without_a_server_is_an_error() {
    // Not a port that was free a moment ago: another test may have bound it.
    assert!(TcpStream::connect(("127.0.0.1", 1)).is_err());
    let mut example = Command::new(env!("CARGO_BIN_EXE_pop3-native-tls"));
    example
        .arg("pop3s://joe@127.0.0.1:1")
        .env("POP3_PASSWORD", "secret");
    assert!(!example.output().expect("the example").status.success());
}
