//! Functions that connect over TCP.

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

/// Connects to a server with the default settings, and waits for its greeting.
///
/// The server's certificate is verified with the root certificates that are compiled in. A
/// `pop3://` server must offer STLS, or the login fails.
///
/// # Errors
///
/// As for [`connect_with`].
pub fn connect(endpoint: &Endpoint) -> Result<Client<TcpStream>, Error> {
    connect_with(endpoint, &Connector::default())
}

/// Connects to a server and waits for its greeting.
///
/// The addresses of the host, IPv6 and IPv4, are tried one after the other in the resolver's order.
/// Each attempt may take as long as [`Timeouts::connect`](pop3_proto::config::Timeouts::connect).
///
/// # Errors
///
/// [`Error::Transport`] if no address accepts the connection; it contains the error of each
/// address. If there is only one address and it does not answer in time, the error is
/// [`Timeout::Connect`](pop3_proto::error::Timeout::Connect). [`Error::Tls`], [`Error::Timeout`] or
/// [`Error::Protocol`] if no POP3 server answers.
/// [`Closed::GreetingRefused`](pop3_proto::error::Closed::GreetingRefused) if the server refuses
/// the session in its greeting.
pub fn connect_with(
    endpoint: &Endpoint,
    connector: &Connector,
) -> Result<Client<TcpStream>, Error> {
    connect_over(endpoint, connector, dial(endpoint, connector)?)
}

/// Starts a client for `endpoint` over a stream that was just connected, for example one through a
/// proxy or a tunnel, and waits for the greeting.
///
/// The endpoint determines whether TLS comes first, and which name the server's certificate must
/// have.
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
/// As for [`connect_with`], except for the errors of connecting.
pub fn connect_over<S: Stream>(
    endpoint: &Endpoint,
    connector: &Connector,
    stream: S,
) -> Result<Client<S>, Error> {
    Client::connect_over(endpoint, connector, Std::new(stream))
}

/// Starts a client for a custom [`Connection`] over a stream that was just connected, and waits for
/// the greeting. [`connect_over`] creates the connection itself.
///
/// The connection is seeded with random octets from the operating system. Its clock continues from
/// its last time.
///
/// # Errors
///
/// The fatal error that occurred before a greeting was received.
pub fn start<S: Stream>(connection: Connection, stream: S) -> Result<Client<S>, Error> {
    Client::start(connection, Std::new(stream))
}

fn dial(endpoint: &Endpoint, connector: &Connector) -> Result<TcpStream, Error> {
    let patience = connector.config.timeouts.connect;
    if patience.is_zero() {
        // `TcpStream::connect_timeout` fails with a timeout of zero.
        return Err(Timeout::Connect.into());
    }
    let host = endpoint.host();
    let unresolved = |why: &dyn fmt::Display| {
        let text = format!("cannot resolve the host name {host}: {why}");
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
        return Err(unresolved(&"it has no address").into());
    }
    Err(Error::unreachable(&failures))
}

fn attempt(address: &SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, patience)?;
    // A batch of commands is sent in one write, so Nagle's algorithm would only delay it.
    stream.set_nodelay(true)?;
    Ok(stream)
}
