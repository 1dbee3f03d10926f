//! The streams that a client can use, with the clock and the random octets that it needs.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Clock};

use pop3_proto::Instant;
use pop3_proto::blocking::Transport;

/// A stream that a [`Client`](crate::Client) can use.
///
/// It is implemented for sockets. [`NoTimeout`] implements it for any `Read + Write`.
///
/// A write may block, but it must eventually accept at least 4 KiB, even if nothing is read in
/// between. Every socket does.
pub trait Stream: Read + Write {
    /// Sets the time after which reads and writes fail with `WouldBlock` or `TimedOut`. Zero means
    /// the shortest time possible. The client relies on this timeout for all of its deadlines.
    ///
    /// # Errors
    ///
    /// The failure of the operating system. It ends the connection.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Reads octets that have already been received, without waiting. Returns `None` if there are
    /// none, or if the stream cannot read without waiting. A client calls it before it uses an idle
    /// connection, because the server may have closed the connection.
    ///
    /// # Errors
    ///
    /// The failure of the operating system. It ends the connection.
    fn read_ready(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let _ = buffer;
        Ok(None)
    }
}

/// The transport of a [`Client`](crate::Client): a [`Stream`] with the clock of the standard
/// library and random octets from the operating system.
pub struct Std<S> {
    stream: S,
    origin: Clock,
}

impl<S> Std<S> {
    /// Wraps a stream that was just connected. Its clock starts now.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            origin: Clock::now(),
        }
    }

    /// Returns the stream.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Returns the stream, for use after the connection has ended.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: Stream> Transport for Std<S> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.stream.read(room)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.write(octets)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_timeout(timeout)
    }

    fn read_ready(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        self.stream.read_ready(room)
    }

    fn now(&self) -> Instant {
        Instant::since_origin(self.origin.elapsed())
    }

    fn random(&mut self, room: &mut [u8]) -> io::Result<()> {
        Ok(getrandom::fill(room)?)
    }
}

impl<S: fmt::Debug> fmt::Debug for Std<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Std").field(&self.stream).finish()
    }
}

/// Reads from a socket in non-blocking mode.
fn without_waiting<S: Read>(
    socket: &mut S,
    set_nonblocking: impl Fn(&S, bool) -> io::Result<()>,
    buffer: &mut [u8],
) -> io::Result<Option<usize>> {
    set_nonblocking(socket, true)?;
    let read = socket.read(buffer);
    set_nonblocking(socket, false)?;
    match read {
        Ok(octets) => Ok(Some(octets)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The shortest timeout of a socket. The operating system treats zero as no timeout, or rejects it.
const SHORTEST: Duration = Duration::from_micros(1);

impl Stream for TcpStream {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.max(SHORTEST));
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }

    fn read_ready(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        without_waiting(self, Self::set_nonblocking, buffer)
    }
}

#[cfg(unix)]
impl Stream for std::os::unix::net::UnixStream {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| timeout.max(SHORTEST));
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }

    fn read_ready(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        without_waiting(self, Self::set_nonblocking, buffer)
    }
}

impl<S: Stream + ?Sized> Stream for Box<S> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_timeout(timeout)
    }

    fn read_ready(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        (**self).read_ready(buffer)
    }
}

/// Makes a [`Stream`] without timeouts of any `Read + Write`. If the server stops responding, the
/// client waits as long as the stream does.
#[derive(Debug)]
pub struct NoTimeout<S>(pub S);

impl<S: Read> Read for NoTimeout<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Write> Write for NoTimeout<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read + Write> Stream for NoTimeout<S> {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}
