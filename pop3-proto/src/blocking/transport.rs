//! The trait for the stream and the clock of the blocking client.

use alloc::boxed::Box;
use core::time::Duration;
use std::io;

use crate::time::Instant;

/// A stream of octets whose calls can time out, with a clock, for a [`Client`](super::Client).
///
/// `pop3-blocking` implements it for sockets and for every `Read + Write`.
///
/// A write may block, but it must accept at least 4 KiB sooner or later, even if nothing is read in
/// between. Every socket does.
pub trait Transport {
    /// Reads at least one octet; 0 means the end of the stream.
    ///
    /// # Errors
    ///
    /// `WouldBlock`, `TimedOut` and `Interrupted` are not failures: the client handles its
    /// deadlines and tries again. Any other error ends the connection.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// Writes some of the octets.
    ///
    /// # Errors
    ///
    /// As for [`read`](Transport::read). After a failure the client continues to read, because the
    /// server may have sent the reason.
    fn write(&mut self, octets: &[u8]) -> io::Result<usize>;

    /// Sets the time after which reads and writes fail with `WouldBlock` or `TimedOut`. Zero means
    /// the shortest time possible. All deadlines depend on it.
    ///
    /// # Errors
    ///
    /// The failure of the operating system. It ends the connection.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Reads what was received already, without waiting. `None` if nothing was received, or if the
    /// transport cannot find out. The client calls it before it uses an idle connection, because
    /// the server may have closed it.
    ///
    /// # Errors
    /// As for [`read`](Transport::read).
    /// As [`read`](Transport::read).
    fn read_ready(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        let _ = room;
        Ok(None)
    }

    /// Returns the time, on the same clock as the deadlines. It never goes back.
    fn now(&self) -> Instant;

    /// Fills `room` with random octets from the operating system.
    /// [`Client::start`](super::Client::start) seeds the connection with them: see
    /// [`Connection::seed`](crate::Connection::seed).
    ///
    /// # Errors
    ///
    /// The default implementation always fails. A connection that is not seeded in another way has
    /// neither SCRAM nor [`Confirm`](crate::Confirm).
    fn random(&mut self, room: &mut [u8]) -> io::Result<()> {
        let _ = room;
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (**self).read(room)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        (**self).write(octets)
    }

    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_timeout(timeout)
    }

    fn read_ready(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        (**self).read_ready(room)
    }

    fn now(&self) -> Instant {
        (**self).now()
    }

    fn random(&mut self, room: &mut [u8]) -> io::Result<()> {
        (**self).random(room)
    }
}
