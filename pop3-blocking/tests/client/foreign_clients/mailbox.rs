//! A mailbox with difficult messages, and what a client made of it.

use std::fs;
use std::path::{Path, PathBuf};

use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};

/// How a client connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Cleartext,
    Stls,
    Tls,
}

impl Channel {
    pub(super) const ALL: [Self; 3] = [Self::Cleartext, Self::Stls, Self::Tls];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cleartext => "cleartext",
            Self::Stls => "stls",
            Self::Tls => "tls",
        }
    }
}

/// The embedded server, and a folder for its client.
pub(super) struct Mailbox {
    server: EmbeddedServer,
    folder: tempfile::TempDir,
    mail: Vec<Vec<u8>>,
    channel: Channel,
}

fn header(name: &str) -> String {
    format!("From: bob@example.org\r\nTo: alice@example.org\r\nSubject: {name}\r\n")
}

fn message(name: &str, body: &[u8]) -> Vec<u8> {
    [header(name).as_bytes(), b"\r\n", body].concat()
}

/// Valid messages that clients and servers get wrong.
fn difficult_mail() -> Vec<Vec<u8>> {
    let octets: Vec<u8> = (0x80..=0xFF).collect();
    vec![
        message("dots", b".\r\n..\r\n.dot\r\n...\r\n. \r\n.\r\n"),
        message("dot-at-the-end", b"text\r\n.\r\n"),
        message(
            "eight-bit",
            &[&octets[..], b"\r\n", "\u{fc}ml\u{e4}ut\r\n".as_bytes()].concat(),
        ),
        message(
            "long-line",
            &["x".repeat(990).as_bytes(), b"\r\n.y\r\n"].concat(),
        ),
        message("no-line-end", b"the last line"),
        message("empty-body", b""),
        message("blank-lines", b"\r\n\r\n\r\ntext\r\n\r\n\r\n"),
        message(
            "from-line",
            b"From the start\r\n>From here\r\nFrom eve@example.org Thu Jan 1\r\n",
        ),
        message("white-space", b"trailing \r\n\ttab\t\r\n \r\n"),
        message(
            "forged",
            b"text\r\n.\r\n+OK 5 octets\r\nforged\r\n.\r\n-ERR no\r\n",
        ),
        message(
            "large",
            "A line of a large message.\r\n.stuffed\r\n"
                .repeat(6_000)
                .as_bytes(),
        ),
        [
            header("folded-header").as_bytes(),
            b"X-Long: a\r\n b\r\n\tc\r\n\r\ntext\r\n",
        ]
        .concat(),
    ]
}

/// A message with a line of more than 998 octets, which RFC 5322 section 2.1.1 does not allow.
pub(super) fn longer_line() -> Vec<u8> {
    let line = "x".repeat(20_000);
    message("longer-line", format!("{line}\r\n.y\r\n").as_bytes())
}

/// Messages that RFC 5322 does not allow. Some clients repair them.
pub(super) fn invalid_mail() -> Vec<Vec<u8>> {
    vec![
        longer_line(),
        message("nul", b"a\0b\r\n\0\r\n.\0\r\n"),
        message("bare-cr", b"a\rb\r\n\r.\r\n"),
        b"no header\r\n".to_vec(),
        b"\r\nonly a body\r\n".to_vec(),
        b"".to_vec(),
    ]
}

/// A message that ends early for clients that take a bare LF for a line end.
pub(super) fn bare_lf() -> Vec<u8> {
    message("bare-lf", b"a\n.b\n.\nc\r\n")
}

impl Mailbox {
    /// Starts a server with valid and difficult messages, and these.
    pub(super) fn start(channel: Channel, more: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut mail = difficult_mail();
        mail.extend(more);
        let named = mail.iter().zip(1..);
        let maildrop: Maildrop = named
            .map(|(message, n)| (format!("uid-{n}"), message.clone()))
            .collect();
        let server = EmbeddedServer::start(ServerConfig::new("alice", "secret"), maildrop).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), server.ca_pem()).unwrap();
        fs::create_dir(folder.path().join("mail")).unwrap();
        Self {
            server,
            folder,
            mail,
            channel,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.mail.len()
    }

    /// Returns the port of the client's channel.
    pub(super) fn port(&self) -> String {
        let endpoint = match self.channel {
            Channel::Cleartext | Channel::Stls => self.server.plain(),
            Channel::Tls => self.server.implicit_tls(),
        };
        endpoint.port().to_string()
    }

    /// Returns a path in the client's folder.
    pub(super) fn path(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// Returns the path of the certificate authority.
    pub(super) fn authority(&self) -> String {
        self.path("ca.pem")
    }

    /// Returns all files in the folder `mail`, at any depth.
    pub(super) fn delivered(&self) -> Vec<Vec<u8>> {
        let mut delivered = Vec::new();
        let mut folders = vec![PathBuf::from(self.path("mail"))];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(Path::new(&folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    delivered.push(fs::read(path).unwrap());
                }
            }
        }
        delivered
    }

    /// Checks that each message was retrieved and delivered once, without an error. `stored` is the
    /// documented change that the client makes to a message as it was sent.
    #[track_caller]
    pub(super) fn assert_fetched(&self, delivered: &[Vec<u8>], stored: impl Fn(&[u8]) -> Vec<u8>) {
        let sent = self.mail.iter().map(|message| {
            let end: &[u8] = if message.is_empty() || message.ends_with(b"\r\n") {
                b""
            } else {
                b"\r\n"
            };
            [message, end].concat()
        });
        let mut expected: Vec<_> = sent.map(|message| text(&stored(&message))).collect();
        let mut delivered: Vec<_> = delivered.iter().map(|message| text(message)).collect();
        expected.sort();
        delivered.sort();
        assert_eq!(delivered.len(), expected.len(), "{delivered:?}");
        for (delivered, expected) in delivered.iter().zip(&expected) {
            assert!(delivered == expected, "\n{delivered:.900}\n{expected:.900}");
        }
        assert_eq!(self.sent("RETR"), self.len());
        assert_eq!(self.sent("STLS") > 0, self.channel == Channel::Stls);
        let log = self.server.log();
        for entry in &log {
            assert!(entry.reply.starts_with('+'), "{entry:?} in {log:#?}");
        }
    }

    /// Checks that all messages were deleted, or none.
    #[track_caller]
    pub(super) fn assert_deleted(&self, all: bool) {
        let deleted = if all { self.len() } else { 0 };
        assert_eq!(self.sent("DELE"), deleted);
        assert_eq!(self.server.maildrop().len(), self.len() - deleted);
        assert!(self.sent("QUIT") > 0);
    }

    /// Returns how many commands with this keyword the client sent.
    fn sent(&self, keyword: &str) -> usize {
        let commands = self.server.commands();
        let keywords = commands.iter().filter_map(|line| line.split(' ').next());
        keywords
            .filter(|word| word.eq_ignore_ascii_case(keyword))
            .count()
    }
}

/// Returns octets so that they can be read in a report.
fn text(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

/// Replaces CRLF by LF, as programs do that store mail in files on Unix.
pub(super) fn with_lf(sent: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(sent.len());
    for octet in sent {
        if *octet == b'\n' && stored.last() == Some(&b'\r') {
            stored.pop();
        }
        stored.push(*octet);
    }
    stored
}
