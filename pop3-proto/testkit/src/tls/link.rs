//! A session and its peer, with a link between them that partitions octets.

use std::collections::BTreeMap;
use std::time::Duration;

use pop3_proto::{
    Channel, Config, Connection, Event, Instant, Login, RequestId, Secret, error::TransportError,
    tls::ClientTls,
};

use super::peer::Peer;
use crate::wire;

/// Gets the number of available octets, and returns how many to move together.
pub type Cut = Box<dyn FnMut(usize) -> usize>;

pub struct Link {
    pub session: Connection,
    pub peer: Peer,
    pub now: Instant,
    cut: Cut,
    /// The octets in transit to the client.
    to_client: Vec<u8>,
    /// All octets that the client wrote.
    pub written: Vec<u8>,
    /// How many octets the client read.
    pub read: usize,
}

impl Link {
    pub fn implicit_tls(tls: ClientTls, peer: Peer) -> Self {
        let now = Instant::ORIGIN;
        let session = Connection::with_tls(Config::default(), Channel::ImplicitTls, tls, now);
        Self::new(session, peer)
    }

    pub fn plain(tls: ClientTls, peer: Peer) -> Self {
        let now = Instant::ORIGIN;
        let session = Connection::with_tls(Config::default(), Channel::Plain, tls, now);
        Self::new(session, peer)
    }

    pub fn new(session: Connection, peer: Peer) -> Self {
        Self {
            session,
            peer,
            now: Instant::ORIGIN,
            cut: Box::new(|octets| octets),
            to_client: Vec::new(),
            written: Vec::new(),
            read: 0,
        }
    }

    pub fn cut(mut self, cut: Cut) -> Self {
        self.cut = cut;
        self
    }

    /// Moves octets and polls events until nothing moves any more.
    pub fn run(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            events.extend(std::iter::from_fn(|| self.session.poll_event()));
            if !self.step() {
                return events;
            }
        }
    }

    /// Moves one piece, from the client if it has any, else from the server. Returns false if
    /// nothing moves.
    pub fn step(&mut self) -> bool {
        self.write() || self.read()
    }

    /// Moves one piece from the client to the server. Returns false if there is none.
    pub fn write(&mut self) -> bool {
        if !self.session.wants_write() {
            return false;
        }
        let most = (self.cut)(self.session.transmit().len());
        let octets = wire::send(&mut self.session, most, self.now);
        self.written.extend_from_slice(&octets);
        self.peer.receive(&octets);
        true
    }

    /// Moves one piece to the client. Returns false if there is none or the client does not read.
    pub fn read(&mut self) -> bool {
        if self.to_client.is_empty() {
            self.to_client = self.peer.take();
        }
        if self.to_client.is_empty() || !self.session.wants_read() {
            return false;
        }
        let room = self
            .session
            .recv_buffer()
            .expect("the client wants to read");
        let most = (self.cut)(room.len().min(self.to_client.len()));
        let octets: Vec<u8> = self.to_client.drain(..most).collect();
        self.read += wire::receive(&mut self.session, &octets, self.now);
        true
    }

    /// Moves everything that is in transit, and then closes the server's side.
    pub fn end(&mut self) -> Vec<Event> {
        let mut events = self.run();
        self.session.handle_eof(self.now);
        events.extend(self.run());
        events
    }

    /// Makes the client's writes fail from now on.
    pub fn break_writes(&mut self) {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let broken = TransportError::from(&broken);
        self.session.handle_write_error(broken, self.now);
    }

    pub fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.session.handle_timeout(self.now);
    }

    /// Returns the types of the TLS records that the client wrote after this many octets.
    pub fn records(&self, after: usize) -> Vec<u8> {
        record_types(&self.written[after..])
    }
}

/// Types of TLS records (RFC 8446 section 5.1).
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;

/// Returns the types of the complete records that these octets contain.
pub fn record_types(mut octets: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [record, 3, _, high, low, rest @ ..] = octets {
        types.push(*record);
        octets = &rest[usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    assert!(octets.is_empty(), "not a TLS record: {octets:?}");
    types
}

pub fn login() -> Login {
    let username = "alice".try_into().unwrap();
    Login::password(username, Secret::new("secret").unwrap())
}

/// Renders the events of an application, with the chunks of bodies joined.
pub fn story(events: &[Event]) -> Vec<String> {
    let mut bodies: BTreeMap<RequestId, Vec<u8>> = BTreeMap::new();
    let mut seen = Vec::new();
    for event in events {
        match event {
            Event::Body { id, chunk } => bodies.entry(*id).or_default().extend_from_slice(chunk),
            Event::BodyEnd { id, result } => {
                let body = bodies.remove(id).unwrap_or_default();
                seen.push(format!("{:?} {result:?}", String::from_utf8_lossy(&body)));
            }
            event => seen.push(format!("{event:?}")),
        }
    }
    assert!(bodies.is_empty());
    seen
}

/// Returns the result of the connection, which is in the last event.
pub fn end_of(events: &[Event]) -> Result<(), pop3_proto::Error> {
    match events.last() {
        Some(Event::Closed(result)) => result.clone(),
        other => panic!("not the end: {other:?}"),
    }
}

/// Returns a generator of pseudo-random numbers (xorshift), which are the same in every run.
pub fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}
