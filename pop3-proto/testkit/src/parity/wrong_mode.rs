//! Every combination of a URL scheme and a server that expects something else. The errors must say in
//! words what is wrong, and their advice must be to check the server. What the server shows must be
//! reported immediately. Only a server that sends nothing is reported at the deadline.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant as Clock};

use pop3_proto::error::Advice;
use pop3_proto::tls::Roots;
use pop3_proto::{Connector, Endpoint, Error, Login};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::tls::authority::Authority;

use super::client::Client;

/// The deadline for a server that sends nothing.
const SILENCE: Duration = Duration::from_millis(400);

/// The deadline for a server that shows what it is. The test fails if it is reached.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is reported before the deadline takes at most this long, on a machine under load.
const SOON: Duration = Duration::from_secs(10);

/// What a server does.
#[derive(Debug, Clone, Copy)]
enum Server {
    /// Sends this without TLS, then reads and ignores what it gets.
    Sends(&'static str),
    /// Reads something without TLS before it sends this.
    Answers(&'static str),
    /// Does TLS, then sends this. The string after it is the protocol that it selects by ALPN.
    InTls(&'static str, &'static str),
    /// Sends nothing at all, and keeps the connection open.
    Silent,
    /// Closes the connection immediately.
    Closes,
    /// Sends a greeting, advertises STLS, and answers STLS with this.
    Stls(&'static str),
    /// Sends a greeting, and does not advertise STLS.
    NoStls,
}

/// The URL scheme of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Pop3s,
    Pop3,
}

use Scheme::{Pop3, Pop3s};

/// When the error is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Soon,
    AtTheDeadline,
}

use When::{AtTheDeadline, Soon};

type Row = (Scheme, Server, When, Advice, &'static [&'static str]);

const CHECK: Advice = Advice::CheckServer;

const ROWS: &[Row] = &[
    // The other kind of TLS.
    (
        Pop3s,
        Server::Sends("+OK POP3 ready\r\n"),
        Soon,
        CHECK,
        &["POP3 server answered without TLS", "try pop3://"],
    ),
    (
        Pop3s,
        Server::Sends("-ERR too many connections\r\n"),
        Soon,
        CHECK,
        &["POP3 server answered without TLS", "try pop3://"],
    ),
    (
        Pop3,
        Server::InTls("+OK POP3 ready\r\n", ""),
        AtTheDeadline,
        Advice::TryLater,
        &["no greeting in time", "implicit TLS", "try pop3s://"],
    ),
    (
        // An alert, because the server did not wait for the client.
        Pop3,
        Server::Sends("\x15\x03\x01\x00\x02\x02\x28"),
        Soon,
        CHECK,
        &["uses TLS from the start", "pop3s://"],
    ),
    // Nothing.
    (
        Pop3s,
        Server::Silent,
        AtTheDeadline,
        Advice::TryLater,
        &["TLS handshake in time", "try pop3:// (STLS)"],
    ),
    (
        Pop3,
        Server::Silent,
        AtTheDeadline,
        Advice::TryLater,
        &["no greeting in time", "try pop3s://"],
    ),
    (
        Pop3s,
        Server::Closes,
        Soon,
        Advice::AskOperator,
        &[
            "closed the connection during the TLS handshake",
            "try pop3://",
        ],
    ),
    (
        Pop3,
        Server::Closes,
        Soon,
        Advice::Reconnect,
        &["without a greeting", "try pop3s://"],
    ),
    // Other services without TLS.
    (
        Pop3s,
        Server::Sends("220 mail.example.org ESMTP\r\n"),
        Soon,
        CHECK,
        &["an SMTP server answered", "check host and port"],
    ),
    (
        Pop3,
        Server::Sends("220 mail.example.org ESMTP\r\n"),
        Soon,
        CHECK,
        &["but an SMTP server", "ESMTP", "check host and port"],
    ),
    (
        Pop3s,
        Server::Sends("220 ProFTPD FTP Server ready\r\n"),
        Soon,
        CHECK,
        &["an FTP server answered", "check host and port"],
    ),
    (
        Pop3,
        Server::Sends("220 ProFTPD FTP Server ready\r\n"),
        Soon,
        CHECK,
        &["but an FTP server", "check host and port"],
    ),
    (
        Pop3s,
        Server::Sends("* OK [CAPABILITY IMAP4rev1] ready\r\n"),
        Soon,
        CHECK,
        &["an IMAP server answered", "check host and port"],
    ),
    (
        Pop3,
        Server::Sends("* OK [CAPABILITY IMAP4rev1] ready\r\n"),
        Soon,
        CHECK,
        &["but an IMAP server", "IMAP4rev1", "check host and port"],
    ),
    (
        Pop3s,
        Server::Sends("SSH-2.0-OpenSSH_9.2\r\n"),
        Soon,
        CHECK,
        &["an SSH server answered", "check host and port"],
    ),
    (
        Pop3,
        Server::Sends("SSH-2.0-OpenSSH_9.2\r\n"),
        Soon,
        CHECK,
        &["but an SSH server", "check host and port"],
    ),
    (
        Pop3s,
        Server::Answers("HTTP/1.1 400 Bad Request\r\n\r\n"),
        Soon,
        CHECK,
        &["a web server (HTTP) answered", "check host and port"],
    ),
    (
        Pop3,
        Server::Answers("HTTP/1.1 400 Bad Request\r\n\r\n"),
        AtTheDeadline,
        Advice::TryLater,
        &["no greeting in time"],
    ),
    (
        Pop3s,
        Server::Sends("what is this?\r\n"),
        Soon,
        CHECK,
        &["this port does not use TLS", "try pop3://"],
    ),
    // Other services with TLS.
    (
        Pop3s,
        Server::InTls("* OK IMAP4rev1 ready\r\n", ""),
        Soon,
        CHECK,
        &["but an IMAP server", "check host and port"],
    ),
    (
        Pop3s,
        Server::InTls("220 mail.example.org ESMTP\r\n", ""),
        Soon,
        CHECK,
        &["but an SMTP server", "check host and port"],
    ),
    (
        Pop3s,
        Server::InTls("", "http/1.1"),
        Soon,
        CHECK,
        &["does not support the protocol `pop3`", "check the port"],
    ),
    (
        Pop3s,
        Server::InTls("", ""),
        AtTheDeadline,
        Advice::TryLater,
        &["no greeting in time", "another service", "check the port"],
    ),
    // STLS.
    (
        Pop3,
        Server::NoStls,
        Soon,
        CHECK,
        &["does not offer STLS", "try pop3s:// (port 995)"],
    ),
    (
        Pop3,
        Server::Stls("-ERR not now\r\n"),
        Soon,
        CHECK,
        &["refused STLS: not now", "try pop3s:// (port 995)"],
    ),
    (
        Pop3,
        Server::Stls("+OK begin\r\n"),
        AtTheDeadline,
        Advice::TryLater,
        &["TLS handshake in time"],
    ),
    (
        Pop3,
        Server::Stls("+OK begin\r\n+OK and go on\r\n"),
        Soon,
        Advice::AskOperator,
        &["unencrypted data after its reply to STLS"],
    ),
];

/// Every row, for one client. The rows run at the same time.
pub fn wrong_tls_mode_is_explained_in_words<C: Client>() {
    let authority = Arc::new(Authority::new());
    let attempts: Vec<(&Row, Attempt)> = ROWS
        .iter()
        .map(|row| (row, Attempt::begin::<C>(row, &authority)))
        .collect();
    for (row, attempt) in attempts {
        let (error, taken, received) = attempt.end();
        let (_, _, when, advice, words) = row;
        let text = error.to_string();
        for word in *words {
            assert!(text.contains(word), "{row:?}: {text}");
        }
        assert_eq!(error.advice(), Some(*advice), "{row:?}: {text}");
        match when {
            Soon => assert!(taken < SOON, "{row:?}: {taken:?}"),
            AtTheDeadline => assert!(taken >= SILENCE - SILENCE / 8, "{row:?}: {taken:?}"),
        }
        for secret in ["alice", "secret", "USER", "AUTH"] {
            let secret = secret.as_bytes();
            let sent = received
                .windows(secret.len())
                .any(|octets| octets == secret);
            assert!(!sent, "{row:?}: credentials were sent");
        }
    }
}

/// A client and its server, in progress.
struct Attempt {
    client: JoinHandle<(Error, Duration)>,
    server: JoinHandle<Vec<u8>>,
}

impl Attempt {
    fn begin<C: Client>(row: &'static Row, authority: &Arc<Authority>) -> Self {
        let (scheme, server, when, ..) = *row;
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let config = authority.server();
        let roots = Roots::Only(vec![authority.certificate()]);
        let server = thread::spawn(move || {
            let (socket, _) = listener.accept().expect("a client");
            socket
                .set_read_timeout(Some(PATIENCE))
                .expect("a socket option");
            server.serve(socket, config)
        });
        let client = thread::spawn(move || {
            let endpoint = match scheme {
                Pop3s => Endpoint::implicit_tls("localhost", Some(port)),
                Pop3 => Endpoint::plain("localhost", Some(port)),
            };
            let mut connector = Connector::default();
            connector.tls.roots = Some(roots);
            let patience = if when == Soon { PATIENCE } else { SILENCE };
            connector.config.timeouts.greeting = patience;
            connector.config.timeouts.tls = patience;
            let begin = Clock::now();
            let login = Login::new("alice", "secret").expect("a login");
            let session = C::connect_with(&endpoint, &connector);
            let error = session.and_then(|mut client| client.login(login)).err();
            (error.expect("the server is wrong"), begin.elapsed())
        });
        Self { client, server }
    }

    /// Returns the error of the client, when it came, and what the server received in cleartext.
    fn end(self) -> (Error, Duration, Vec<u8>) {
        let (error, taken) = self.client.join().expect("the client");
        (error, taken, self.server.join().expect("the server"))
    }
}

impl Server {
    /// Serves one client. Returns what it received, inside TLS if it does TLS.
    fn serve(self, mut socket: TcpStream, mut config: ServerConfig) -> Vec<u8> {
        let mut received = Vec::new();
        match self {
            Self::Sends(text) => send(&mut socket, text),
            Self::Answers(text) => {
                let mut first = [0; 1024];
                if socket.read(&mut first).is_ok_and(|octets| octets > 0) {
                    send(&mut socket, text);
                }
            }
            Self::InTls(text, protocol) => {
                if !protocol.is_empty() {
                    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
                }
                let tls = ServerConnection::new(Arc::new(config)).expect("a configuration");
                let mut stream = StreamOwned::new(tls, socket);
                // It fails if the client does not do TLS, or closes the connection.
                let _ = stream.write_all(text.as_bytes());
                let _ = stream.flush();
                let _ = stream.read_to_end(&mut received);
                return received;
            }
            Self::Silent => {}
            // Close only the sending side: closing a socket with unread octets sends a reset.
            Self::Closes => drop(socket.shutdown(Shutdown::Write)),
            Self::Stls(reply) => {
                send(&mut socket, "+OK ready\r\n");
                expect(&mut socket, &mut received, "CAPA\r\n");
                send(&mut socket, "+OK\r\nSTLS\r\nUSER\r\n.\r\n");
                expect(&mut socket, &mut received, "STLS\r\n");
                send(&mut socket, reply);
            }
            Self::NoStls => {
                send(&mut socket, "+OK ready\r\n");
                expect(&mut socket, &mut received, "CAPA\r\n");
                send(&mut socket, "+OK\r\nUSER\r\n.\r\n");
            }
        }
        let _ = socket.read_to_end(&mut received);
        received
    }
}

fn send(socket: &mut TcpStream, text: &str) {
    // It fails if the client has closed the connection.
    let _ = socket.write_all(text.as_bytes());
}

fn expect(socket: &mut TcpStream, received: &mut Vec<u8>, line: &str) {
    let mut octets = vec![0; line.len()];
    socket.read_exact(&mut octets).expect("a command");
    assert_eq!(String::from_utf8_lossy(&octets), line);
    received.extend_from_slice(&octets);
}
