//! What the blocking client runs over.

use alloc::boxed::Box;
use core::time::Duration;
use std::io;

use crate::time::Instant;

/// What a [`Client`](super::Client) runs over: a stream of octets whose calls can time out, and a clock.
///
/// `pop3-blocking` implements it for sockets and for every `Read + Write`.
///
/// A write that may block must accept at least 4 KiB sooner or later without a read in between, as
/// every socket does.
pub trait Transport {
    /// Reads at least one octet; 0 is the end of file.
    ///
    /// # Errors
    ///
    /// `WouldBlock`, `TimedOut` and `Interrupted` are no failures: the client handles its deadlines and
    /// tries again. Any other error ends the connection.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// Writes some of the octets.
    ///
    /// # Errors
    ///
    /// As [`read`](Transport::read). After a failure the client goes on reading: the server may have sent
    /// the reason.
    fn write(&mut self, octets: &[u8]) -> io::Result<usize>;

    /// Lets reads and writes fail with `WouldBlock` or `TimedOut` after this time; zero is the shortest
    /// time possible. All deadlines depend on it.
    ///
    /// # Errors
    ///
    /// The failure of the operating system; the connection ends with it.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// Reads what was received already, without waiting; `None` if there is nothing, or if that cannot be
    /// found out. The client calls it before it uses an idle connection: the server may have closed it.
    ///
    /// # Errors
    ///
    /// As [`read`](Transport::read).
    fn read_ready(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        let _ = room;
        Ok(None)
    }

    /// Returns the time, on the clock that deadlines are measured by. It never goes back.
    fn now(&self) -> Instant;

    /// Fills `room` with randomness from the operating system. [`Client::start`](super::Client::start)
    /// seeds the connection with it: see [`Connection::seed`](crate::Connection::seed).
    ///
    /// # Errors
    ///
    /// By default there is no randomness. A connection that is not seeded otherwise has neither SCRAM nor
    /// [`Confirm`](crate::Confirm).
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
