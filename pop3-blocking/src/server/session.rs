//! One session: the sans-IO server, rustls, and the socket.

use std::io::{self, ErrorKind, Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use pop3_proto::server::{Server, ServerConfig};
use rustls::ServerConnection;

use super::{Shared, lock};

/// The size of a read in octets.
const READ: usize = 16 << 10;

/// How long a session that has ended waits for the client to close the connection, and how many
/// octets it reads until then.
const LINGER: Duration = Duration::from_secs(1);
const LAST_OCTETS: u64 = 1 << 20;

/// A session with its socket and its TLS connection.
pub(super) struct Session<'s> {
    shared: &'s Shared,
    socket: TcpStream,
    implicit_tls: bool,
    server: Server,
    tls: Option<ServerConnection>,
    bound: bool,
    expunged: bool,
}

impl<'s> Session<'s> {
    /// Creates a session for a client that has just connected, with a copy of the current messages.
    pub(super) fn new(shared: &'s Shared, socket: TcpStream, implicit_tls: bool) -> Self {
        let maildrop = lock(&shared.maildrop).clone();
        let config = with_fresh_challenges(shared.config.clone());
        let server = if implicit_tls {
            Server::implicit_tls(config, maildrop)
        } else {
            Server::new(config, maildrop)
        };
        Self {
            shared,
            socket,
            implicit_tls,
            server,
            tls: None,
            bound: false,
            expunged: false,
        }
    }

    /// Runs the session until it ends. Errors are ignored: the client may close the connection at
    /// any time.
    pub(super) fn run(mut self) {
        let _ = self.serve().and_then(|()| self.close());
    }

    fn serve(&mut self) -> io::Result<()> {
        self.socket.set_nodelay(true)?;
        if self.implicit_tls {
            self.start_tls()?;
        }
        while !self.server.is_closed() {
            let moved = match self.tls {
                None => self.move_cleartext(),
                Some(_) => self.move_tls(),
            };
            match moved {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                moved => moved?,
            }
            if !self.expunged && !self.server.expunged().is_empty() {
                self.expunged = true;
                self.shared.expunge(&self.server);
            }
        }
        Ok(())
    }

    fn start_tls(&mut self) -> io::Result<()> {
        let tls = ServerConnection::new(Arc::clone(&self.shared.tls)).map_err(io::Error::other)?;
        self.tls = Some(tls);
        Ok(())
    }

    /// Writes or reads once, in cleartext.
    fn move_cleartext(&mut self) -> io::Result<()> {
        if self.server.wants_write() {
            let octets = self.socket.write(self.server.transmit())?;
            self.server.transmitted(octets);
        } else if self.server.wants_tls() {
            self.start_tls()?;
        } else {
            let mut buffer = [0; READ];
            match self.socket.read(&mut buffer)? {
                0 => self.server.handle_eof(),
                octets => self.server.receive(filled(&buffer, octets)),
            }
        }
        Ok(())
    }

    /// Writes or reads ciphertext once.
    fn move_tls(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        if !tls.is_handshaking() {
            if !core::mem::replace(&mut self.bound, true)
                && let Some(binding) = channel_binding(tls)
            {
                self.server.channel_binding(binding);
            }
            self.server.tls_established();
            let octets = tls.writer().write(self.server.transmit())?;
            self.server.transmitted(octets);
        }
        if tls.wants_write() {
            return tls.write_tls(&mut self.socket).map(drop);
        }
        let mut buffer = [0; READ];
        match tls.reader().read(&mut buffer) {
            Ok(0) => self.server.handle_eof(),
            Ok(octets) => self.server.receive(filled(&buffer, octets)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                tls.read_tls(&mut self.socket)?;
                if let Err(error) = tls.process_new_packets() {
                    // Send the alert, if there is one.
                    while tls.wants_write() {
                        tls.write_tls(&mut self.socket)?;
                    }
                    return Err(io::Error::other(error));
                }
            }
            Err(_) => self.server.handle_eof(),
        }
        Ok(())
    }

    /// Sends close_notify, shuts down the writing side, and waits for the client to close the
    /// connection. Without the wait, a reset could discard the last reply before the client reads
    /// it.
    fn close(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            while tls.wants_write() {
                tls.write_tls(&mut self.socket)?;
            }
        }
        self.socket.shutdown(Shutdown::Write)?;
        self.socket.set_read_timeout(Some(LINGER))?;
        let mut last = (&self.socket).take(LAST_OCTETS);
        io::copy(&mut last, &mut io::sink()).map(drop)
    }
}

/// Replaces the challenges of APOP, CRAM-MD5 and SCRAM with new ones for this session. If there are
/// no random octets, the challenges of the configuration are used.
fn with_fresh_challenges(config: ServerConfig) -> ServerConfig {
    let mut random = [0; 16];
    if getrandom::fill(&mut random).is_err() {
        return config;
    }
    let random = u128::from_ne_bytes(random);
    config.unique_challenges(&format!("{random:032x}"))
}

/// Returns the data for the channel binding of SCRAM (RFC 9266), which is used only with TLS 1.3.
fn channel_binding(tls: &ServerConnection) -> Option<[u8; 32]> {
    if tls.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return None;
    }
    tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
        .ok()
}

/// Returns the part of the buffer that a read filled.
fn filled(buffer: &[u8], octets: usize) -> &[u8] {
    buffer.get(..octets).unwrap_or_default()
}
