use alloc::vec::Vec;
use core::future::poll_fn;
use core::pin::Pin;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use futures_core::Stream;

use super::Transport;
use super::pump::Pump;
use crate::error::{Error, LimitError, Limited};
use crate::received::Received;
use crate::reply::Opened;
use crate::status::Status;
use crate::ticket::RequestId;
use crate::types::MessageNumber;

/// A message, or another streamed reply, as it comes: dot-stuffing undone, line ends as sent.
///
/// It is read as [`chunk`](Message::chunk)s, as a [`Stream`] of them, or by the traits for reading of
/// futures and, with the feature `tokio`, of Tokio (import those of one of them). It is complete when a read gives nothing more, and
/// only then: a connection that ends early is an error, never an end. Dropped half-way, the rest is
/// skipped by the next operation.
///
/// Its end is where the server ended it. That is not proof that it is what the server meant: a server
/// that does not stuff dots lets a sender end a message early and write what comes next. Until
/// [`Client::confirm`](super::Client::confirm) is `Ok`, do not record it as fetched and delete nothing.
///
/// What goes wrong in reading is an [`io::Error`] with an [`Error`] inside: [`Error::inside`] gives it
/// back.
#[derive(Debug)]
pub struct Message<'c, T> {
    pump: &'c mut Pump<T>,
    id: RequestId,
    opened: Opened,
    chunk: Bytes,
    /// How it ended.
    end: Option<Result<Option<Received>, Error>>,
}

impl<'c, T: Transport> Message<'c, T> {
    pub(super) fn new(pump: &'c mut Pump<T>, id: RequestId, opened: Opened) -> Self {
        Self {
            pump,
            id,
            opened,
            chunk: Bytes::new(),
            end: None,
        }
    }

    /// The message's number, if the command was about one.
    pub fn number(&self) -> Option<MessageNumber> {
        self.opened.number
    }

    /// What the server wrote behind `+OK`; often a size, never one to rely on.
    pub fn status(&self) -> &Status {
        &self.opened.status
    }

    /// What came of it, compared with the sizes that the server states: `None` until it is read to
    /// its end.
    pub fn received(&self) -> Option<&Received> {
        self.end.as_ref()?.as_ref().ok()?.as_ref()
    }

    /// The next octets without a copy; `None` at the end.
    ///
    /// # Errors
    ///
    /// The fatal error that cut the message short.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the octets come with the next call.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// The whole message in memory, if it has at most `max` octets.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] for a longer one, and the connection is dead then: a message without end could
    /// not be skipped either. Read [`chunk`](Message::chunk)s to decide otherwise. The fatal error
    /// that cut the message short.
    ///
    /// # Cancel safety
    ///
    /// What was read is lost, and the rest is skipped by the next operation.
    pub async fn to_vec(mut self, max: usize) -> Result<Vec<u8>, Error> {
        let mut octets = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if octets.len() + chunk.len() > max {
                let limit = LimitError::new(Limited::Message, max);
                self.pump.engine.session_mut().exceeded(limit);
                poll_fn(|cx| {
                    self.pump.part(cx);
                    Poll::Ready(())
                })
                .await;
                return Err(limit.into());
            }
            octets.extend_from_slice(&chunk);
        }
        Ok(octets)
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        if !self.chunk.is_empty() {
            return Poll::Ready(Ok(Some(core::mem::take(&mut self.chunk))));
        }
        if let Some(end) = &self.end {
            return Poll::Ready(end.clone().map(|_| None));
        }
        let id = self.id;
        let result = ready!(self.pump.poll_for(cx, |engine| engine.poll_chunk(id)));
        match &result {
            Ok(Some(_)) => {}
            Ok(None) => self.end = Some(Ok(self.pump.engine.received())),
            Err(error) => self.end = Some(Err(error.clone())),
        }
        Poll::Ready(result)
    }

    fn poll_buffer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        if self.chunk.is_empty() {
            self.chunk = ready!(self.poll_chunk(cx))?.unwrap_or_default();
        }
        Poll::Ready(Ok(&self.chunk))
    }

    fn take(&mut self, octets: usize) {
        self.chunk.advance(octets.min(self.chunk.len()));
    }
}

impl<T: Transport> Stream for Message<'_, T> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        // A stream ends behind an error; a reader would be told again.
        if matches!(this.end, Some(Err(_))) {
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
