//! The trait for the stream and the clock of the blocking client.

use alloc::boxed::Box;
use core::time::Duration;
use std::io;

use crate::time::Instant;

/// A stream of octets whose calls can time out, with a clock, for a [`Client`](super::Client).
///
/// `pop3-blocking` implements it for sockets and for every `Read + Write`.
///
/// A write may block, but it must eventually accept at least 4 KiB, even if nothing is read in
/// between. Every socket does.
pub trait Transport {
    /// Reads at least one octet. Returns 0 at the end of the stream.
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
    /// the shortest time possible. The client relies on this timeout for all of its deadlines.
    ///
    /// # Errors
    ///
    /// The failure of the operating system. It ends the connection.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Reads octets that have already been received, without waiting. Returns `None` if there are
    /// none, or if the transport cannot read without waiting. The client calls it before it uses an
    /// idle connection, because the server may have closed the connection.
    ///
    /// # Errors
    ///
    /// As for [`read`](Transport::read).
    fn read_ready(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        let _ = room;
        Ok(None)
    }

    /// Returns the time, on the same clock as the deadlines. The clock never goes backwards.
    fn now(&self) -> Instant;

    /// Fills `room` with random octets from the operating system.
    /// [`Client::start`](super::Client::start) seeds the connection with them: see
    /// [`Connection::seed`](crate::Connection::seed).
    ///
    /// # Errors
    ///
    /// The default implementation always fails. SCRAM and [`Confirm`](crate::Confirm) then fail,
    /// unless the connection is seeded in another way.
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
