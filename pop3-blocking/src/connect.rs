//! Connecting over TCP.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use pop3_proto::{
    Connection, Connector, Endpoint, Error,
    error::{Timeout, TransportError, TransportErrorKind},
};

use crate::Client;
use crate::stream::{Std, Stream};

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
/// [`Timeouts::connect`](pop3_proto::config::Timeouts::connect).
///
/// # Errors
///
/// [`Error::Transport`] if no address can be connected to, with what each one said
/// ([`Timeout::Connect`](pop3_proto::error::Timeout::Connect) if there is only one and it says nothing);
/// [`Error::Tls`], [`Error::Timeout`], [`Error::Protocol`] or
/// [`Closed::GreetingRefused`](pop3_proto::error::Closed::GreetingRefused) if there is no POP3 server that
/// welcomes us.
pub fn connect_with(
    endpoint: &Endpoint,
    connector: &Connector,
) -> Result<Client<TcpStream>, Error> {
    connect_over(endpoint, connector, dial(endpoint, connector)?)
}

/// Starts a client for `endpoint` over a stream that was just connected, such as one through a proxy or a
/// tunnel, and waits for the greeting.
///
/// The endpoint says whether TLS comes first, and which name the certificate must have.
///
/// ```no_run
/// use pop3_blocking::{Client, Connector, Error, connect_over};
///
/// fn through_a_proxy(stream: std::net::TcpStream) -> Result<Client, Box<dyn std::error::Error>> {
///     let endpoint = "pop3s://mail.example.org".parse()?;
///     Ok(connect_over(&endpoint, &Connector::default(), stream)?)
/// }
/// ```
///
/// # Errors
///
/// As [`connect_with`], except that nothing is dialled.
pub fn connect_over<S: Stream>(
    endpoint: &Endpoint,
    connector: &Connector,
    stream: S,
) -> Result<Client<S>, Error> {
    Client::connect_over(endpoint, connector, Std::new(stream))
}

/// Starts a client for a [`Connection`] of your own over a stream that was just connected, and waits for the
/// greeting. [`connect_over`] makes the connection itself.
///
/// The connection is seeded with randomness from the operating system, and its clock goes on from where it is.
///
/// # Errors
///
/// The fatal error that occurred instead of a greeting.
pub fn start<S: Stream>(connection: Connection, stream: S) -> Result<Client<S>, Error> {
    Client::start(connection, Std::new(stream))
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
    // A batch of commands is sent in one write: waiting for more would only delay it.
    stream.set_nodelay(true)?;
    Ok(stream)
}
