//! A stream that moves octets once per poll of the task. A test can thus drop a future between any
//! two reads and writes, regardless of the number of octets.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

thread_local! {
    /// The number of reads and writes that hesitant streams may still do before the task must wait.
    static MOVES: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Sets how many more reads and writes hesitant streams may do.
pub fn allow(moves: usize) {
    MOVES.set(moves);
}

/// A stream that makes the task wait if `hesitates` is set and the reads and writes of [`allow`]
/// are used up.
pub struct Hesitant {
    stream: DuplexStream,
    hesitates: bool,
}

impl Hesitant {
    pub fn new(stream: DuplexStream, hesitates: bool) -> Self {
        Self { stream, hesitates }
    }

    fn poll<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut DuplexStream>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let this = self.get_mut();
        if this.hesitates && MOVES.get() == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = poll(Pin::new(&mut this.stream), cx);
        if polled.is_ready() {
            MOVES.set(MOVES.get().saturating_sub(1));
        }
        polled
    }
}

impl AsyncRead for Hesitant {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(cx, |stream, cx| stream.poll_read(cx, room))
    }
}

impl AsyncWrite for Hesitant {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, |stream, cx| stream.poll_write(cx, octets))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, |stream, cx| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, |stream, cx| stream.poll_shutdown(cx))
    }
}
