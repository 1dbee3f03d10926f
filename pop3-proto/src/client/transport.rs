//! What the asynchronous client runs over.

use alloc::boxed::Box;
use std::io;
use std::task::{Context, Poll};

use crate::time::Instant;

/// What a [`Client`](super::Client) runs over: a stream of octets, and a clock with one timer.
///
/// Adapters implement it for the streams and timers of their runtimes. Every method that returns
/// [`Poll::Pending`] must have registered the task to be woken when the call is worth repeating.
pub trait Transport: Unpin {
    /// Reads at least one octet; 0 is the end of file.
    ///
    /// # Errors
    ///
    /// The failure of the transport; the connection ends with it.
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some of the octets. After [`Poll::Pending`] none of them may have been accepted: the next call
    /// may bring others, because a command was abandoned before it was sent. A transport that passes octets
    /// on later copies them, returns immediately, and waits in [`poll_flush`](Transport::poll_flush).
    ///
    /// # Errors
    ///
    /// The failure of the transport. The client goes on reading: the server may have sent the reason.
    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>>;

    /// Sends what was written. It is called when there is nothing more to write, until it is ready; more
    /// may be written before that.
    ///
    /// # Errors
    ///
    /// As [`poll_write`](Transport::poll_write), also for octets that it accepted.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Closes the writing side. It is called once, after a last flush, when the session has ended; the
    /// client does not wait for it.
    ///
    /// # Errors
    ///
    /// They are ignored: the session has ended.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Wakes the task after other tasks have run and the runtime has looked at its sockets again.
    fn yield_now(&mut self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    /// Returns ready once it is `deadline`. Only the deadline of the last call counts.
    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()>;

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
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        (**self).poll_read(cx, room)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        (**self).poll_write(cx, octets)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_shutdown(cx)
    }

    fn yield_now(&mut self, cx: &mut Context<'_>) {
        (**self).yield_now(cx);
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        (**self).poll_timer(cx, deadline)
    }

    fn now(&self) -> Instant {
        (**self).now()
    }

    fn random(&mut self, room: &mut [u8]) -> io::Result<()> {
        (**self).random(room)
    }
}
