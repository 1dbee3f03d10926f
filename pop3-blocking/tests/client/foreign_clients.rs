//! Third-party clients with the embedded server: curl and Python's `poplib`. A client that is not
//! installed is skipped.

use std::io::{self, Write as _};
use std::process::{Command, Output};

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};

/// The login methods of curl. It supports SCRAM only if it was built with it.
const CURL: [&str; 4] = ["PLAIN", "LOGIN", "CRAM-MD5", "+APOP"];

const TOKENS: [&str; 2] = ["XOAUTH2", "OAUTHBEARER"];

const MAIL: &str = "Subject: one\r\n\r\n.dot\r\n..two\r\nend\r\n";

fn server() -> EmbeddedServer {
    let mut mail = Maildrop::new();
    mail.push("uid-1", MAIL);
    mail.push("uid-2", "Subject: two\r\n\r\nno line end");
    let config = ServerConfig::new("alice", "secret")
        .apop_challenge("<1.2@localhost>")
        .token("token")
        .sasl(
            CURL.into_iter()
                .filter(|name| *name != "+APOP")
                .chain(TOKENS),
        );
    EmbeddedServer::start(config, mail).unwrap()
}

/// The server, and a file with its certificate authority.
struct Scenario {
    server: EmbeddedServer,
    authority: tempfile::NamedTempFile,
}

impl Scenario {
    fn new() -> Self {
        let server = server();
        let authority = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(authority.path(), server.ca_pem()).unwrap();
        Self { server, authority }
    }

    /// Runs curl with a path on each channel: cleartext, STLS, TLS.
    fn curl(&self, path: &str, arguments: &[&str]) -> Vec<Output> {
        let plain = format!("pop3://localhost:{}/{path}", self.server.plain().port());
        let tls = format!(
            "pop3s://localhost:{}/{path}",
            self.server.implicit_tls().port()
        );
        let by_stls = ["--ssl-reqd", &plain];
        [&[plain.as_str()][..], &by_stls, &[tls.as_str()]]
            .into_iter()
            .map(|url| {
                let mut command = Command::new("curl");
                command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]);
                command.arg(self.authority.path());
                command.args(arguments).args(url);
                command.output().unwrap()
            })
            .collect()
    }
}

/// Returns whether a program is installed and its output contains `says`. If not, prints that the
/// test is skipped.
fn is_installed(program: &str, says: &str) -> bool {
    let version = Command::new(program).arg("--version").output();
    let there = version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(says));
    if !there {
        let test = std::thread::current();
        let name = test.name().unwrap_or_default();
        // Written directly to stderr, because the harness captures other output.
        let skipped = format!("{name} is skipped: no {program} with {says}\n");
        io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    there
}

#[test]
fn curl_reads_listing_and_messages_on_every_channel() {
    if !is_installed("curl", "pop3s") {
        return;
    }
    let scenario = Scenario::new();
    let user = ["--user", "alice:secret"];
    for (path, expected) in [
        ("", "1 34\r\n2 29\r\n"),
        ("1", MAIL),
        ("2", "Subject: two\r\n\r\nno line end\r\n"),
    ] {
        for output in scenario.curl(path, &user) {
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                expected,
                "{output:?}"
            );
            assert!(output.status.success());
        }
    }
}

#[test]
fn curl_logs_in_with_every_mechanism() {
    if !is_installed("curl", "pop3s") {
        return;
    }
    let scenario = Scenario::new();
    let logs_in = |arguments: &[&str], right: bool| {
        for initial in [&[][..], &["--sasl-ir"]] {
            let arguments = [initial, arguments].concat();
            for output in scenario.curl("", &arguments) {
                assert_eq!(output.status.success(), right, "{arguments:?} {output:?}");
                // Exit code 67 is a refused login, not a protocol error.
                assert!(right || output.status.code() == Some(67), "{output:?}");
            }
        }
    };
    for name in CURL {
        let options = format!("AUTH={name}");
        logs_in(
            &["--login-options", &options, "--user", "alice:secret"],
            true,
        );
        logs_in(
            &["--login-options", &options, "--user", "alice:wrong"],
            false,
        );
    }
    for name in TOKENS {
        let options = format!("AUTH={name}");
        let with = |token| {
            [
                "--login-options",
                &options,
                "--user",
                "alice",
                "--oauth2-bearer",
                token,
            ]
        };
        logs_in(&with("token"), true);
        logs_in(&with("wrong"), false);
    }
}

/// All methods of `poplib`, on each channel and with each of its logins.
const POPLIB: &str = r#"
import poplib, ssl, sys
plain_port, tls_port, authority = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
trust = ssl.create_default_context(cafile=authority)

def plain():
    return poplib.POP3('localhost', plain_port, timeout=20)

def stls():
    client = plain()
    client.stls(context=trust)
    return client

def tls():
    return poplib.POP3_SSL('localhost', tls_port, context=trust, timeout=20)

def password(client, secret):
    client.user('alice')
    return client.pass_(secret)

def apop(client, secret):
    return client.apop('alice', secret)

for connect in plain, stls, tls:
    for login in password, apop:
        client = connect()
        try:
            login(client, 'wrong')
            raise AssertionError('a wrong password')
        except poplib.error_proto as error:
            assert b'[AUTH]' in error.args[0], error
        login(client, 'secret')
        assert 'PIPELINING' in client.capa()
        assert client.stat() == (2, 63)
        assert client.list()[1] == [b'1 34', b'2 29']
        assert client.list(2) == b'+OK 2 29'
        assert client.uidl()[1] == [b'1 uid-1', b'2 uid-2']
        assert client.uidl(1) == b'+OK 1 uid-1'
        assert client.retr(1)[1] == [b'Subject: one', b'', b'.dot', b'..two', b'end']
        assert client.top(1, 1)[1] == [b'Subject: one', b'', b'.dot']
        client.noop()
        client.dele(1)
        client.rset()
        assert client.stat() == (2, 63)
        assert client.quit() == b'+OK bye'
print('done')
"#;

#[test]
fn poplib_methods_work_on_every_channel() {
    if !is_installed("python3", "Python 3") {
        return;
    }
    let scenario = Scenario::new();
    let ports =
        [scenario.server.plain(), scenario.server.implicit_tls()].map(|at| at.port().to_string());
    let output = Command::new("python3")
        .args(["-c", POPLIB])
        .args(ports)
        .arg(scenario.authority.path())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "done\n",
        "{output:?}"
    );
    assert_eq!(scenario.server.maildrop().len(), 2);
}
