//! Functions that connect over TCP, with async-std's sockets or with smol's.

use futures::io::{AsyncRead, AsyncWrite};
use pop3_proto::{Connection, Connector, Endpoint, Error};

use crate::{Client, Futures};

/// Starts a client for `endpoint` over a stream that was just connected, for example one through a
/// proxy or a tunnel, and waits for the greeting.
///
/// The endpoint determines whether TLS comes first, and which name the server's certificate must
/// have.
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
/// As for the function `connect_with`, except for the errors of connecting.
///
/// # Cancel safety
///
/// If the future is dropped, the stream is closed.
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

/// Starts a client for a custom [`Connection`] over a stream that was just connected, and waits for
/// the greeting. [`connect_over`] creates the connection itself.
///
/// The connection is seeded with random octets from the operating system. Its clock continues from
/// its last time.
///
/// # Errors
///
/// The fatal error that occurred before a greeting was received.
///
/// # Cancel safety
///
/// If the future is dropped, the stream is closed.
pub async fn start<S>(connection: Connection, stream: S) -> Result<Client<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Client::start(connection, Futures::new(stream)).await
}

/// Defines `connect` and `connect_with` for a runtime, whose sockets have the same names as those
/// of std.
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

        /// Connects to a server with the default settings, and waits for its greeting.
        ///
        /// The server's certificate is verified with the root certificates that are compiled in. A
        /// `pop3://` server must offer STLS, or the login fails.
        ///
        /// # Errors
        ///
        /// As for [`connect_with`].
        ///
        /// # Cancel safety
        ///
        /// As for [`connect_with`].
        pub async fn connect(endpoint: &Endpoint) -> Result<Client<TcpStream>, Error> {
            connect_with(endpoint, &Connector::default()).await
        }

        /// Connects to a server and waits for its greeting.
        ///
        /// The addresses of the host are tried in the resolver's order, alternating between IPv6
        /// and IPv4. The next attempt begins when one fails, or after [`Connector::stagger`], while
        /// the earlier attempts continue.
        ///
        /// # Errors
        ///
        /// [`Error::Transport`] if no address accepts the connection; it contains the error of each
        /// address. If there is only one address and it does not answer in time, the error is
        /// [`Timeout::Connect`](pop3_proto::error::Timeout::Connect). [`Error::Tls`],
        /// [`Error::Timeout`] or [`Error::Protocol`] if no POP3 server answers.
        /// [`Closed::GreetingRefused`](pop3_proto::error::Closed::GreetingRefused) if the server
        /// refuses the session in its greeting.
        ///
        /// # Cancel safety
        ///
        /// If the future is dropped, the connection is closed.
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
                // A batch of commands is sent in one write, so Nagle's algorithm would only delay
                // it.
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
