//! Runs a session over TLS whose records are partitioned, dropped, changed and mixed with others,
//! or whose peer does not use TLS. The client must report exactly what the server sent, or an
//! error. It must write nothing in cleartext except a request for TLS.

use core::time::Duration;

use pop3_proto::server::{Maildrop, Server};
use pop3_proto::{
    Channel, Config, Connection, Dele, Error, Event, Instant, List, Login, Quit, QuitOutcome, Retr,
    Stat, Uidl,
    error::{TransportError, TransportErrorKind},
    login::{ChannelBinding, LoginPolicy},
    reply::{MailboxStat, Reply},
};

use super::attacker::account;
use super::commands::{Asked, Kind, secret, user};
use super::ledger::Ledger;
use super::script::{Step, said, steps};
use super::setup::{LARGE_BUFFER, limits, message, with_few_iterations};
use super::{SECRET, contains};
use crate::tls::fixed;
use crate::tls::peer::Peer;
use crate::wire;

/// The only octets that may be written in cleartext.
const CLEAR: &[u8] = b"CAPA\r\nSTLS\r\n";

/// Runs an input: an octet for the kind of TLS and the size of the buffer, then a
/// [script](super::script), or any octets if there is no server.
///
/// In the script, 0x80 to 0x9f forward octets of the server, 0xa0 to 0xa7 drop one to eight octets,
/// and 0xa8 to 0xaf change a bit of the next octet. 0xe3 makes the server send close_notify, 0xe4
/// makes it update its keys, and 0xe9 forwards everything until nothing moves.
pub fn tls(data: &[u8]) -> usize {
    run(data).map_or(0, |(events, _)| events)
}

/// Returns the final error of an input's session.
pub fn end(data: &[u8]) -> Option<Error> {
    run(data)?.1
}

/// Returns the number of events, and the error if there was one.
fn run(data: &[u8]) -> Option<(usize, Option<Error>)> {
    let (&mode, script) = data.split_first()?;
    let mut link = Link::new(mode);
    let steps = steps(script);
    // The secret may be in events if the server itself can send a part of it.
    let most = &SECRET.as_bytes()[..6];
    let said = [script, &said(&steps)].map(|said| contains(said, most));
    link.ledger.secret_is_out = said.contains(&true);
    if mode & 4 == 0 {
        steps.iter().for_each(|step| link.happen(step));
        link.run();
        let conforming =
            |step: &Step| matches!(step, Step::Submit(_) | Step::Send(_) | Step::Pause);
        let expunged = link.server().expunged().len();
        assert!(
            expunged == 1 || !steps.iter().all(conforming),
            "there was no interference: {:?} {:?}",
            link.session,
            link.session.error()
        );
    } else {
        for piece in script.chunks(usize::from(mode >> 4) * 100 + 1) {
            link.deliver(piece);
            link.write(usize::MAX);
            link.take_events();
        }
    }
    Some(link.finish())
}

/// The contents of the maildrop.
const MAIL: [(&str, &str); 2] = [
    ("uid-1", "Subject: dots\r\n\r\n.\r\n..\r\n.dot\r\n"),
    ("uid-2", "hello\r\n"),
];

fn peer(implicit: bool, old: bool) -> Peer {
    let mail = Maildrop::from_iter(MAIL);
    let config = account().keep_log(true).stls(true);
    let tls = if old {
        fixed::old_server()
    } else {
        fixed::server()
    };
    if implicit {
        Peer::implicit_tls(Some(Server::implicit_tls(config, mail)), tls)
    } else {
        Peer::plain(Some(Server::new(config, mail)), tls)
    }
}

struct Link {
    session: Connection,
    peer: Peer,
    now: Instant,
    ledger: Ledger,
    /// All octets that the client wrote.
    written: Vec<u8>,
    /// The octets that were read in cleartext since STLS was sent, up to the read that returned the
    /// reply to STLS.
    reply: Vec<u8>,
    /// Whether that read returned more than the reply.
    injected: bool,
    /// Whether the login succeeded, or a command that requires a login.
    logged_in: bool,
    /// Whether writes fail.
    broken: bool,
    body: Vec<u8>,
    bodies: Vec<Vec<u8>>,
    /// How many commands the server had received when the client failed.
    received: Option<usize>,
}

impl Link {
    fn new(mode: u8) -> Self {
        let implicit = mode & 1 == 0;
        let channel = if implicit {
            Channel::ImplicitTls
        } else {
            Channel::Plain
        };
        let now = Instant::ORIGIN;
        let mut config = Config::default();
        config.limits = limits(false);
        if mode & 0x14 == 0x10 {
            config.limits.receive_buffer = LARGE_BUFFER;
        }
        let mut session = Connection::with_tls(config, channel, fixed::client(), now);
        session.seed([7; 32]);
        let mut link = Self {
            session,
            peer: peer(implicit, mode & 2 != 0),
            now,
            ledger: Ledger::default(),
            written: Vec::new(),
            reply: Vec::new(),
            injected: false,
            logged_in: false,
            broken: false,
            body: Vec::new(),
            bodies: Vec::new(),
            received: None,
        };
        let binding = if mode & 8 == 0 {
            ChannelBinding::Off
        } else {
            ChannelBinding::Prefer
        };
        let policy = with_few_iterations(LoginPolicy::default().with_channel_binding(binding));
        link.submit(policy).unwrap();
        link
    }

    /// Submits a whole session.
    fn submit(&mut self, policy: LoginPolicy) -> Result<(), Error> {
        let login = Login::password(user(), secret()).with_policy(policy);
        let session = &mut self.session;
        let asked = [
            Asked::new(session.submit(login)?, Kind::Login),
            Asked::new(session.submit(Stat)?, Kind::Whole),
            Asked::new(session.submit(List)?, Kind::Whole),
            Asked::new(session.submit(Uidl)?, Kind::Whole),
            Asked::new(session.submit(Retr(message(1)))?, Kind::Streamed),
            Asked::new(session.submit(Retr(message(2)))?, Kind::Streamed),
            Asked::new(session.submit(Dele(message(1)))?, Kind::Whole),
            Asked::new(session.submit(Quit)?, Kind::Whole),
        ];
        asked.into_iter().for_each(|asked| self.ledger.ask(asked));
        Ok(())
    }

    fn server(&self) -> &Server {
        self.peer.server.as_ref().unwrap()
    }

    fn happen(&mut self, step: &Step) {
        match *step {
            Step::Server(ref octets) => self.deliver(octets),
            Step::Submit(octets) => drop(self.pass(1 << (octets % 12))),
            Step::AbandonOne(octets) => {
                let outgoing = &mut self.peer.outgoing;
                outgoing.drain(..outgoing.len().min(usize::from(octets) + 1));
            }
            Step::AbandonLast(bit) => {
                if let Some(next) = self.peer.outgoing.first_mut() {
                    *next ^= 1 << (bit - 1);
                }
                self.pass(1);
            }
            Step::Wait(seconds) => {
                self.now = self.now + Duration::from_secs(seconds);
                self.session.handle_timeout(self.now);
            }
            Step::Send(octets) => self.write(octets),
            Step::Eof => self.session.handle_eof(self.now),
            Step::ReadFails => self.session.handle_read_error(failure(), self.now),
            Step::WriteFails => {
                self.broken = true;
                self.session.handle_write_error(failure(), self.now);
            }
            Step::Tls { exporter: false } => {
                if self.peer.tls.is_some() {
                    self.peer.send_close_notify();
                    self.peer.stops_reading = true;
                }
            }
            Step::Tls { exporter: true } => self.peer.change_keys(),
            Step::Pause => self.run(),
            Step::TlsFails | Step::Poll | Step::PollAll | Step::Exceeded => {}
        }
        self.take_events();
    }

    /// Forwards at most this many octets from the server. Returns false if there are none.
    fn pass(&mut self, most: usize) -> bool {
        self.peer.answer();
        let count = self.peer.outgoing.len().min(most);
        let octets: Vec<u8> = self.peer.outgoing.drain(..count).collect();
        self.deliver(&octets);
        count > 0
    }

    /// Passes octets to the client. Those that it does not read are lost, because it has failed or
    /// has detected an injection.
    fn deliver(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            self.take_events();
            let count = wire::receive(&mut self.session, octets, self.now);
            if count == 0 {
                return;
            }
            let (read, rest) = octets.split_at(count);
            self.check_after_stls(read);
            octets = rest;
        }
    }

    /// Records whether a read contains the reply to STLS and more.
    fn check_after_stls(&mut self, read: &[u8]) {
        // The read is relevant only if STLS was sent and its reply was not complete before.
        if self.written != CLEAR || self.reply.contains(&b'\n') {
            return;
        }
        self.reply.extend_from_slice(read);
        // Blank lines are tolerated.
        let blank = |octet: &u8| matches!(octet, b'\r' | b'\n');
        let begin = self.reply.iter().position(|octet| !blank(octet));
        self.reply.drain(..begin.unwrap_or(self.reply.len()));
        let end = self.reply.iter().position(|&octet| octet == b'\n');
        self.injected = end.is_some_and(|end| end + 1 < self.reply.len());
    }

    fn write(&mut self, most: usize) {
        let octets = self.session.transmit();
        assert!(
            octets.is_empty() || !self.broken,
            "a write after one that failed"
        );
        let octets = wire::send(&mut self.session, most, self.now);
        self.written.extend_from_slice(&octets);
        self.peer.receive(&octets);
    }

    /// Forwards everything until nothing moves.
    fn run(&mut self) {
        loop {
            self.take_events();
            if self.session.wants_write() {
                self.write(usize::MAX);
            } else if self
                .session
                .poll_timeout()
                .is_some_and(|due| due <= self.now)
            {
                self.session.handle_timeout(self.now);
            } else if !self.session.wants_read() || !self.pass(usize::MAX) {
                break;
            }
        }
    }

    fn take_events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            let limits = &self.session.config().limits;
            self.ledger.record(&event, limits);
            self.look_at(event);
        }
        let log = self.server().log().len();
        if self.session.error().is_some() {
            let received = *self.received.get_or_insert(log);
            assert_eq!(received, log, "a command after the error");
        }
    }

    /// Checks that an event inside TLS agrees with what the server sent.
    fn look_at(&mut self, event: Event) {
        match event {
            Event::Body { chunk, .. } => self.body.extend_from_slice(&chunk),
            Event::BodyEnd { result, .. } => {
                let body = core::mem::take(&mut self.body);
                let (_, mail) = MAIL[self.bodies.len()];
                assert!(mail.as_bytes().starts_with(&body));
                assert!(result.is_err() || body == mail.as_bytes());
                self.bodies.push(body);
            }
            Event::Reply {
                result: Ok(reply), ..
            } => {
                self.logged_in |= !matches!(reply, Reply::Quit(_));
                self.look_at_reply(reply);
            }
            _ => {}
        }
    }

    fn look_at_reply(&self, reply: Reply) {
        let all: u64 = MAIL.iter().map(|(_, mail)| mail.len() as u64).sum();
        match reply {
            Reply::Stat(MailboxStat {
                messages, octets, ..
            }) => {
                assert_eq!((messages, octets), (2, Some(all)));
            }
            Reply::Sizes(sizes) => assert_eq!((sizes.len(), sizes.octets()), (2, all)),
            Reply::UniqueIds(ids) => {
                let ids = ids.iter().map(|entry| entry.unique_id.unwrap());
                assert!(ids.map(|id| id.to_string()).eq(["uid-1", "uid-2"]));
            }
            Reply::Quit(QuitOutcome::Unknown) => {}
            Reply::Quit(outcome) => {
                assert!(outcome.is_committed());
                assert_eq!(self.server().expunged().len(), 1);
            }
            _ => assert!(self.session.tls().is_some(), "{reply:?}"),
        }
    }

    /// Closes the connection from the server's side, and checks the octets that were written.
    fn finish(mut self) -> (usize, Option<Error>) {
        self.session.handle_eof(self.now);
        self.take_events();
        while self.session.wants_write() {
            self.write(usize::MAX);
        }
        // The failure is reported after TLS has written its alert.
        self.take_events();
        assert!(self.ledger.closed, "{:?}", self.session);
        assert!(!self.session.wants_read() && self.session.poll_timeout().is_none());
        let clear = CLEAR
            .iter()
            .zip(&self.written)
            .take_while(|(a, b)| a == b)
            .count();
        let (clear, records) = self.written.split_at(clear);
        if !records.is_empty() {
            assert!(clear.is_empty() || clear == CLEAR);
            assert_records(records);
        }
        let error = self.session.error();
        if self.injected {
            // After an injection, not even a TLS handshake may begin.
            assert!(!self.logged_in && self.server().expunged().is_empty());
            assert!(!matches!(error, None | Some(Error::Tls(_))), "{error:?}");
        }
        (self.ledger.events, error.cloned())
    }
}

/// Asserts that these are TLS records (RFC 8446 section 5.1), of which the last may be incomplete.
fn assert_records(mut octets: &[u8]) {
    while let [kind, major, _, high, low, rest @ ..] = octets {
        assert!(
            (20..=23).contains(kind) && *major == 3,
            "no record: {octets:?}"
        );
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        octets = rest.get(length..).unwrap_or_default();
    }
}

fn failure() -> TransportError {
    TransportError::new(TransportErrorKind::Reset, "reset")
}
