//! Connecting over TCP, with async-std's sockets or with smol's.

use futures::io::{AsyncRead, AsyncWrite};
use pop3_proto::{Connection, Connector, Endpoint, Error};

use crate::{Client, Futures};

/// Starts a client for `endpoint` over a stream that was just connected, such as one through a proxy or a
/// tunnel, and waits for the greeting.
///
/// The endpoint says whether TLS comes first, and which name the certificate must have.
///
/// ```no_run
/// use pop3_async_std::{Client, Connector, Error, connect_over};
///
/// async fn through_a_proxy(
///     stream: async_std::net::TcpStream,
/// ) -> Result<Client, Box<dyn std::error::Error>> {
///     let endpoint = "pop3s://mail.example.org".parse()?;
///     Ok(connect_over(&endpoint, &Connector::default(), stream).await?)
/// }
/// ```
///
/// # Errors
///
/// As the function `connect_with`, except that nothing is dialled.
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
    Client::connect_over(endpoint, connector, Futures::new(stream)).await
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
    Client::start(connection, Futures::new(stream)).await
}

/// The two functions of a runtime, whose sockets have the same names as everywhere.
#[cfg(any(feature = "async-std", feature = "smol"))]
macro_rules! connect_with_sockets_of {
    ($runtime:ident :: $net:ident, $resolve:expr) => {
        use std::io;
        use std::net::SocketAddr;
        use std::time::Duration;

        use async_io::Timer;
        use pop3_proto::client::{Dialer, dial};
        use pop3_proto::{Connector, Endpoint, Error};
        use $runtime::$net::TcpStream;

        use crate::{Client, connect_over};

        /// Connects to a server by the default rules and waits for its greeting: TLS is verified
        /// against the roots compiled in, and a `pop3://` server has to offer STLS when it comes to
        /// the login.
        ///
        /// # Errors
        ///
        /// As [`connect_with`].
        ///
        /// # Cancel safety
        ///
        /// As [`connect_with`].
        pub async fn connect(endpoint: &Endpoint) -> Result<Client<TcpStream>, Error> {
            connect_with(endpoint, &Connector::default()).await
        }

        /// Connects to a server and waits for its greeting.
        ///
        /// The host's addresses, IPv6 and IPv4 by turns, are tried in the resolver's order, each with
        /// a head start of [`Connector::stagger`].
        ///
        /// # Errors
        ///
        /// [`Error::Transport`] if no address can be connected to, with what each one said
        /// ([`Timeout::Connect`](pop3_proto::error::Timeout::Connect) if there is only one and it says
        /// nothing); [`Error::Tls`], [`Error::Timeout`], [`Error::Protocol`] or
        /// [`Closed::GreetingRefused`](pop3_proto::error::Closed::GreetingRefused) if there is no POP3
        /// server that welcomes us.
        ///
        /// # Cancel safety
        ///
        /// What was connected is closed.
        pub async fn connect_with(
            endpoint: &Endpoint,
            connector: &Connector,
        ) -> Result<Client<TcpStream>, Error> {
            let stream = dial(&Tcp, endpoint, connector).await?;
            connect_over(endpoint, connector, stream).await
        }

        struct Tcp;

        impl Dialer for Tcp {
            type Stream = TcpStream;

            async fn resolve(
                &self,
                host: &str,
                port: u16,
            ) -> io::Result<impl IntoIterator<Item = SocketAddr>> {
                $resolve((host, port)).await
            }

            async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
                let stream = TcpStream::connect(address).await?;
                // A batch of commands is sent in one write: waiting for more would only delay it.
                stream.set_nodelay(true)?;
                Ok(stream)
            }

            async fn sleep(&self, span: Duration) {
                Timer::after(span).await;
            }
        }
    };
}

#[cfg(feature = "async-std")]
pub(crate) mod with_async_std {
    use async_std::net::ToSocketAddrs;

    connect_with_sockets_of!(async_std::net, |host: (&str, u16)| host.to_socket_addrs());
}

#[cfg(feature = "smol")]
pub(crate) mod with_smol {
    connect_with_sockets_of!(smol::net, smol::net::resolve);
}
