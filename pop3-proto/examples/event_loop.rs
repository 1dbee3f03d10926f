//! Fetches two mailboxes in parallel, over TLS and in one thread: POP3 in an event loop, here that
//! of `mio`.
//!
//! ```text
//! cargo run -p pop3-proto --example event_loop
//! POP3_PASSWORD=… cargo run -p pop3-proto --example event_loop -- pop3s://joe@mail.example.org …
//! ```
//!
//! Without a URL, the example starts two servers and reads the sample mail from them: one with
//! STLS, the other with implicit TLS. The event loop is [`fetch`]; it drives a [`Mailbox`] for each
//! server.
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
        let accounts = urls.iter().map(|url| account_of(&url.to_string_lossy()));
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

/// Returns the account of a URL, with the default settings.
fn account_of(url: &str) -> Result<Account, Failure> {
    let endpoint: Endpoint = url.parse().map_err(|error| format!("{USAGE}: {error}"))?;
    let user = endpoint.username().ok_or("a URL has no user name")?.clone();
    let password = std::env::var("POP3_PASSWORD").map_err(|_| "there is no POP3_PASSWORD")?;
    let mut login = Login::password(user, Secret::new(password)?);
    if let Some(method) = endpoint.method() {
        login = login.with_policy(LoginPolicy::only(method));
    }
    Ok((endpoint, Connector::default(), login))
}

/// Fetches mail from servers that run in threads of this process until they are dropped.
fn embedded() -> Result<bool, Failure> {
    let config = ServerConfig::new("sample", "sample").sasl(["SCRAM-SHA-256"]);
    let one = EmbeddedServer::start(config.clone(), sample(300))?;
    let two = EmbeddedServer::start(config, sample(500))?;
    let account = |endpoint, server: &EmbeddedServer| -> Result<Account, Failure> {
        let mut connector = Connector::default();
        connector.tls.roots = Some(Roots::from_pem(server.ca_pem().as_bytes())?);
        Ok((endpoint, connector, Login::new("sample", "sample")?))
    };
    let stls = account(one.plain(), &one)?;
    fetch(vec![stls, account(two.implicit_tls(), &two)?])
}

/// Creates messages from short to long, with lines that POP3 must byte-stuff.
fn sample(messages: usize) -> Maildrop {
    let line = ".A line that begins with a dot, as lines of mail sometimes do.\r\n";
    let text = |i| format!("Subject: message {i}\r\n\r\n{}", line.repeat(i));
    (1..=messages).map(|i| (format!("{i}"), text(i))).collect()
}

/// The event loop. Returns `false` if a mailbox failed.
///
/// Each round waits until there is something to do, and gives each mailbox a short turn, so that
/// none waits long for the mail or the computations of another.
fn fetch(accounts: Vec<Account>) -> Result<bool, Failure> {
    let start = Clock::now();
    let (all, mut good) = (accounts.len(), 0);
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    let mut mailboxes = HashMap::new();
    for (token, (endpoint, connector, login)) in (0..).map(Token).zip(accounts) {
        match Mailbox::open(&endpoint, &connector, login) {
            Ok(mut mailbox) => {
                // Register only once: see `Mailbox::notice`.
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut mailbox.socket, token, both)?;
                mailboxes.insert(token, (endpoint, mailbox));
            }
            Err(error) => eprintln!("{endpoint}: {error}"),
        }
    }
    // Start the clock of all connections after all have been connected.
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
        // Removing a mailbox from the map drops it, which closes its socket.
        for (_, (endpoint, mailbox)) in
            mailboxes.extract_if(|_, (_, mailbox)| mailbox.is_finished())
        {
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

/// A session with one mailbox: it logs in, lists, retrieves all messages and quits.
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
    /// The first error.
    failure: Option<Error>,
    closed: bool,
}

impl Mailbox {
    fn open(to: &Endpoint, by: &Connector, login: Login) -> Result<Self, Failure> {
        let socket = dial(to)?;
        let mut connection = by.connection(to, Instant::ORIGIN)?;
        // SCRAM needs random octets for its nonces.
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        connection.seed(random);
        // Submit all requests together. The login is completed first; STAT and UIDL are then sent
        // in one batch.
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

    /// Notes that the socket is ready.
    ///
    /// mio reports readiness only once. The socket then stays ready until a call returns
    /// `WouldBlock`, even if the connection does not use it for long. The end of the stream and
    /// errors are found by trying to read or write.
    fn notice(&mut self, event: &Readiness) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    /// Does one turn: the clock, a write, a read, and all events. While an event is pending,
    /// nothing is sent or received.
    fn drive(&mut self, now: Instant) {
        // Handles deadlines, and does slices of the long computation of SCRAM.
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
            self.take(event).unwrap_or_else(|error| self.fail(error));
        }
    }

    fn can_write(&self) -> bool {
        self.writable && self.connection.wants_write()
    }

    fn can_read(&self) -> bool {
        self.readable && self.connection.wants_read()
    }

    /// Returns how long to wait if mio reports no readiness.
    fn wait(&self, now: Instant) -> Option<Duration> {
        if self.can_write() || self.can_read() {
            return Some(Duration::ZERO);
        }
        Some(self.connection.poll_timeout()?.duration_since(now))
    }

    /// Returns whether to close the socket. After the end, TLS sends close_notify if it can do so
    /// without waiting. No deadline runs any more, and the result does not depend on whether
    /// close_notify arrives.
    fn is_finished(&self) -> bool {
        self.closed && !self.can_write()
    }

    fn write(&mut self, now: Instant) {
        match self.socket.write(self.connection.transmit()) {
            Ok(octets) => self.connection.transmitted(octets, now),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                // Continue to read: the server may have sent an -ERR before it closed.
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
            // The replies to the login, to RETR (the status line), and to QUIT.
            Event::Reply { result, .. } => drop(result?),
            Event::Body { chunk, .. } => self.octets += chunk.len(),
            Event::BodyEnd { result, .. } => result.map(|_| self.messages += 1)?,
            Event::Closed(result) => {
                self.closed = true;
                result?;
            }
            // The greeting, and tolerated deviations of the server.
            _ => {}
        }
        Ok(())
    }

    /// Keeps the first error, and ends the session.
    fn fail(&mut self, error: Error) {
        if self.failure.is_none() {
            self.failure = Some(error);
            let rest = self.stat.id()..self.connection.next_id();
            self.connection.abandon(rest);
            // A connection that has ended rejects QUIT, and will report `Closed`.
            let _ = self.connection.submit(Quit);
        }
    }

    fn summary(&self) -> String {
        let (messages, all, octets) = (self.messages, self.announced, self.octets);
        let connection = &self.connection;
        let method = connection.login_plan().and_then(|plan| plan.chosen());
        let method = method.map_or("no login", |method| &method.name);
        let tls = connection.tls().and_then(|tls| tls.protocol.as_deref());
        let tls = tls.unwrap_or("no TLS");
        format!("{messages} of {all} messages, {octets} octets, by {method} over {tls}")
    }
}

/// Connects a non-blocking socket. Name resolution and connecting do block; a real event loop can
/// avoid that.
fn dial(to: &Endpoint) -> io::Result<TcpStream> {
    let stream = std::net::TcpStream::connect((to.host(), to.port()))?;
    stream.set_nonblocking(true)?;
    // A batch of commands is sent in one write, so Nagle's algorithm would only delay it.
    stream.set_nodelay(true)?;
    Ok(TcpStream::from_std(stream))
}
