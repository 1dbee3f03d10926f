//! A client that is driven by hand, step by step, without a socket or a clock.

use core::time::Duration;
use std::collections::{HashMap, VecDeque};

use pop3_proto::{
    Channel, Config, Connection, Dele, Error, Event, Instant, List, MessageNumber, Quit, RequestId,
    Retr, Secret, Stat, Top, Uidl, Username,
    command::{
        Apop, AuthMechanisms, Capa, Command, GetCapabilities, ListOne, Noop, Pass, Raw, Rset,
        StartTls, UidlOne, User,
    },
    config::Pipelining,
    error::{TlsError, TlsErrorKind, TransportError, TransportErrorKind},
    tls::TlsInfo,
};

use crate::bodies;
use crate::op::Op;
use crate::render;
use crate::wire;

/// A connection, and what it said and did since somebody looked.
#[derive(Debug)]
pub struct Conversation {
    pub connection: Connection,
    pub now: Instant,
    /// Octets move one at a time, in both directions.
    pub trickle: bool,
    labels: HashMap<RequestId, String>,
    /// What to answer when one of these logins requests a token.
    tokens: HashMap<RequestId, VecDeque<Secret>>,
    first_id: RequestId,
    events: Vec<Told>,
    flights: Vec<Vec<u8>>,
}

/// An event that was taken.
#[derive(Debug)]
enum Told {
    Event(Event),
    /// `submit` itself said no.
    Refused(String, Error),
}

impl Conversation {
    pub fn new(config: Config, channel: Channel) -> Self {
        let connection = Connection::new(config, channel, Instant::ORIGIN);
        Self {
            first_id: connection.next_id(),
            connection,
            now: Instant::ORIGIN,
            trickle: false,
            labels: HashMap::new(),
            tokens: HashMap::new(),
            events: Vec::new(),
            flights: Vec::new(),
        }
    }

    /// Submits an operation, written as stories write it. Nothing moves yet.
    pub fn ask(&mut self, line: &str) {
        let op = Op::parse(line).expect("an operation");
        self.ask_op(&op, Op::label(line));
    }

    pub fn ask_op(&mut self, op: &Op, label: &str) {
        let id = self.connection.next_id();
        match submit(&mut self.connection, op) {
            Ok(submitted) => {
                assert_eq!(submitted, id, "ids are given in order");
                self.labels.insert(id, label.to_owned());
                if let Op::Login(login) = op {
                    self.tokens.insert(id, login.tokens().collect());
                }
            }
            Err(error) => self.events.push(Told::Refused(label.to_owned(), error)),
        }
    }

    /// Abandons all that was submitted.
    pub fn abandon(&mut self) {
        self.connection
            .abandon(self.first_id..self.connection.next_id());
    }

    /// The server sends octets; all events are taken and all octets sent, as they come.
    pub fn server(&mut self, octets: impl AsRef<[u8]>) {
        let mut octets = octets.as_ref();
        if self.trickle {
            for octet in octets {
                self.deliver(&[*octet]);
            }
            return;
        }
        while !octets.is_empty() {
            let taken = self.deliver(octets);
            if taken == 0 {
                return;
            }
            octets = octets.get(taken..).unwrap_or_default();
        }
    }

    /// Octets arrive, and nobody looks at what comes of them; gives how many were taken.
    pub fn arrive(&mut self, octets: &[u8]) -> usize {
        wire::receive(&mut self.connection, octets, self.now)
    }

    /// Hands over as much as the connection takes at once.
    fn deliver(&mut self, octets: &[u8]) -> usize {
        self.settle();
        let taken = self.arrive(octets);
        self.settle();
        taken
    }

    pub fn eof(&mut self) {
        self.settle();
        self.connection.handle_eof(self.now);
        self.settle();
    }

    pub fn reset(&mut self) {
        self.settle();
        let cause = TransportError::new(TransportErrorKind::Reset, "connection reset");
        self.connection.handle_read_error(cause, self.now);
        self.settle();
    }

    /// A write fails before any octet of it has left.
    pub fn write_fails(&mut self) {
        let cause = TransportError::new(TransportErrorKind::Reset, "broken pipe");
        self.connection.handle_write_error(cause, self.now);
        self.settle();
    }

    pub fn tls(&mut self) {
        self.tls_with(TlsInfo::default());
    }

    /// TLS 1.3 is in place, with the octets 0 to 31 to bind SCRAM to.
    pub fn tls_with_binding(&mut self) {
        let mut info = TlsInfo::default();
        info.exporter = Some(core::array::from_fn(|index| index as u8));
        self.tls_with(info);
    }

    fn tls_with(&mut self, info: TlsInfo) {
        self.settle();
        assert!(self.connection.wants_tls(), "no handshake is wanted");
        assert!(!self.connection.wants_read() && self.connection.recv_buffer().is_none());
        assert!(!self.connection.wants_write());
        self.connection.tls_established(info, self.now);
        assert!(!self.connection.wants_tls());
        self.settle();
    }

    pub fn tls_fails(&mut self) {
        self.settle();
        assert!(self.connection.wants_tls(), "no handshake is wanted");
        let cause = TlsError::new(TlsErrorKind::Certificate, "unknown issuer");
        self.connection.tls_failed(cause, self.now);
        self.settle();
    }

    /// Time passes.
    pub fn wait(&mut self, seconds: u64) {
        self.settle();
        self.now = self.now + Duration::from_secs(seconds);
        self.settle();
    }

    /// Takes all events, sends all octets and tells the time, until nothing is left to do.
    pub fn settle(&mut self) {
        loop {
            self.take_events();
            self.send();
            let due = self.connection.poll_timeout();
            if due.is_some_and(|due| due <= self.now) {
                self.connection.handle_timeout(self.now);
                // A computation goes on with each look at the clock; a deadline comes once.
                let again = self.connection.poll_timeout();
                assert!(
                    again.is_none_or(|again| again > self.now || again == Instant::ORIGIN),
                    "a deadline that was told does not come again"
                );
            } else {
                // The end can come of what was sent.
                self.take_events();
                if !self.connection.wants_write() {
                    return;
                }
            }
        }
    }

    pub fn take_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            let before = match self.events.last_mut() {
                Some(Told::Event(before)) => Some(before),
                _ => None,
            };
            match bodies::join(before, event) {
                Some(Event::TokenWanted { id, .. }) if self.tokens.contains_key(&id) => {
                    let next = self.tokens.get_mut(&id).and_then(VecDeque::pop_front);
                    let token = next.ok_or_else(|| "none is left".into());
                    let provided = self.connection.provide_token(id, token);
                    provided.expect("a token is wanted");
                }
                Some(event) => self.events.push(Told::Event(event)),
                None => {}
            }
        }
    }

    fn send(&mut self) {
        while self.connection.wants_write() {
            let flight = self.connection.transmit().to_vec();
            assert!(flight.ends_with(b"\r\n"), "whole commands");
            let step = if self.trickle { 1 } else { flight.len() };
            for piece in flight.chunks(step) {
                let sent = wire::send(&mut self.connection, step, self.now);
                assert_eq!(sent, piece);
            }
            self.flights.push(flight);
        }
    }

    /// The flights that left since the last look.
    pub fn batches(&mut self) -> Vec<String> {
        self.settle();
        core::mem::take(&mut self.flights)
            .iter()
            .map(|flight| String::from_utf8_lossy(flight).into_owned())
            .collect()
    }

    /// All octets that left since the last look.
    pub fn sent(&mut self) -> String {
        self.batches().concat()
    }

    /// What happened since the last look, in the words of the stories.
    pub fn reported(&mut self) -> Vec<String> {
        self.settle();
        let label = |id: RequestId| {
            self.labels
                .get(&id)
                .cloned()
                .unwrap_or_else(|| format!("{id:?}"))
        };
        core::mem::take(&mut self.events)
            .iter()
            .map(|told| match told {
                Told::Event(event) => render::event(event, &label),
                Told::Refused(label, error) => format!("{label}: failed: {}", render::error(error)),
            })
            .collect()
    }

    /// The same, as the events themselves.
    pub fn events(&mut self) -> Vec<Event> {
        self.settle();
        core::mem::take(&mut self.events)
            .into_iter()
            .filter_map(|told| match told {
                Told::Event(event) => Some(event),
                Told::Refused(..) => None,
            })
            .collect()
    }

    /// Submits a command, has the server answer, and reads the reply as its own type.
    pub fn call<C: Command>(
        &mut self,
        command: C,
        reply: impl AsRef<[u8]>,
    ) -> Result<C::Reply, Error> {
        let ticket = self.connection.submit(command)?;
        self.server(reply);
        let id = ticket.id();
        let mut events = self.events().into_iter();
        let result = events.find_map(|event| match event {
            Event::Reply { id: of, result } if of == id => Some(result),
            _ => None,
        });
        ticket.read(result.expect("a reply")?)
    }

    /// Asks for something, has the server answer, and tells what came of it.
    pub fn exchange(&mut self, op: &str, reply: impl AsRef<[u8]>) -> Vec<String> {
        self.ask(op);
        self.server(reply);
        self.reported()
    }

    /// Nothing is wanted of the socket or the clock any more, and requests get the one error.
    pub fn assert_over(&mut self) {
        assert!(!self.connection.wants_read() && self.connection.recv_buffer().is_none());
        assert!(!self.connection.wants_write() && self.connection.transmit().is_empty());
        assert!(!self.connection.wants_tls() && !self.connection.wants_request());
        assert_eq!(self.connection.poll_timeout(), None);
        assert_eq!(self.connection.outstanding(), 0);
        let fatal = self.connection.error().cloned();
        let refused = self.connection.submit(Noop).expect_err("it is over");
        assert_eq!(
            refused,
            fatal.unwrap_or_else(|| pop3_proto::error::Closed::Finished.into())
        );
        assert!(refused.is_fatal());
        assert_eq!(self.connection.poll_event(), None);
        assert!(!self.connection.wants_write());
    }
}

/// The default configuration.
pub fn trusted() -> Conversation {
    Conversation::new(Config::default(), Channel::TrustedByCaller)
}

/// A session that is logged in, with nothing in flight and nothing to tell.
pub fn logged_in_with(config: Config) -> Conversation {
    let mut session = Conversation::new(config, Channel::TrustedByCaller);
    session.server("+OK ready\r\n");
    session.ask("user alice");
    session.ask("pass secret");
    session.server("+OK\r\n");
    session.server("+OK\r\n");
    assert_eq!(session.sent(), "USER alice\r\nPASS secret\r\n");
    session.reported();
    session
}

pub fn logged_in() -> Conversation {
    logged_in_with(Config::default())
}

/// A session that is logged in and may have many commands in flight.
pub fn pipelining() -> Conversation {
    let mut config = Config::default();
    config.pipelining = Pipelining::Always;
    logged_in_with(config)
}

/// Submits an operation.
pub fn submit(connection: &mut Connection, op: &Op) -> Result<RequestId, Error> {
    fn id<C: Command>(connection: &mut Connection, command: C) -> Result<RequestId, Error> {
        connection.submit(command).map(|ticket| ticket.id())
    }
    let number = |n: u32| MessageNumber::try_from(n);
    let name = |name: &str| Username::new(name);
    let secret = |secret: &[u8]| Secret::new(secret);
    match op {
        Op::Capa => id(connection, Capa),
        Op::AuthMechanisms => id(connection, AuthMechanisms),
        Op::Capabilities => id(connection, GetCapabilities),
        Op::StartTls => id(connection, StartTls),
        Op::Login(login) => id(connection, login.login()?),
        Op::User(user) => id(connection, User(name(user)?)),
        Op::Pass(password) => id(connection, Pass(secret(password)?)),
        Op::Apop(user, password) => id(connection, Apop::new(name(user)?, secret(password)?)?),
        Op::Stat => id(connection, Stat),
        Op::List => id(connection, List),
        Op::ListOne(n) => id(connection, ListOne(number(*n)?)),
        Op::ListStreamed => id(connection, List::streamed()),
        Op::Uidl => id(connection, Uidl),
        Op::UidlOne(n) => id(connection, UidlOne(number(*n)?)),
        Op::UidlStreamed => id(connection, Uidl::streamed()),
        Op::Retr(n) => id(connection, Retr(number(*n)?)),
        Op::Top(n, lines) => id(
            connection,
            Top {
                number: number(*n)?,
                lines: *lines,
            },
        ),
        Op::Dele(n) => id(connection, Dele(number(*n)?)),
        Op::Noop => id(connection, Noop),
        Op::Rset => id(connection, Rset),
        Op::Confirm(questions) => id(connection, Op::confirm(*questions)),
        Op::Quit => id(connection, Quit),
        Op::Short(line) => id(connection, Raw::short(line.as_str())?),
        Op::Long(line) => id(connection, Raw::long(line.as_str())?),
        Op::LongStreamed(line) => id(connection, Raw::long(line.as_str())?.streamed()),
    }
}

/// Seconds from now to the deadline.
pub fn left(session: &Conversation) -> Option<u64> {
    let due = session.connection.poll_timeout()?;
    Some(due.duration_since(session.now).as_secs())
}

/// Time passes and only the clock is told.
pub fn sleep(session: &mut Conversation, seconds: u64) {
    session.now = session.now + Duration::from_secs(seconds);
    session.connection.handle_timeout(session.now);
}
