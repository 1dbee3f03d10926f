//! A message while it is read.

use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::Transport;
use super::driver::Driver;
use crate::engine::{Body, message_getters};
use crate::error::Error;
use crate::reply::BodyHead;
use crate::ticket::RequestId;

/// A message, or another streamed reply, while it is received: dot-stuffing is undone, line ends are
/// kept.
///
/// It is read as [`chunk`](Message::chunk)s, as a [`Stream`] of them, or by the read traits of `futures`
/// and, with the feature `tokio`, of Tokio (import those of one of them). It is complete when a read
/// returns no more octets, and only then: a connection that ends early is an error, never an end of file.
/// If it is dropped before, the next operation skips the rest.
///
/// It ends where the server ended it. That does not prove that the server meant to: a server that does not
/// stuff dots lets a sender end a message early and write the replies that follow. Until
/// [`Client::confirm`](super::Client::confirm) is `Ok`, do not record it as fetched and delete nothing.
///
/// A failure in reading is an [`io::Error`] with an [`Error`] inside, which [`Error::inside`] returns.
#[derive(Debug)]
pub struct Message<'c, T> {
    driver: &'c mut Driver<T>,
    body: Body,
}

message_getters!();

impl<'c, T: Transport> Message<'c, T> {
    pub(super) fn new(driver: &'c mut Driver<T>, id: RequestId, head: BodyHead) -> Self {
        let body = Body::new(id, head);
        Self { driver, body }
    }

    /// Returns the next octets without a copy; `None` at the end.
    ///
    /// # Errors
    ///
    /// The fatal error that ended the message before its terminator.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call returns the octets.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// Reads the whole message into memory, if it has at most `max` octets.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] for a longer one. The connection is closed then: a message without end could not be
    /// skipped either. Read [`chunk`](Message::chunk)s to decide otherwise. The fatal error that ended the
    /// message before its terminator.
    ///
    /// # Cancel safety
    ///
    /// The octets that were read are lost, and the next operation skips the rest.
    pub async fn to_vec(self, max: usize) -> Result<Vec<u8>, Error> {
        let Self { driver, mut body } = self;
        let mut octets = Vec::new();
        poll_fn(|cx| driver.poll_for(cx, |engine| body.poll_to_vec(engine, &mut octets, max)))
            .await?;
        Ok(octets)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        let body = &mut self.body;
        self.driver.poll_for(cx, |engine| body.poll_chunk(engine))
    }

    fn poll_buffer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        if self.body.buffer().is_empty() {
            let body = &mut self.body;
            ready!(self.driver.poll_for(cx, |engine| body.poll_fill(engine)))?;
        }
        Poll::Ready(Ok(self.body.buffer()))
    }

    fn take(&mut self, octets: usize) {
        self.body.consume(octets);
    }
}

impl<T: Transport> Stream for Message<'_, T> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // A stream ends after an error; a reader gets the error again.
        if this.body.has_failed() {
            return Poll::Ready(None);
        }
        this.poll_chunk(cx).map(Result::transpose)
    }
}

impl<T: Transport> futures_io::AsyncBufRead for Message<'_, T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_mut().poll_buffer(cx)
    }

    fn consume(self: Pin<&mut Self>, octets: usize) {
        self.get_mut().take(octets);
    }
}

impl<T: Transport> futures_io::AsyncRead for Message<'_, T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let octets = io::Read::read(&mut ready!(this.poll_buffer(cx))?, buffer)?;
        this.take(octets);
        Poll::Ready(Ok(octets))
    }
}

#[cfg(feature = "tokio")]
impl<T: Transport> tokio::io::AsyncBufRead for Message<'_, T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_mut().poll_buffer(cx)
    }

    fn consume(self: Pin<&mut Self>, octets: usize) {
        self.get_mut().take(octets);
    }
}

#[cfg(feature = "tokio")]
impl<T: Transport> tokio::io::AsyncRead for Message<'_, T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let chunk = ready!(this.poll_buffer(cx))?;
        let octets = chunk.len().min(buffer.remaining());
        buffer.put_slice(chunk.get(..octets).unwrap_or_default());
        this.take(octets);
        Poll::Ready(Ok(()))
    }
}
