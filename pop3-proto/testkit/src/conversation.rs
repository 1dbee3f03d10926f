//! Drives a client step by step, without a socket or a clock.

use core::time::Duration;
use std::collections::{HashMap, VecDeque};

use pop3_proto::{
    Channel, Config, Connection, Dele, Error, Event, Instant, List, MessageNumber, Quit, RequestId,
    Retr, Secret, Stat, Top, Uidl, Username,
    command::{
        Apop, AuthMechanisms, Capa, Command, GetCapabilities, Lang, ListOne, Noop, Pass, Raw, Rset,
        SetLang, StartTls, UidlOne, User, Utf8,
    },
    config::Pipelining,
    error::{TlsError, TlsErrorKind, TransportError, TransportErrorKind},
    tls::TlsInfo,
};

use crate::bodies;
use crate::op::Op;
use crate::render;
use crate::wire;

/// A connection, with the events and octets that it has produced since the last check.
#[derive(Debug)]
pub struct Conversation {
    pub connection: Connection,
    pub now: Instant,
    /// Whether octets move one at a time, in both directions.
    pub trickle: bool,
    /// All octets that were sent.
    pub transmitted: Vec<u8>,
    labels: HashMap<RequestId, String>,
    /// The tokens to provide, by login.
    tokens: HashMap<RequestId, VecDeque<Secret>>,
    first_id: RequestId,
    events: Vec<Recorded>,
    batches: Vec<Vec<u8>>,
}

/// A recorded result.
#[derive(Debug)]
enum Recorded {
    Event(Event),
    /// `submit` itself failed.
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
            transmitted: Vec::new(),
            labels: HashMap::new(),
            tokens: HashMap::new(),
            events: Vec::new(),
            batches: Vec::new(),
        }
    }

    /// Submits an operation in the syntax of transcripts. Nothing is sent yet.
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
            Err(error) => self.events.push(Recorded::Refused(label.to_owned(), error)),
        }
    }

    /// Abandons all submitted requests.
    pub fn abandon(&mut self) {
        self.connection
            .abandon(self.first_id..self.connection.next_id());
    }

    /// Receives octets from the server. All events are polled and all octets are sent in the
    /// meantime.
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

    /// Receives octets without polling events. Returns how many were accepted.
    pub fn arrive(&mut self, octets: &[u8]) -> usize {
        wire::receive(&mut self.connection, octets, self.now)
    }

    /// Passes as many octets to the connection as it accepts. Returns how many.
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

    /// Makes a write fail before any of its octets is sent.
    pub fn write_fails(&mut self) {
        let cause = TransportError::new(TransportErrorKind::Reset, "broken pipe");
        self.connection.handle_write_error(cause, self.now);
        self.settle();
    }

    pub fn tls(&mut self) {
        self.tls_with(TlsInfo::default());
    }

    /// Completes a TLS 1.3 handshake, with the octets 0 to 31 as channel binding data for SCRAM.
    pub fn tls_with_binding(&mut self) {
        let mut info = TlsInfo::default();
        info.exporter = Some(core::array::from_fn(|index| index as u8));
        self.tls_with(info);
    }

    fn tls_with(&mut self, info: TlsInfo) {
        self.settle();
        assert!(self.connection.wants_tls(), "no handshake is due");
        assert!(!self.connection.wants_read() && self.connection.recv_buffer().is_none());
        assert!(!self.connection.wants_write());
        self.connection.tls_established(info, self.now);
        assert!(!self.connection.wants_tls());
        self.settle();
    }

    pub fn tls_fails(&mut self) {
        self.settle();
        assert!(self.connection.wants_tls(), "no handshake is due");
        let cause = TlsError::new(TlsErrorKind::Certificate, "unknown issuer");
        self.connection.tls_failed(cause, self.now);
        self.settle();
    }

    /// Advances the clock.
    pub fn wait(&mut self, seconds: u64) {
        self.settle();
        self.now = self.now + Duration::from_secs(seconds);
        self.settle();
    }

    /// Polls all events, sends all octets and handles deadlines, until nothing remains to be done.
    pub fn settle(&mut self) {
        loop {
            self.take_events();
            self.send();
            let due = self.connection.poll_timeout();
            if due.is_some_and(|due| due <= self.now) {
                self.connection.handle_timeout(self.now);
                // A computation continues with each call, but a deadline that was handled must not
                // be due again.
                let again = self.connection.poll_timeout();
                assert!(
                    again.is_none_or(|again| again > self.now || again == Instant::ORIGIN),
                    "a handled deadline is due again"
                );
            } else {
                // Octets that were sent can lead to events, for example when the connection closes.
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
                Some(Recorded::Event(before)) => Some(before),
                _ => None,
            };
            match bodies::join(before, event) {
                Some(Event::TokenWanted { id, .. }) if self.tokens.contains_key(&id) => {
                    let next = self.tokens.get_mut(&id).and_then(VecDeque::pop_front);
                    let token = next.ok_or_else(|| "none is left".into());
                    let provided = self.connection.provide_token(id, token);
                    provided.expect("a token is requested");
                }
                Some(event) => self.events.push(Recorded::Event(event)),
                None => {}
            }
        }
    }

    fn send(&mut self) {
        while self.connection.wants_write() {
            let batch = self.connection.transmit().to_vec();
            assert!(batch.ends_with(b"\r\n"), "only complete commands");
            let step = if self.trickle { 1 } else { batch.len() };
            for piece in batch.chunks(step) {
                let sent = wire::send(&mut self.connection, step, self.now);
                assert_eq!(sent, piece);
            }
            self.transmitted.extend_from_slice(&batch);
            self.batches.push(batch);
        }
    }

    /// Returns the batches that were sent since the last call.
    pub fn batches(&mut self) -> Vec<String> {
        self.settle();
        core::mem::take(&mut self.batches)
            .iter()
            .map(|batch| String::from_utf8_lossy(batch).into_owned())
            .collect()
    }

    /// Returns all octets that were sent since the last call.
    pub fn sent(&mut self) -> String {
        self.batches().concat()
    }

    /// Returns the events since the last call, in the format of transcripts.
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
            .map(|recorded| match recorded {
                Recorded::Event(event) => render::event(event, &label),
                Recorded::Refused(label, error) => {
                    format!("{label}: failed: {}", render::error(error))
                }
            })
            .collect()
    }

    /// Returns the events since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        self.settle();
        core::mem::take(&mut self.events)
            .into_iter()
            .filter_map(|recorded| match recorded {
                Recorded::Event(event) => Some(event),
                Recorded::Refused(..) => None,
            })
            .collect()
    }

    /// Submits a command, passes the server's reply to the connection, and returns the typed reply.
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

    /// Submits an operation, passes the server's reply to the connection, and returns the events.
    pub fn exchange(&mut self, op: &str, reply: impl AsRef<[u8]>) -> Vec<String> {
        self.ask(op);
        self.server(reply);
        self.reported()
    }

    /// Asserts that the connection is closed: it wants no I/O and has no deadline, and requests get
    /// its error.
    pub fn assert_over(&mut self) {
        assert!(!self.connection.wants_read() && self.connection.recv_buffer().is_none());
        assert!(!self.connection.wants_write() && self.connection.transmit().is_empty());
        assert!(!self.connection.wants_tls() && !self.connection.wants_request());
        assert_eq!(self.connection.poll_timeout(), None);
        assert_eq!(self.connection.outstanding(), 0);
        let fatal = self.connection.error().cloned();
        let refused = self
            .connection
            .submit(Noop)
            .expect_err("the connection is closed");
        assert_eq!(
            refused,
            fatal.unwrap_or_else(|| pop3_proto::error::Closed::Finished.into())
        );
        assert!(refused.is_fatal());
        assert_eq!(self.connection.poll_event(), None);
        assert!(!self.connection.wants_write());
    }
}

/// Returns a conversation with the default configuration.
pub fn trusted() -> Conversation {
    Conversation::new(Config::default(), Channel::TrustedByCaller)
}

/// Returns a logged-in conversation, with nothing in flight and no pending events.
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

/// Returns a logged-in conversation that pipelines.
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
        Op::Utf8 => id(connection, Utf8),
        Op::Lang => id(connection, Lang),
        Op::SetLang(range) => id(connection, SetLang::new(range.as_str())?),
        Op::Short(line) => id(connection, Raw::short(line.as_str())?),
        Op::Long(line) => id(connection, Raw::long(line.as_str())?),
        Op::LongStreamed(line) => id(connection, Raw::long(line.as_str())?.streamed()),
    }
}

/// Returns the seconds from now to the deadline.
pub fn left(session: &Conversation) -> Option<u64> {
    let due = session.connection.poll_timeout()?;
    Some(due.duration_since(session.now).as_secs())
}

/// Advances the clock and calls only `handle_timeout`.
pub fn sleep(session: &mut Conversation, seconds: u64) {
    session.now = session.now + Duration::from_secs(seconds);
    session.connection.handle_timeout(session.now);
}
