//! The transport for Tokio's streams.
//!
//! It adapts Tokio's read and write traits and its timer to the trait
//! [`Transport`](pop3_proto::client::Transport).

use std::fmt;
use std::future::Future as _;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use pop3_proto::Instant;
use pop3_proto::client::Transport;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep_until};

/// The transport of a [`Client`](crate::Client): a Tokio stream with Tokio's clock.
///
/// Its clock is [`tokio::time`], so paused time works in tests.
pub struct Tokio<S> {
    stream: S,
    origin: tokio::time::Instant,
    alarm: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Tokio<S> {
    /// Wraps a stream that was just connected. Its clock starts now.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            origin: tokio::time::Instant::now(),
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

impl<S: AsyncRead + AsyncWrite + Unpin> Transport for Tokio<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut room = ReadBuf::new(room);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
        Poll::Ready(Ok(room.filled().len()))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, octets)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn yield_now(&mut self, cx: &mut Context<'_>) {
        // Tokio detects that a socket is ready only when its driver polls. It wakes tasks that have
        // yielded only after that poll.
        let _ = pin!(tokio::task::yield_now()).poll(cx);
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let origin = self.origin;
        let at = |deadline: Instant| origin.checked_add(deadline.duration_since(Instant::ORIGIN));
        // The clock cannot represent the deadline, so the deadline never passes.
        let Some(when) = at(deadline) else {
            return Poll::Pending;
        };
        let (set, sleep) = self
            .alarm
            .get_or_insert_with(|| (deadline, Box::pin(sleep_until(when))));
        if *set != deadline {
            *set = deadline;
            sleep.as_mut().reset(when);
        }
        sleep.as_mut().poll(cx)
    }

    fn now(&self) -> Instant {
        Instant::since_origin(self.origin.elapsed())
    }

    fn random(&mut self, room: &mut [u8]) -> io::Result<()> {
        Ok(getrandom::fill(room)?)
    }
}

impl<S: fmt::Debug> fmt::Debug for Tokio<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokio").field(&self.stream).finish()
    }
}
