//! The trait for the stream, the timer and the clock of the asynchronous client.

use alloc::boxed::Box;
use std::io;
use std::task::{Context, Poll};

use crate::time::Instant;

/// A stream of octets, with a clock and one timer, for a [`Client`](super::Client).
///
/// Adapters implement it for the streams and timers of their runtimes. A method that returns
/// [`Poll::Pending`] must arrange that the task is woken when the method should be called again.
pub trait Transport: Unpin {
    /// Reads at least one octet. Returns 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// The failure of the transport. It ends the connection.
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some of the octets. If it returns [`Poll::Pending`], it must not have accepted any of
    /// them: the next call may have other octets, because a command was abandoned before it was
    /// sent. A transport that sends octets later copies them, returns immediately, and waits in
    /// [`poll_flush`](Transport::poll_flush).
    ///
    /// # Errors
    ///
    /// The failure of the transport. The client continues to read, because the server may have sent
    /// the reason.
    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>>;

    /// Sends the octets that were written. The client calls it when there is nothing more to write,
    /// and repeats the call until it is ready. More octets may be written in between.
    ///
    /// # Errors
    ///
    /// As for [`poll_write`](Transport::poll_write), including failures to send octets that it
    /// accepted.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Closes the writing side. The client calls it once, after a last flush, when the session has
    /// ended. It does not wait for the result.
    ///
    /// # Errors
    ///
    /// Errors are ignored, because the session has ended.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Arranges that the task is woken after other tasks have run and the runtime has polled its
    /// sockets again.
    fn yield_now(&mut self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    /// Returns [`Poll::Ready`] at `deadline` or later. Each call replaces the deadline of the
    /// previous call.
    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()>;

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
