//! Connecting over TCP.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use pop3_proto::{
    Connector, Endpoint, Error, Instant, Session, Timeout, TransportError, TransportErrorKind,
};

use crate::client::Client;
use crate::stream::Stream;

/// Connects to a server by the default rules and waits for its greeting: TLS is verified against
/// the roots compiled in, and a `pop3://` server has to offer STLS when it comes to the login.
///
/// # Errors
///
/// As [`connect_with`].
pub fn connect(endpoint: &Endpoint) -> Result<Client<TcpStream>, Error> {
    connect_with(endpoint, &Connector::default())
}

/// Connects to a server and waits for its greeting.
///
/// The host's addresses, IPv6 and IPv4, are tried in the resolver's order, each for
/// [`Timeouts::connect`](pop3_proto::Timeouts::connect).
///
/// # Errors
///
/// [`Error::Transport`] if no address can be connected to, with what each one said
/// ([`Timeout::Connect`](pop3_proto::Timeout::Connect) if there is only one and it says nothing);
/// [`Error::Tls`], [`Error::Timeout`], [`Error::Protocol`] or
/// [`Closed::GreetingRefused`](pop3_proto::Closed::GreetingRefused) if there is no POP3 server that
/// welcomes us.
pub fn connect_with(
    endpoint: &Endpoint,
    connector: &Connector,
) -> Result<Client<TcpStream>, Error> {
    let stream = dial(endpoint, connector)?;
    start(connector.session(endpoint, Instant::ORIGIN)?, stream)
}

/// Runs a session, which was just made, over any stream that was just connected, and waits for the
/// greeting. The session gets randomness from the operating system, and its clock goes on from where
/// it is.
///
/// ```no_run
/// use pop3_blocking::{Connector, Endpoint, Instant};
///
/// # fn behind_a_proxy(stream: std::net::TcpStream) -> Result<(), pop3_blocking::Error> {
/// let endpoint = Endpoint::implicit_tls("mail.example.org", None);
/// let session = Connector::default().session(&endpoint, Instant::ORIGIN)?;
/// let mut client = pop3_blocking::start(session, stream)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The fatal error that came instead of a greeting.
pub fn start<S: Stream>(mut session: Session, stream: S) -> Result<Client<S>, Error> {
    let mut random = [0; 32];
    // Without it SCRAM says what is missing, and all else works.
    if getrandom::fill(&mut random).is_ok() {
        session.seed(random);
    }
    Client::start(session, stream)
}

fn dial(endpoint: &Endpoint, connector: &Connector) -> Result<TcpStream, Error> {
    let patience = connector.config.timeouts.connect;
    if patience.is_zero() {
        // The operating system refuses to wait for no time.
        return Err(Timeout::Connect.into());
    }
    let host = endpoint.host();
    let unresolved = |why: &dyn fmt::Display| {
        let text = format!("{host}: {why}");
        TransportError::new(TransportErrorKind::NameResolution, text)
    };
    let addresses = (host, endpoint.port()).to_socket_addrs();
    let addresses = addresses.map_err(|error| unresolved(&error))?;
    let mut failures = Vec::new();
    for address in addresses {
        match attempt(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => failures.push((address, error)),
        }
    }
    if failures.is_empty() {
        return Err(unresolved(&"no address").into());
    }
    Err(Error::unreachable(&failures))
}

fn attempt(address: &SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, patience)?;
    // A flight leaves in one write: waiting for more would only delay it.
    stream.set_nodelay(true)?;
    Ok(stream)
}
