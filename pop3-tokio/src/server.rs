//! The sans-IO server over any stream, so that a test of your program needs neither sockets nor time.
//!
//! [`serve`] runs a [`Server`] on one end of `tokio::io::duplex`, and your program uses the other end.
//! With Tokio's paused clock, delays and deadlines pass without waiting:
//!
//! ```
//! use std::time::Duration;
//!
//! use pop3_tokio::server::{Maildrop, On, Server, ServerConfig, Verb, serve};
//! use pop3_tokio::config::StlsPolicy;
//! use pop3_tokio::{Client, Connector, Endpoint, Error, Login, MessageNumber, connect_over};
//! use tokio::io::DuplexStream;
//!
//! /// A part of your program: it tries twice, in case the server is slow.
//! async fn first_message(client: &mut Client<DuplexStream>) -> Result<Vec<u8>, Error> {
//!     let number = MessageNumber::FIRST;
//!     match client.retr_to_vec(number, 1000).await {
//!         Err(error) if !error.is_fatal() => client.retr_to_vec(number, 1000).await,
//!         result => result,
//!     }
//! }
//!
//! #[tokio::main(flavor = "current_thread", start_paused = true)] // or #[tokio::test(…)]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let retr = || On::command(Verb::Retr);
//!     let config = ServerConfig::new("joe", "secret")
//!         .keep_log(true)
//!         .fault(retr().first(1).refuse("[SYS/TEMP] try again")?)
//!         .fault(retr().nth(2).delay(Duration::from_secs(20))?);
//!     let mut server = Server::new(config, Maildrop::from_iter([("uid-1", "mail\r\n")]));
//!
//!     let (near, far) = tokio::io::duplex(64 * 1024);
//!     let program = async {
//!         let mut connector = Connector::default();
//!         connector.config.stls = StlsPolicy::Off; // the octets stay in memory
//!         connector.config.allow_insecure_login = true;
//!         let endpoint = Endpoint::plain("localhost", None);
//!         let mut client = connect_over(&endpoint, &connector, near).await?;
//!         client.login(Login::new("joe", "secret")?).await?;
//!         let message = first_message(&mut client).await?;
//!         client.quit().await?;
//!         Ok::<_, Box<dyn std::error::Error>>(message)
//!     };
//!     let start = tokio::time::Instant::now();
//!     let (served, message) = tokio::join!(serve(far, &mut server), program);
//!     served?;
//!     assert_eq!(message?, b"mail\r\n");
//!     assert!(start.elapsed() >= Duration::from_secs(20)); // on the paused clock
//!     assert_eq!(server.log()[4..], ["RETR 1", "RETR 1", "QUIT"]);
//!     Ok(())
//! }
//! ```
//!
//! `EmbeddedServer` of `pop3-blocking` serves many clients over sockets and TLS.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

pub use pop3_proto::command::Verb;
pub use pop3_proto::server::{
    End, Fault, FaultError, Maildrop, On, Server, ServerConfig, StoredMessage,
};

/// Serves one client in cleartext until the session ends. It waits as long as faults ask for
/// ([`Server::wants_wait`]), and closes idle sessions ([`ServerConfig::idle_limit`]).
///
/// If the client closes the stream, the session ends, and that is not an error. [`End::Reset`] closes
/// the stream, because streams in memory have no reset.
///
/// # Errors
///
/// The client has started STLS, which is not supported here. Leave [`ServerConfig::stls`] off.
///
/// # Cancel safety
///
/// If the future is dropped, the stream is closed. The server remains usable for assertions.
pub async fn serve<S>(mut stream: S, server: &mut Server) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while !server.is_closed() {
        if server.wants_tls() {
            let text = "STLS is not supported over this stream; leave ServerConfig::stls off";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        if step(&mut stream, server).await.is_err() {
            server.handle_eof();
        }
    }
    if !server.wants_reset() {
        // An error means that the client has closed the stream already.
        let _ = stream.shutdown().await;
    }
    Ok(())
}

/// Writes, waits or reads once.
async fn step<S>(stream: &mut S, server: &mut Server) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if server.wants_write() {
        let octets = stream.write(server.transmit()).await?;
        server.transmitted(octets);
        return stream.flush().await;
    }
    let mut buffer = [0; 4096];
    let waits = server.wants_wait();
    match waits {
        Some(time) if time < Duration::MAX => {
            sleep(time).await;
            server.waited();
            return Ok(());
        }
        _ => {}
    }
    let limit = server.idle_limit().unwrap_or(Duration::MAX);
    match timeout(limit, stream.read(&mut buffer)).await {
        Err(_) => server.handle_idle(),
        Ok(read) => match read? {
            0 => server.handle_eof(),
            // A server that stalls does not answer any more.
            _ if waits.is_some() => {}
            octets => server.receive(buffer.get(..octets).unwrap_or_default()),
        },
    }
    Ok(())
}
