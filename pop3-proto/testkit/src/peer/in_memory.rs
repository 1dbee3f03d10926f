//! Runs the sans-IO server on a Tokio stream, with rustls if TLS is used.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;

use pop3_proto::server::Server;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::task::JoinHandle;

/// A server that runs in a task.
pub struct Peer(JoinHandle<Server>);

impl Peer {
    /// Waits until the client has disconnected, and returns the server.
    pub async fn ended(self) -> Server {
        self.0.await.unwrap()
    }
}

/// Serves one client. The server uses this TLS configuration for STLS, if it offers STLS.
pub fn serve<S>(stream: S, server: Server, tls: Option<Arc<ServerConfig>>) -> Peer
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    Peer(tokio::task::spawn_local(run(stream, server, tls, None)))
}

/// Serves one client with TLS from the first octet.
pub fn serve_in_tls<S>(stream: S, server: Server, tls: Arc<ServerConfig>) -> Peer
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let connection = ServerConnection::new(tls).unwrap();
    Peer(tokio::task::spawn_local(run(
        stream,
        server,
        None,
        Some(connection),
    )))
}

async fn run<S>(
    mut stream: S,
    mut server: Server,
    config: Option<Arc<ServerConfig>>,
    mut tls: Option<ServerConnection>,
) -> Server
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Errors are ignored, because the client may disconnect at any time.
    while !server.is_closed() {
        if server.wants_tls() && tls.is_none() {
            let config = Arc::clone(config.as_ref().unwrap());
            tls = Some(ServerConnection::new(config).unwrap());
        }
        let moved = match &mut tls {
            None => move_clear(&mut stream, &mut server).await,
            Some(tls) => move_tls(&mut stream, &mut server, tls).await,
        };
        if moved.is_err() {
            server.handle_eof();
        }
    }
    let mut last = Vec::new();
    if let Some(tls) = &mut tls {
        tls.send_close_notify();
        last = ciphertext(tls);
    }
    // Write and read at the same time. Both sides may be shutting down, and neither may wait for
    // the other to read.
    let (mut reading, mut writing) = tokio::io::split(stream);
    let shutdown = async {
        let _ = writing.write_all(&last).await;
        let _ = writing.shutdown().await;
    };
    let mut discarded = tokio::io::sink();
    tokio::select! {
        () = shutdown => {}
        _ = tokio::io::copy(&mut reading, &mut discarded) => {}
    }
    server
}

async fn move_clear<S>(stream: &mut S, server: &mut Server) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if server.wants_write() {
        let octets = stream.write(server.transmit()).await?;
        server.transmitted(octets);
        return Ok(());
    }
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer).await? {
        0 => server.handle_eof(),
        octets => server.receive(&buffer[..octets]),
    }
    Ok(())
}

async fn move_tls<S>(
    stream: &mut S,
    server: &mut Server,
    tls: &mut ServerConnection,
) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if !tls.is_handshaking() {
        server.tls_established();
        let octets = tls.writer().write(server.transmit())?;
        server.transmitted(octets);
    }
    if tls.wants_write() {
        return flush(stream, tls).await;
    }
    let mut buffer = [0; 4096];
    match tls.reader().read(&mut buffer) {
        Ok(0) => server.handle_eof(),
        Ok(octets) => server.receive(&buffer[..octets]),
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            let octets = stream.read(&mut buffer).await?;
            if octets == 0 {
                server.handle_eof();
            }
            let mut ciphertext = &buffer[..octets];
            while !ciphertext.is_empty() {
                tls.read_tls(&mut ciphertext)?;
                tls.process_new_packets().map_err(std::io::Error::other)?;
            }
        }
        Err(_) => server.handle_eof(),
    }
    Ok(())
}

async fn flush<S>(stream: &mut S, tls: &mut ServerConnection) -> std::io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    stream.write_all(&ciphertext(tls)).await
}

fn ciphertext(tls: &mut ServerConnection) -> Vec<u8> {
    let mut octets = Vec::new();
    while tls.wants_write() {
        tls.write_tls(&mut octets).unwrap();
    }
    octets
}
