//! Fetches the sizes of all messages with another TLS stack: `native-tls`, which uses OpenSSL on
//! Linux. It is for servers that support only TLS 1.0, if OpenSSL allows that (see `legacy.cnf`).
//!
//! ```sh
//! cargo run                                                   # an embedded server, both kinds of TLS
//! POP3_PASSWORD=... cargo run -- pop3s://joe@mail.example.org [CA.pem]
//! ```
//!
//! A `Connection` without a `ClientTls` says by `wants_tls` when a handshake is due. Its octets are
//! then POP3, and this program encrypts them.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Clock};

use native_tls::{Certificate, Protocol, TlsConnector};
use pop3_blocking::server::{EmbeddedServer, Maildrop, ServerConfig};
use pop3_proto::error::{TlsError, TlsErrorKind, TransportError};
use pop3_proto::login::{ChannelBinding, LoginPolicy};
use pop3_proto::tls::{EndPoint, NoEndPoint, TlsInfo};
use pop3_proto::{Config, Connection, Endpoint, Event, Instant, List, Login, Quit};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else {
        let mail = Maildrop::from_iter([("uid-1", "one\r\n"), ("uid-2", "two\r\n")]);
        let config = ServerConfig::new("joe", "secret").sasl(["SCRAM-SHA-256-PLUS"]);
        let server = EmbeddedServer::start(config, mail)?;
        for endpoint in [server.implicit_tls(), server.plain()] {
            // OpenSSL and the server compute the hash of the certificate independently.
            let bound = LoginPolicy::scram().with_channel_binding(ChannelBinding::Require);
            let login = Login::new("joe", "secret")?.with_policy(bound);
            fetch(&endpoint, login, Some(server.ca_pem().as_bytes()))?;
        }
        return Ok(());
    };
    let endpoint: Endpoint = url.parse()?;
    let user = endpoint.username().ok_or("the URL has no user name")?;
    let ca = arguments.next().map(std::fs::read).transpose()?;
    let login = Login::new(user.as_str(), std::env::var("POP3_PASSWORD")?)?;
    fetch(&endpoint, login, ca.as_deref())
}

/// Logs in, and prints the sizes of all messages.
fn fetch(server: &Endpoint, login: Login, ca: Option<&[u8]>) -> Result<(), Box<dyn Error>> {
    let mut tls = TlsConnector::builder();
    tls.min_protocol_version(Some(Protocol::Tlsv10));
    if let Some(pem) = ca {
        tls.add_root_certificate(Certificate::from_pem(pem)?);
    }
    let socket = TcpStream::connect((server.host(), server.port()))?;
    let mut session = Session {
        connection: Connection::new(Config::default(), server.channel(), Instant::ORIGIN),
        stream: Box::new(socket.try_clone()?),
        socket,
        tls: tls.build()?,
        host: server.host().to_owned(),
        begin: Clock::now(),
    };
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    session.connection.seed(seed);
    session.connection.submit(login)?;
    let list = session.connection.submit(List)?;
    session.connection.submit(Quit)?;
    loop {
        match session.next_event() {
            Event::Reply { id, result } if id == list.id() => {
                for message in list.read(result?)?.iter() {
                    println!("{server}: {message:?}");
                }
            }
            Event::Reply { result, .. } => drop(result?),
            Event::Closed(result) => return Ok(result?),
            _ => {}
        }
    }
}

/// A connection, its socket and its clock.
struct Session {
    connection: Connection,
    /// For the timeouts, and for the handshake.
    socket: TcpStream,
    /// What carries the octets of POP3: the socket, or TLS over it.
    stream: Box<dyn Stream>,
    tls: TlsConnector,
    host: String,
    begin: Clock,
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

impl Session {
    fn next_event(&mut self) -> Event {
        loop {
            if let Some(event) = self.connection.poll_event() {
                return event;
            }
            let now = Instant::since_origin(self.begin.elapsed());
            let due = self.connection.poll_timeout();
            if due.is_some_and(|due| due <= now) {
                self.connection.handle_timeout(now);
                continue;
            }
            // A timeout of zero is not allowed.
            let patience = due.map(|due| due.duration_since(now).max(Duration::from_millis(1)));
            let _ = self.socket.set_read_timeout(patience);
            let _ = self.socket.set_write_timeout(patience);
            if self.connection.wants_tls() {
                match self.handshake() {
                    Ok(info) => self.connection.tls_established(info, now),
                    Err(error) => {
                        let error = TlsError::new(TlsErrorKind::Other, error.to_string());
                        self.connection.tls_failed(error, now);
                    }
                }
            } else if let Err(error) = self.move_octets(now) {
                use ErrorKind::{Interrupted, TimedOut, WouldBlock};
                // A deadline that has passed is handled above.
                if !matches!(error.kind(), Interrupted | TimedOut | WouldBlock) {
                    let error = TransportError::from(&error);
                    self.connection.handle_read_error(error, now);
                }
            }
        }
    }

    /// Does the handshake that the connection wants.
    fn handshake(&mut self) -> Result<TlsInfo, Box<dyn Error>> {
        let stream = self.tls.connect(&self.host, self.socket.try_clone()?)?;
        let mut info = TlsInfo::default();
        // For SCRAM-PLUS.
        let hash = stream.tls_server_end_point()?;
        let end_point = hash.and_then(|hash| EndPoint::from_hash(&hash));
        info.end_point = end_point.ok_or(NoEndPoint::NotProvided);
        self.stream = Box::new(stream);
        Ok(info)
    }

    /// Writes or reads once.
    fn move_octets(&mut self, now: Instant) -> io::Result<()> {
        if self.connection.wants_write() {
            let octets = self.stream.write(self.connection.transmit())?;
            self.connection.transmitted(octets, now);
        } else if let Some(room) = self.connection.recv_buffer() {
            match self.stream.read(room)? {
                0 => self.connection.handle_eof(now),
                octets => self.connection.received(octets, now),
            }
        }
        Ok(())
    }
}
