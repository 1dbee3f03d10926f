//! Connecting over TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use pop3_proto::client::{Dialer, dial};
use pop3_proto::{Connection, Connector, Endpoint, Error};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use crate::{Client, Tokio};

/// Connects to a server by the default rules and waits for its greeting: TLS is verified against
/// the roots compiled in, and a `pop3://` server has to offer STLS when it comes to the login.
///
/// # Errors
///
/// As [`connect_with`].
///
/// # Panics
///
/// As [`connect_with`].
///
/// # Cancel safety
///
/// As [`connect_with`].
pub async fn connect(endpoint: &Endpoint) -> Result<Client, Error> {
    connect_with(endpoint, &Connector::default()).await
}

/// Connects to a server and waits for its greeting.
///
/// The host's addresses, IPv6 and IPv4 by turns, are tried in the resolver's order, each with a head
/// start of [`Connector::stagger`].
///
/// # Errors
///
/// [`Error::Transport`] if no address can be connected to, with what each one said
/// ([`Timeout::Connect`](pop3_proto::error::Timeout::Connect) if there is only one and it says nothing);
/// [`Error::Tls`], [`Error::Timeout`], [`Error::Protocol`] or
/// [`Closed::GreetingRefused`](pop3_proto::error::Closed::GreetingRefused) if there is no POP3 server that
/// welcomes us.
///
/// # Panics
///
/// Outside a runtime of Tokio with its I/O and its time enabled.
///
/// # Cancel safety
///
/// What was connected is closed.
pub async fn connect_with(endpoint: &Endpoint, connector: &Connector) -> Result<Client, Error> {
    let stream = dial(&Tcp, endpoint, connector).await?;
    connect_over(endpoint, connector, stream).await
}

/// Starts a client for `endpoint` over a stream that was just connected, such as one through a proxy or a
/// tunnel, and waits for the greeting.
///
/// The endpoint says whether TLS comes first, and which name the certificate must have.
///
/// ```no_run
/// use pop3_tokio::{Client, Connector, Error, connect_over};
///
/// async fn through_a_proxy(
///     stream: tokio::net::TcpStream,
/// ) -> Result<Client, Box<dyn std::error::Error>> {
///     let endpoint = "pop3s://mail.example.org".parse()?;
///     Ok(connect_over(&endpoint, &Connector::default(), stream).await?)
/// }
/// ```
///
/// # Errors
///
/// As [`connect_with`], except that nothing is dialled.
///
/// # Cancel safety
///
/// The stream is dropped, and with it the connection.
pub async fn connect_over<S>(
    endpoint: &Endpoint,
    connector: &Connector,
    stream: S,
) -> Result<Client<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Client::connect_over(endpoint, connector, Tokio::new(stream)).await
}

/// Starts a client for a [`Connection`] of your own over a stream that was just connected, and waits for the
/// greeting. [`connect_over`] makes the connection itself.
///
/// The connection is seeded with randomness from the operating system, and its clock goes on from where it is.
///
/// # Errors
///
/// The fatal error that occurred instead of a greeting.
///
/// # Cancel safety
///
/// The stream is dropped, and with it the connection.
pub async fn start<S>(connection: Connection, stream: S) -> Result<Client<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Client::start(connection, Tokio::new(stream)).await
}

struct Tcp;

impl Dialer for Tcp {
    type Stream = TcpStream;

    async fn resolve(
        &self,
        host: &str,
        port: u16,
    ) -> io::Result<impl IntoIterator<Item = SocketAddr>> {
        lookup_host((host, port)).await
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(address).await?;
        // A batch of commands is sent in one write: waiting for more would only delay it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}
