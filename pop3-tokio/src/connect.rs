//! Connecting over TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use pop3_proto::client::{Dialer, dial};
use pop3_proto::{Connector, Endpoint, Error, Instant, Session};
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
/// ([`Timeout::Connect`](pop3_proto::Timeout::Connect) if there is only one and it says nothing);
/// [`Error::Tls`], [`Error::Timeout`], [`Error::Protocol`] or
/// [`Closed::GreetingRefused`](pop3_proto::Closed::GreetingRefused) if there is no POP3 server that
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
    start(connector.session(endpoint, Instant::ORIGIN)?, stream).await
}

/// Runs a session, which was just made, over any stream of Tokio that was just connected, and waits
/// for the greeting. The session gets randomness from the operating system, and its clock goes on
/// from where it is.
///
/// ```no_run
/// use pop3_tokio::{Connector, Endpoint, Instant};
///
/// # async fn behind_a_proxy(stream: tokio::net::TcpStream) -> Result<(), pop3_tokio::Error> {
/// let endpoint = Endpoint::implicit_tls("mail.example.org", None);
/// let session = Connector::default().session(&endpoint, Instant::ORIGIN)?;
/// let mut client = pop3_tokio::start(session, stream).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The fatal error that came instead of a greeting.
///
/// # Cancel safety
///
/// The stream is dropped, and with it the connection.
pub async fn start<S>(mut session: Session, stream: S) -> Result<Client<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut random = [0; 32];
    // Without it SCRAM says what is missing, and all else works.
    if getrandom::fill(&mut random).is_ok() {
        session.seed(random);
    }
    Client::start(session, Tokio::new(stream)).await
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
        // A flight leaves in one write: waiting for more would only delay it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }
}
