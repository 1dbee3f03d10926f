//! What a client needs of a stream beside reading and writing.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A stream that a [`Client`](crate::Client) can run over.
///
/// A write that may block must take at least 4 KiB sooner or later without a read in between, as
/// every socket does.
pub trait Stream: Read + Write {
    /// Lets reads and writes fail with `WouldBlock` or `TimedOut` after this time; zero is the shortest
    /// time possible. Deadlines depend on it.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Reads what is there without waiting; `None` if nothing is, or if that cannot be told. A
    /// client asks before it uses an idle connection: the server may have closed it.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    fn read_ready(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let _ = buffer;
        Ok(None)
    }
}

/// Reads from a socket in its non-blocking mode.
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

/// The shortest timeout of a socket. The operating system takes zero for none, or refuses it.
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

/// Any `Read + Write` as a [`Stream`], without time-outs: a server that says nothing is waited for
/// as long as the stream waits.
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
