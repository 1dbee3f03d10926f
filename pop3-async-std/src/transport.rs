//! The transport for streams with the I/O traits of `futures`, such as those of async-std and smol.
//!
//! It adapts these traits and a timer to the trait [`Transport`](pop3_proto::client::Transport).

use std::fmt;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant as Clock;

use async_io::Timer;
use futures::io::{AsyncRead, AsyncWrite};
use pop3_proto::Instant;
use pop3_proto::client::Transport;

/// The transport of a [`Client`](crate::Client): a stream that implements the I/O traits of
/// `futures`, with a timer.
pub struct Futures<S> {
    stream: S,
    origin: Clock,
    alarm: Option<(Instant, Timer)>,
}

impl<S> Futures<S> {
    /// Wraps a stream that was just connected. Its clock starts now.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            origin: Clock::now(),
            alarm: None,
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

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for Futures<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, room)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        // The clock cannot represent the deadline, so the deadline never passes.
        let Some(when) = self
            .origin
            .checked_add(deadline.duration_since(Instant::ORIGIN))
        else {
            return Poll::Pending;
        };
        let (set, timer) = self
            .alarm
            .get_or_insert_with(|| (deadline, Timer::at(when)));
        if *set != deadline {
            *set = deadline;
            timer.set_at(when);
        }
        let fired = Pin::new(timer).poll(cx);
        if fired.is_ready() {
            // A timer that has fired does not fire again.
            self.alarm = None;
        }
        fired.map(drop)
    }

    fn now(&self) -> Instant {
        Instant::since_origin(self.origin.elapsed())
    }

    fn random(&mut self, room: &mut [u8]) -> io::Result<()> {
        Ok(getrandom::fill(room)?)
    }
}

impl<S: fmt::Debug> fmt::Debug for Futures<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Futures").field(&self.stream).finish()
    }
}
