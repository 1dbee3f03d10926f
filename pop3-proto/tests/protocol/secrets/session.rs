//! A session with the test server that logs everything at every step.

use pop3_proto::observe::{Observer, Tracing};
use pop3_proto::{Channel, Config, Connection, Event, Instant, tls::TlsInfo};

use super::log::Log;
use super::logins::{Case, Kind, PASSWORD, secret};
use super::server::{Answer, Behaviour, GREETING, Server};
use pop3_testkit::needles::Needles;
use pop3_testkit::observed::Records;
use pop3_testkit::spans::Spans;
use pop3_testkit::wire;

/// A session and its results.
pub(crate) struct Session {
    pub(crate) log: Log,
    /// The secrets that must not be in the log.
    pub(crate) needles: Needles,
    /// Whether the login was reported as successful.
    pub(crate) logged_in: bool,
    /// The number of messages of the login that the server received.
    pub(crate) messages: usize,
    /// Whether octets move one at a time, and only what the observers see is logged.
    by_octet: bool,
    connection: Connection,
    server: Server,
}

const NOW: Instant = Instant::ORIGIN;

impl Session {
    pub(crate) fn run(case: Case, behaviour: Behaviour) -> Self {
        Self::new(case, behaviour, false)
    }

    /// Runs a session whose octets move one at a time. Only what the observers see is logged.
    pub(crate) fn observed(case: Case, behaviour: Behaviour) -> Self {
        Self::new(case, behaviour, true)
    }

    fn new(case: Case, behaviour: Behaviour, by_octet: bool) -> Self {
        let channel = match case.kind {
            Kind::Plus => Channel::ImplicitTls,
            _ => Channel::TrustedByCaller,
        };
        let mut connection = Connection::new(Config::default(), channel, NOW);
        if case.kind == Kind::Plus {
            let mut info = TlsInfo::default();
            info.exporter = Some([0xc5; 32]);
            connection.tls_established(info, NOW);
        }
        let (records, spans) = (Records::default(), Spans::default());
        let _guard = spans.collect();
        let observers: Vec<Box<dyn Observer>> = vec![
            Box::new(records.clone()),
            Box::new(Tracing::new("mail.example.org", 995)),
        ];
        connection.set_observer(Box::new(observers));
        let mut needles = Needles::default();
        if case.kind != Kind::Certificate {
            needles.secret("password", PASSWORD.as_bytes());
        }
        let mut session = Self {
            log: Log::default(),
            needles,
            logged_in: false,
            messages: 0,
            by_octet,
            connection,
            server: Server::new(behaviour, case.name),
        };
        case.submit(&mut session.connection, &mut session.log);
        session.deliver(GREETING.as_bytes());
        session.converse();
        if by_octet {
            session.log = Log::default();
        }
        for seen in records.all() {
            session.log.display(&seen.shown);
            session.log.debug(&seen);
        }
        session.log.display(&spans.tree());
        session
    }

    fn log_connection(&mut self) {
        if self.by_octet {
            return;
        }
        self.log.connection(&self.connection);
    }

    fn take_events(&mut self) {
        self.log_connection();
        while let Some(event) = self.connection.poll_event() {
            self.log.event(&event);
            self.log_connection();
            if let Event::TokenWanted { id, .. } = event {
                let provided = self.connection.provide_token(id, Ok(secret()));
                provided.expect("a token is wanted");
            }
            self.logged_in |= matches!(event, Event::Reply { result: Ok(_), .. });
        }
    }

    /// Delivers octets in two pieces, so that the buffer contains half an echo in between, or one by
    /// one.
    fn deliver(&mut self, octets: &[u8]) {
        let piece = if self.by_octet {
            1
        } else {
            (octets.len() - octets.len() / 3).max(1)
        };
        for piece in octets.chunks(piece) {
            self.take_events();
            wire::receive(&mut self.connection, piece, NOW);
        }
        self.take_events();
    }

    fn converse(&mut self) {
        loop {
            self.take_events();
            if self.connection.poll_timeout() == Some(Instant::ORIGIN) {
                self.connection.handle_timeout(NOW);
            } else if self.connection.wants_write() {
                let line = self.send();
                if line != "CAPA" && !line.starts_with("USER ") {
                    self.messages += 1;
                }
                match self.server.answer(&line) {
                    Answer::Send(reply) => self.deliver(&reply),
                    Answer::SendAndClose(reply) => {
                        self.deliver(&reply);
                        self.connection.handle_eof(NOW);
                    }
                }
            } else {
                return;
            }
        }
    }

    fn send(&mut self) -> String {
        let batch = self.connection.transmit().to_vec();
        let line = String::from_utf8(batch).expect("text");
        let line = line.trim_end_matches("\r\n").to_owned();
        // All arguments except the user name, which is not secret.
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["CAPA"] | ["USER", _] | ["AUTH", _] => {}
            ["APOP", _, digest] => {
                self.needles.line(digest);
                self.needles.line(&digest.to_ascii_uppercase());
            }
            ["PASS", ..] => self.needles.line(&line),
            ["AUTH", _, response] => {
                self.needles.line(&line);
                self.needles.response(response);
            }
            _ => self.needles.response(&line),
        }
        self.log_connection();
        let octets = line.len() + 2;
        let parts = if self.by_octet {
            vec![1; octets]
        } else {
            vec![line.len() / 2, octets - line.len() / 2]
        };
        for octets in parts {
            self.connection.transmitted(octets, NOW);
            self.log_connection();
        }
        line
    }
}
