//! One session with such a server, of which all is logged at every step.

use pop3_proto::{Channel, Config, Connection, Event, Instant, tls::TlsInfo};

use super::log::Log;
use super::logins::{Kind, PASSWORD, Way, secret};
use super::server::{Answer, GREETING, Manner, Server};
use pop3_testkit::needles::Needles;
use pop3_testkit::wire;

/// What came of a session.
pub(crate) struct Session {
    pub(crate) log: Log,
    /// What must not be in the log.
    pub(crate) needles: Needles,
    /// Whether the login was told to have succeeded.
    pub(crate) logged_in: bool,
    /// How many messages of the login the server heard.
    pub(crate) messages: usize,
    connection: Connection,
    server: Server,
}

const NOW: Instant = Instant::ORIGIN;

impl Session {
    pub(crate) fn run(way: Way, manner: Manner) -> Self {
        let channel = match way.kind {
            Kind::Plus => Channel::ImplicitTls,
            _ => Channel::TrustedByCaller,
        };
        let mut connection = Connection::new(Config::default(), channel, NOW);
        if way.kind == Kind::Plus {
            let mut info = TlsInfo::default();
            info.exporter = Some([0xc5; 32]);
            connection.tls_established(info, NOW);
        }
        let mut needles = Needles::default();
        if way.kind != Kind::Certificate {
            needles.secret("password", PASSWORD.as_bytes());
        }
        let mut session = Self {
            log: Log::default(),
            needles,
            logged_in: false,
            messages: 0,
            connection,
            server: Server::new(manner, way.name),
        };
        way.submit(&mut session.connection, &mut session.log);
        session.deliver(GREETING.as_bytes());
        session.converse();
        session
    }

    fn look(&mut self) {
        self.log.connection(&self.connection);
    }

    fn take_events(&mut self) {
        self.look();
        while let Some(event) = self.connection.poll_event() {
            self.log.event(&event);
            self.look();
            if let Event::TokenWanted { id, .. } = event {
                let provided = self.connection.provide_token(id, Ok(secret()));
                provided.expect("a token is wanted");
            }
            self.logged_in |= matches!(event, Event::Reply { result: Ok(_), .. });
        }
    }

    /// In two pieces: half an echo stands in the buffer in between.
    fn deliver(&mut self, octets: &[u8]) {
        let (head, tail) = octets.split_at(octets.len() - octets.len() / 3);
        for piece in [head, tail] {
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
                    Answer::Says(reply) => self.deliver(&reply),
                    Answer::SaysAndHangsUp(reply) => {
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
        let flight = self.connection.transmit().to_vec();
        let line = String::from_utf8(flight).expect("text");
        let line = line.trim_end_matches("\r\n").to_owned();
        // All behind the command, and behind the name that is known.
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
        self.look();
        for octets in [line.len() / 2, line.len() + 2 - line.len() / 2] {
            self.connection.transmitted(octets, NOW);
            self.look();
        }
        line
    }
}
