//! Two mailboxes at once, over TLS, in one thread: POP3 in an event loop of your own, here of `mio`.
//!
//! ```text
//! cargo run -p pop3-proto --example event_loop
//! POP3_PASSWORD=… cargo run -p pop3-proto --example event_loop -- pop3s://joe@mail.example.org …
//! ```
//!
//! Without a URL it starts two servers of its own and reads the sample mail there: one after STLS, the
//! other in TLS from the start. The loop is [`fetch`]; a [`Mailbox`] is what it moves.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the core has no clock, no sockets and no environment: its loop brings them"
)]

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant as Clock};

use mio::{Events, Interest, Poll, Token, event::Event as Readiness, net::TcpStream};
use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_proto::{
    Connection, Connector, Endpoint, Error, Event, Instant, Login, Quit, Retr, Secret, Stat,
    Ticket, Uidl, login::LoginPolicy, tls::Roots,
};

const USAGE: &str = "usage: event_loop [pop3s://user@host]...";

type Failure = Box<dyn std::error::Error>;
type Account = (Endpoint, Connector, Login);

fn main() -> ExitCode {
    let urls: Vec<_> = std::env::args_os().skip(1).collect();
    let good = if urls.is_empty() {
        embedded()
    } else {
        let accounts = urls.iter().map(|url| named(&url.to_string_lossy()));
        accounts.collect::<Result<_, _>>().and_then(fetch)
    };
    match good {
        Ok(good) => ExitCode::from(u8::from(!good)),
        Err(error) => {
            eprintln!("event_loop: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The mailbox that a URL names, by the default rules.
fn named(url: &str) -> Result<Account, Failure> {
    let endpoint: Endpoint = url.parse().map_err(|error| format!("{USAGE}: {error}"))?;
    let user = endpoint.username().ok_or("a URL names no user")?.clone();
    let password = std::env::var("POP3_PASSWORD").map_err(|_| "there is no POP3_PASSWORD")?;
    let mut login = Login::password(user, Secret::new(password)?);
    if let Some(method) = endpoint.method() {
        login = login.with_policy(LoginPolicy::only(method));
    }
    Ok((endpoint, Connector::default(), login))
}

/// Fetches from servers that run in threads of this process, until they are dropped.
fn embedded() -> Result<bool, Failure> {
    let config = ServerConfig::new("sample", "sample").sasl(["SCRAM-SHA-256"]);
    let one = EmbeddedServer::start(config.clone(), sample(300))?;
    let two = EmbeddedServer::start(config, sample(500))?;
    let account = |endpoint, server: &EmbeddedServer| -> Result<Account, Failure> {
        let mut connector = Connector::default();
        connector.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
        Ok((endpoint, connector, Login::new("sample", "sample")?))
    };
    let stls = account(one.plain(), &one)?;
    fetch(vec![stls, account(two.implicit_tls(), &two)?])
}

/// Messages from short to long, with lines that POP3 must byte-stuff.
fn sample(messages: usize) -> Maildrop {
    let line = ".A line that begins with a dot, as lines of mail sometimes do.\r\n";
    let text = |i| format!("Subject: message {i}\r\n\r\n{}", line.repeat(i));
    (1..=messages).map(|i| (format!("{i}"), text(i))).collect()
}

/// The event loop: `false` if a mailbox failed. Each round waits until there is something to do, and
/// gives each mailbox a turn: a short one, so that none waits long for another's mail or mathematics.
fn fetch(accounts: Vec<Account>) -> Result<bool, Failure> {
    let start = Clock::now();
    let (all, mut good) = (accounts.len(), 0);
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    let mut mailboxes = HashMap::new();
    for (token, (endpoint, connector, login)) in (0..).map(Token).zip(accounts) {
        match Mailbox::open(&endpoint, &connector, login) {
            Ok(mut mailbox) => {
                // Once and for all: see `Mailbox::notice`.
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut mailbox.socket, token, both)?;
                mailboxes.insert(token, (endpoint, mailbox));
            }
            Err(error) => eprintln!("{endpoint}: {error}"),
        }
    }
    // No connection's time runs before all are connected.
    let origin = Clock::now();
    let now = || Instant::since_origin(origin.elapsed());
    while !mailboxes.is_empty() {
        let waits = mailboxes.values().map(|(_, mailbox)| mailbox.wait(now()));
        match poll.poll(&mut events, waits.flatten().min()) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &events {
            let mailbox = mailboxes.entry(event.token());
            mailbox.and_modify(|(_, mailbox)| mailbox.notice(event));
        }
        for (_, mailbox) in mailboxes.values_mut() {
            mailbox.drive(now());
        }
        // Out of the map they are dropped, which closes their sockets.
        for (_, (endpoint, mailbox)) in mailboxes.extract_if(|_, (_, mailbox)| mailbox.is_over()) {
            match mailbox.failure {
                Some(error) => eprintln!("{endpoint}: {error}"),
                None => {
                    println!("{endpoint}: {}", mailbox.summary());
                    good += 1;
                }
            }
        }
    }
    println!("{good} of {all} mailboxes in {:.2?}", start.elapsed());
    Ok(good == all)
}

/// A mailbox on its way: logs in, lists, retrieves all and quits, as it is given turns.
struct Mailbox {
    connection: Connection,
    socket: TcpStream,
    readable: bool,
    writable: bool,
    stat: Ticket<Stat>,
    uidl: Ticket<Uidl>,
    announced: u32,
    messages: u32,
    octets: usize,
    /// The first thing that went wrong.
    failure: Option<Error>,
    closed: bool,
}

impl Mailbox {
    fn open(to: &Endpoint, by: &Connector, login: Login) -> Result<Self, Failure> {
        let socket = dial(to)?;
        let mut connection = by.connection(to, Instant::ORIGIN)?;
        // For the nonces of SCRAM.
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        connection.seed(random);
        // All at once: nothing overtakes the login, and STAT and UIDL share a flight.
        connection.submit(login)?;
        Ok(Self {
            stat: connection.submit(Stat)?,
            uidl: connection.submit(Uidl)?,
            connection,
            socket,
            readable: false,
            writable: false,
            announced: 0,
            messages: 0,
            octets: 0,
            failure: None,
            closed: false,
        })
    }

    /// mio tells of readiness once, when it comes. It lasts until the socket says `WouldBlock`, however
    /// long the connection wants nothing of it. An end or an error is met by trying.
    fn notice(&mut self, event: &Readiness) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    /// A turn: the clock, a write, a read, and all events: nothing moves while one waits.
    fn drive(&mut self, now: Instant) {
        // Deadlines, and the long computation of SCRAM in slices.
        if self.connection.poll_timeout().is_some_and(|due| due <= now) {
            self.connection.handle_timeout(now);
        }
        if self.can_write() {
            self.write(now);
        }
        if self.can_read() {
            self.read(now);
        }
        while let Some(event) = self.connection.poll_event() {
            self.take(event).unwrap_or_else(|error| self.give_up(error));
        }
    }

    fn can_write(&self) -> bool {
        self.writable && self.connection.wants_write()
    }

    fn can_read(&self) -> bool {
        self.readable && self.connection.wants_read()
    }

    /// How long there is nothing to do unless mio has news.
    fn wait(&self, now: Instant) -> Option<Duration> {
        if self.can_write() || self.can_read() {
            return Some(Duration::ZERO);
        }
        Some(self.connection.poll_timeout()?.duration_since(now))
    }

    /// Whether to close the socket. Behind the end TLS takes its leave, if it can at once: no deadline
    /// runs any more, and whether that arrives changes nothing.
    fn is_over(&self) -> bool {
        self.closed && !self.can_write()
    }

    fn write(&mut self, now: Instant) {
        match self.socket.write(self.connection.transmit()) {
            Ok(octets) => self.connection.transmitted(octets, now),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                // Reading goes on: the server may have sent an -ERR before it closed.
                self.connection.handle_write_error(error.into(), now);
            }
        }
    }

    fn read(&mut self, now: Instant) {
        let Some(room) = self.connection.recv_buffer() else {
            return;
        };
        match self.socket.read(room) {
            Ok(0) => self.connection.handle_eof(now),
            Ok(octets) => self.connection.received(octets, now),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => self.connection.handle_read_error(error.into(), now),
        }
    }

    fn take(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::Reply { id, result } if id == self.stat.id() => {
                self.announced = self.stat.read(result?)?.messages;
            }
            Event::Reply { id, result } if id == self.uidl.id() => {
                for number in self.uidl.read(result?)?.numbers() {
                    self.connection.submit(Retr(number))?;
                }
                self.connection.submit(Quit)?;
            }
            // Of the login, the first line of a message, of QUIT.
            Event::Reply { result, .. } => drop(result?),
            Event::Body { chunk, .. } => self.octets += chunk.len(),
            Event::BodyEnd { result, .. } => result.map(|_| self.messages += 1)?,
            Event::Closed(result) => {
                self.closed = true;
                result?;
            }
            // The greeting, and oddities of the server.
            _ => {}
        }
        Ok(())
    }

    /// After a failure nothing is wanted but a decent end.
    fn give_up(&mut self, error: Error) {
        if self.failure.is_none() {
            self.failure = Some(error);
            let rest = self.stat.id()..self.connection.next_id();
            self.connection.abandon(rest);
            // What is dead takes no QUIT, and is about to be `Closed`.
            let _ = self.connection.submit(Quit);
        }
    }

    fn summary(&self) -> String {
        let (messages, all, octets) = (self.messages, self.announced, self.octets);
        let connection = &self.connection;
        let way = connection.login_plan().and_then(|plan| plan.chosen());
        let way = way.map_or("no login", |way| &way.name);
        let tls = connection.tls().and_then(|tls| tls.protocol.as_deref());
        let tls = tls.unwrap_or("no TLS");
        format!("{messages} of {all} messages, {octets} octets, by {way} over {tls}")
    }
}

/// A socket that does not block. This does, as the look-up does: a loop may have ways for both.
fn dial(to: &Endpoint) -> io::Result<TcpStream> {
    let stream = std::net::TcpStream::connect((to.host(), to.port()))?;
    stream.set_nonblocking(true)?;
    // A flight leaves in one write: waiting for more would only delay it.
    stream.set_nodelay(true)?;
    Ok(TcpStream::from_std(stream))
}
