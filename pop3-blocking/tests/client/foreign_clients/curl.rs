//! curl, which retrieves one message for each URL.

use std::process::{Command, Output};

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};

use super::is_installed;
use super::mailbox::{Channel, Mailbox, bare_lf, invalid_mail};

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
pub(super) struct Scenario {
    pub(super) server: EmbeddedServer,
    pub(super) authority: tempfile::NamedTempFile,
}

impl Scenario {
    pub(super) fn new() -> Self {
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

#[test]
fn curl_fetches_and_deletes_all_mail() {
    if !is_installed("curl", "pop3s") {
        return;
    }
    for channel in Channel::ALL {
        for delete in [false, true] {
            let mailbox = Mailbox::start(channel, invalid_mail().into_iter().chain([bare_lf()]));
            let mut command = Command::new("curl");
            command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]);
            command.arg(mailbox.authority());
            command.args(["--user", "alice:secret"]);
            command.args((channel == Channel::Stls).then_some("--ssl-reqd"));
            let base = match channel {
                Channel::Tls => format!("pop3s://localhost:{}", mailbox.port()),
                _ => format!("pop3://localhost:{}", mailbox.port()),
            };
            let numbers = 1..=mailbox.len();
            for number in numbers.clone() {
                command.arg(format!("{base}/{number}"));
                command
                    .arg("--output")
                    .arg(mailbox.path(&format!("mail/{number}")));
            }
            super::succeed(&mut command);
            if delete {
                let mut command = Command::new("curl");
                command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]);
                command.arg(mailbox.authority());
                command.args(["--user", "alice:secret", "--list-only", "--request", "DELE"]);
                command.args((channel == Channel::Stls).then_some("--ssl-reqd"));
                command.args(numbers.map(|number| format!("{base}/{number}")));
                super::succeed(&mut command);
            }
            // curl writes an empty message as an empty line.
            mailbox.assert_fetched(&mailbox.delivered(), |sent| match sent {
                [] => b"\r\n".to_vec(),
                sent => sent.to_vec(),
            });
            mailbox.assert_deleted(delete);
        }
    }
}
