use alloc::boxed::Box;
use std::io;
use std::task::{Context, Poll};

use crate::time::Instant;

/// What a [`Client`](super::Client) runs over: octets both ways, and a clock with one alarm.
///
/// An adapter implements it for the streams and timers of its runtime, and that is all of the
/// adapter. Every method that gives [`Poll::Pending`] has seen to it that the task is woken when it
/// is worth calling again.
pub trait Transport: Unpin {
    /// Reads what is there, at least one octet; 0 is the end of file.
    ///
    /// # Errors
    ///
    /// Whatever the transport says; the connection ends with it.
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some of the octets. After [`Poll::Pending`] none of them may have been taken: the next call
    /// may bring others, for a command that was given up before it left. A transport that hands its
    /// octets over copies them, says so at once, and waits in [`poll_flush`](Transport::poll_flush).
    ///
    /// # Errors
    ///
    /// Whatever the transport says. The client goes on reading: the server's last words may be there.
    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>>;

    /// Sees to it that what was written leaves. It is called when there is nothing more to write, until
    /// it is ready; more may be written before that.
    ///
    /// # Errors
    ///
    /// As [`poll_write`](Transport::poll_write), also for octets that it took.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Says that nothing more will be written: called once, behind a last flush, when the session is
    /// over. Nobody waits for it then.
    ///
    /// # Errors
    ///
    /// They are ignored: the session is over.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Sees to it that the task is woken when others had their turn, and what reports readiness to this
    /// transport has looked at its sockets again.
    fn yield_now(&mut self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    /// Ready once it is `deadline`. Of several deadlines asked for only the last one counts.
    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()>;

    /// The time, on the clock that deadlines are measured by. It never goes back.
    fn now(&self) -> Instant;

    /// Fills `room` with randomness from the operating system. [`Client::start`](super::Client::start)
    /// seeds the session with it: see [`Session::seed`](crate::Session::seed).
    ///
    /// # Errors
    ///
    /// By default there is no randomness. A session that is not seeded otherwise has neither SCRAM nor
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
