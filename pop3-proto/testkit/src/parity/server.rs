//! Plays the server of a conversation: sends its lines, and compares the client's octets with the
//! transcript.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use pop3_proto::rustls::{ServerConnection, StreamOwned};

use super::script::{Action, Script, Security};
use super::tls;

/// The timeout for octets from the client. It expires only if a test fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// Commands that a client may send at the end, and the replies.
const FINAL_COMMANDS: [(&[u8], &[u8]); 2] = [(b"NOOP\r\n", b"+OK\r\n"), (b"CAPA\r\n", b"-ERR\r\n")];

/// Counts the reports to the application, so that the server can wait for them.
#[derive(Debug, Default)]
pub(super) struct Progress {
    reported: Mutex<usize>,
    changed: Condvar,
}

impl Progress {
    pub(super) fn reported(&self) {
        *self.reported.lock().expect("no panic") += 1;
        self.changed.notify_all();
    }

    fn wait_for(&self, count: usize) -> Result<(), String> {
        let reported = self.reported.lock().expect("no panic");
        let waited =
            (self.changed).wait_timeout_while(reported, PATIENCE, |reported| *reported < count);
        let (reported, timeout) = waited.expect("no panic");
        if timeout.timed_out() {
            return Err(format!("{} of {count} things were reported", *reported));
        }
        Ok(())
    }
}

/// The stream, in cleartext or inside TLS.
enum Wire {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// Runs the server's side.
pub(super) fn serve(script: &Script, stream: TcpStream, progress: &Progress) -> Result<(), String> {
    stream.set_nodelay(true).expect("a socket");
    (stream.set_read_timeout(Some(PATIENCE))).expect("a socket");
    let mut wire = Wire::Clear(stream);
    let mut hung_up = false;
    for action in &script.server {
        match action {
            Action::Say {
                octets,
                after,
                more,
            } => {
                progress.wait_for(*after)?;
                if !more {
                    wire.check_no_more()?;
                }
                // Ignore the error: if the client closed the connection, the client's error says
                // more.
                let _ = wire.write_all(octets).and_then(|()| wire.flush());
            }
            Action::Receive(expected) => wire.receives(expected)?,
            Action::HangUp { after } => {
                progress.wait_for(*after)?;
                wire.hang_up();
                hung_up = true;
            }
            Action::Handshake => wire = wire.handshake(script.security)?,
        }
    }
    wire.finish(hung_up)
}

impl Wire {
    fn handshake(self, security: Security) -> Result<Self, String> {
        let Self::Clear(mut stream) = self else {
            return Err("TLS twice".to_owned());
        };
        let mut tls = ServerConnection::new(tls::server()).expect("a configuration");
        while tls.is_handshaking() {
            match tls.complete_io(&mut stream) {
                Ok(_) => {}
                Err(_) if security == Security::WrongName => return Ok(Self::Clear(stream)),
                Err(error) => return Err(format!("the handshake failed: {error}")),
            }
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(tls, stream))))
    }

    fn receives(&mut self, expected: &[u8]) -> Result<(), String> {
        let mut received = Vec::new();
        let mut octet = [0];
        while received.len() < expected.len() {
            match self.read(&mut octet) {
                Ok(1..) => received.extend_from_slice(&octet),
                Ok(0) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        if received == expected {
            return Ok(());
        }
        let (expected, received) = (expected.escape_ascii(), received.escape_ascii());
        Err(format!(
            "\n  expected {expected}\n  the client sent {received}"
        ))
    }

    /// Checks that the client has not sent more than expected until now.
    fn check_no_more(&mut self) -> Result<(), String> {
        let mut more = [0; 64];
        let octets = match self {
            Self::Clear(stream) => {
                stream.set_nonblocking(true).expect("a socket");
                let octets = stream.peek(&mut more);
                stream.set_nonblocking(false).expect("a socket");
                octets.unwrap_or(0)
            }
            Self::Tls(tls) => tls.conn.reader().read(&mut more).unwrap_or(0),
        };
        match more.get(..octets) {
            None | Some([]) => Ok(()),
            Some(more) => Err(format!("the client also sent {}", more.escape_ascii())),
        }
    }

    fn hang_up(&mut self) {
        let socket = match self {
            Self::Clear(stream) => stream,
            Self::Tls(tls) => {
                tls.conn.send_close_notify();
                let _ = tls.flush();
                &mut tls.sock
            }
        };
        // Ignore the error: the socket may already be shut down.
        let _ = socket.shutdown(Shutdown::Write);
    }

    /// Reads until the client closes. The only command that the client may still send is the one
    /// that checks synchronization.
    fn finish(mut self, hung_up: bool) -> Result<(), String> {
        let mut rest = Vec::new();
        let mut octet = [0];
        let answer = |asked: &[u8]| {
            let found = FINAL_COMMANDS
                .iter()
                .find(|(question, _)| *question == asked);
            found.filter(|_| !hung_up).map(|(_, answer)| *answer)
        };
        while let Ok(1..) = self.read(&mut octet) {
            rest.extend_from_slice(&octet);
            if let Some(answer) = answer(&rest) {
                let _ = self.write_all(answer).and_then(|()| self.flush());
            }
        }
        if rest.is_empty() || answer(&rest).is_some() {
            return Ok(());
        }
        Err(format!("sent at the end: {}", rest.escape_ascii()))
    }
}

impl Read for Wire {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Clear(stream) => stream.read(room),
            Self::Tls(tls) => tls.read(room),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Clear(stream) => stream.write(octets),
            Self::Tls(tls) => tls.write(octets),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Clear(stream) => stream.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
