//! One session: the sans-IO server, rustls, and the socket.

use std::io::{self, ErrorKind, Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use pop3_proto::server::{Server, ServerConfig};
use rustls::ServerConnection;
use socket2::SockRef;

use super::{LogEntry, Shared, lock};

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
    /// The read timeout of the socket.
    timeout: Option<Duration>,
    /// The revision of the faults that this session has.
    revision: u64,
    /// How many messages and log lines are already in the shared state.
    removed: usize,
    delivered: usize,
    logged: usize,
}

impl<'s> Session<'s> {
    /// Creates a session for a client that has just connected.
    pub(super) fn new(shared: &'s Shared, socket: TcpStream, implicit_tls: bool) -> Self {
        let maildrop = lock(&shared.maildrop).clone();
        let settings = lock(&shared.settings);
        let revision = settings.revision;
        let config = with_fresh_challenges(settings.config.clone());
        drop(settings);
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
            timeout: None,
            revision,
            removed: 0,
            delivered: 0,
            logged: 0,
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
                Err(error) if is_timeout(&error) => self.step(Server::handle_idle),
                moved => moved?,
            }
        }
        Ok(())
    }

    /// Lets the server process something. What happened is in the shared state before the client can
    /// know it, and no other session gets in between: a client that logs in sees all messages that
    /// are left after the session before.
    fn step(&mut self, process: impl FnOnce(&mut Server)) {
        let mut maildrop = lock(&self.shared.maildrop);
        let settings = lock(&self.shared.settings);
        if self.revision != settings.revision {
            self.revision = settings.revision;
            self.server.set_faults(settings.config.faults().to_vec());
        }
        drop(settings);
        self.server.set_maildrop(maildrop.clone());

        process(&mut self.server);

        let new = |all: usize, seen: &mut usize| all.min(core::mem::replace(seen, all));
        let delivered = self.server.delivered();
        let first = new(delivered.len(), &mut self.delivered);
        maildrop.extend(delivered.iter().skip(first).cloned());
        let removed = self.server.removed();
        for message in removed.iter().skip(new(removed.len(), &mut self.removed)) {
            maildrop.remove_message(message);
        }
        let lines = self.server.log().iter().zip(self.server.replies());
        let first = new(lines.len(), &mut self.logged);
        let entries = lines.skip(first).map(|(command, reply)| LogEntry {
            session: self.server.session(),
            command: command.clone(),
            reply: reply.clone(),
        });
        self.shared.record(entries);
    }

    /// Waits because of a fault.
    fn wait(&mut self, time: Duration) -> io::Result<()> {
        if time < Duration::MAX {
            self.shared.sleep(time);
            self.step(Server::waited);
            return Ok(());
        }
        // The server stalls until the client closes the connection.
        self.set_timeout(None)?;
        io::copy(&mut &self.socket, &mut io::sink())?;
        self.step(Server::handle_eof);
        Ok(())
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        // The system rejects zero.
        let timeout = timeout.map(|time| time.max(Duration::from_millis(1)));
        if self.timeout != timeout {
            self.socket.set_read_timeout(timeout)?;
            self.timeout = timeout;
        }
        Ok(())
    }

    fn start_tls(&mut self) -> io::Result<()> {
        let tls = ServerConnection::new(Arc::clone(&self.shared.tls)).map_err(io::Error::other)?;
        self.tls = Some(tls);
        Ok(())
    }

    /// Writes, waits or reads once, in cleartext.
    fn move_cleartext(&mut self) -> io::Result<()> {
        if self.server.wants_write() {
            let octets = self.socket.write(self.server.transmit())?;
            self.step(|server| server.transmitted(octets));
        } else if let Some(time) = self.server.wants_wait() {
            self.wait(time)?;
        } else if self.server.wants_tls() {
            self.start_tls()?;
        } else {
            let mut buffer = [0; READ];
            self.set_timeout(self.server.idle_limit())?;
            match self.socket.read(&mut buffer)? {
                0 => self.step(Server::handle_eof),
                octets => self.step(|server| server.receive(filled(&buffer, octets))),
            }
        }
        Ok(())
    }

    /// Writes, waits or reads once, in TLS.
    fn move_tls(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        if !tls.is_handshaking() {
            if !core::mem::replace(&mut self.bound, true) {
                if let Some(exporter) = channel_binding(tls) {
                    self.server.channel_binding(exporter);
                }
                if let Some(end_point) = self.shared.end_point {
                    self.server.channel_binding_end_point(end_point);
                }
            }
            self.server.tls_established();
            if self.server.wants_write() {
                let octets = tls.writer().write(self.server.transmit())?;
                self.step(|server| server.transmitted(octets));
            }
        }
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        if tls.wants_write() {
            return tls.write_tls(&mut self.socket).map(drop);
        }
        if let Some(time) = self.server.wants_wait()
            && !tls.is_handshaking()
        {
            return self.wait(time);
        }
        if self.server.is_closed() {
            return Ok(());
        }
        let mut buffer = [0; READ];
        match tls.reader().read(&mut buffer) {
            Ok(0) => self.step(Server::handle_eof),
            Ok(octets) => self.step(|server| server.receive(filled(&buffer, octets))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.read_tls()?,
            Err(_) => self.step(Server::handle_eof),
        }
        Ok(())
    }

    /// Reads ciphertext once.
    fn read_tls(&mut self) -> io::Result<()> {
        self.set_timeout(self.server.idle_limit())?;
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        tls.read_tls(&mut self.socket)?;
        if let Err(error) = tls.process_new_packets() {
            // Send the alert, if there is one.
            while tls.wants_write() {
                tls.write_tls(&mut self.socket)?;
            }
            return Err(io::Error::other(error));
        }
        Ok(())
    }

    /// Sends close_notify, shuts down the writing side, and waits for the client to close the
    /// connection. Without the wait, a reset could discard the last reply before the client reads
    /// it.
    fn close(&mut self) -> io::Result<()> {
        if self.server.wants_reset() {
            // The system sends the reset when the socket is closed, which is soon.
            return SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        }
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

/// Returns the exporter for the channel binding of SCRAM (RFC 9266), which is used only with TLS 1.3.
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

/// Returns whether the read timeout of the socket has expired.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
