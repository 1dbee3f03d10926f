//! A message while it is being received.

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

/// A message, or another streamed reply, while it is being received. Dot-stuffing is removed; line
/// ends are kept.
///
/// Read it as [`chunk`](Message::chunk)s, as a [`Stream`] of them, or with the read traits of
/// `futures`. With the feature `tokio`, Tokio's read traits are also implemented (import only one
/// set of traits). The message is complete only when a read returns no more octets. If the
/// connection ends early, reading returns an error, never the end of the stream. If the message is
/// dropped early, the next operation skips the rest.
///
/// The message ends where the server ended it. That does not prove that the server meant to end it
/// there. If a server does not stuff dots, the sender of a message can end it early and forge the
/// replies that follow. Until [`Client::confirm`](super::Client::confirm) has returned `Ok`, do not
/// record the message as fetched, and do not delete any message.
///
/// The read traits return an [`io::Error`] that contains an [`Error`]; [`Error::inside`] returns
/// it.
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

    /// Returns the next octets without copying them; `None` at the end of the message.
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
    /// [`Error::Limit`] if the message is longer. The connection is then closed: the rest may be
    /// endless, so it cannot be skipped. To avoid that, read [`chunk`](Message::chunk)s.
    /// Otherwise the fatal error that ended the message before its terminator.
    ///
    /// # Cancel safety
    ///
    /// The octets that were read are lost. The next operation skips the rest.
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
        // A `Stream` ends after an error. The read traits return the error again.
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
