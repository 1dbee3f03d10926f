//! Connecting over TCP, with async-std's sockets or with smol's.

use futures::io::{AsyncRead, AsyncWrite};
use pop3_proto::{Error, Session};

use crate::{Client, Futures};

/// Runs a session, which was just made, over any stream of futures that was just connected, and waits
/// for the greeting. The session gets randomness from the operating system, and its clock goes on
/// from where it is.
///
/// ```no_run
/// use pop3_async_std::{Connector, Endpoint, Instant};
///
/// # async fn behind_a_proxy(stream: async_std::net::TcpStream) -> Result<(), pop3_async_std::Error> {
/// let endpoint = Endpoint::implicit_tls("mail.example.org", None);
/// let session = Connector::default().session(&endpoint, Instant::ORIGIN)?;
/// let mut client = pop3_async_std::start(session, stream).await?;
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
    Client::start(session, Futures::new(stream)).await
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
        use pop3_proto::{Connector, Endpoint, Error, Instant};
        use $runtime::$net::TcpStream;

        use crate::{Client, start};

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
        /// ([`Timeout::Connect`](pop3_proto::Timeout::Connect) if there is only one and it says
        /// nothing); [`Error::Tls`], [`Error::Timeout`], [`Error::Protocol`] or
        /// [`Closed::GreetingRefused`](pop3_proto::Closed::GreetingRefused) if there is no POP3
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
            start(connector.session(endpoint, Instant::ORIGIN)?, stream).await
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
                // A flight leaves in one write: waiting for more would only delay it.
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
