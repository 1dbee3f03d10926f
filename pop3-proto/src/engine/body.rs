//! The body of a streamed reply, for the `Message` of a client.

use alloc::vec::Vec;
use core::task::{Poll, ready};

use bytes::{Buf as _, Bytes};

use super::Engine;
use crate::error::{Error, LimitError, Limited};
use crate::received::Received;
use crate::reply::BodyHead;
use crate::ticket::RequestId;

/// A body that is being read: its status line, the octets that were received and not taken, and how
/// it ended.
#[derive(Debug)]
pub(crate) struct Body {
    id: RequestId,
    head: BodyHead,
    chunk: Bytes,
    end: Option<Result<Option<Received>, Error>>,
}

impl Body {
    /// Creates the body of a request. Nothing of it was read yet.
    pub(crate) fn new(id: RequestId, head: BodyHead) -> Self {
        Self {
            id,
            head,
            chunk: Bytes::new(),
            end: None,
        }
    }

    /// Returns the status line and the message number.
    pub(crate) fn head(&self) -> &BodyHead {
        &self.head
    }

    /// Compares what was received with the announced sizes. `None` until the body is read to its
    /// end.
    pub(crate) fn received(&self) -> Option<&Received> {
        self.end.as_ref()?.as_ref().ok()?.as_ref()
    }

    /// Returns whether an error ended the body.
    #[cfg(feature = "client")]
    pub(crate) fn has_failed(&self) -> bool {
        matches!(self.end, Some(Err(_)))
    }

    /// Returns the next octets; `None` at the end, on every further call.
    ///
    /// # Errors
    ///
    /// The fatal error that ended the body before its terminator, on every further call.
    pub(crate) fn poll_chunk(&mut self, engine: &mut Engine) -> Poll<Result<Option<Bytes>, Error>> {
        if !self.chunk.is_empty() {
            return Poll::Ready(Ok(Some(core::mem::take(&mut self.chunk))));
        }
        if let Some(end) = &self.end {
            return Poll::Ready(end.clone().map(|_| None));
        }
        let result = ready!(engine.poll_chunk(self.id));
        match &result {
            Ok(Some(_)) => {}
            Ok(None) => self.end = Some(Ok(engine.received())),
            Err(error) => self.end = Some(Err(error.clone())),
        }
        Poll::Ready(result)
    }

    /// Fills the buffer if it is empty. It stays empty only at the end of the body.
    ///
    /// # Errors
    ///
    /// As for [`poll_chunk`](Body::poll_chunk).
    pub(crate) fn poll_fill(&mut self, engine: &mut Engine) -> Poll<Result<(), Error>> {
        if self.chunk.is_empty() {
            self.chunk = ready!(self.poll_chunk(engine))?.unwrap_or_default();
        }
        Poll::Ready(Ok(()))
    }

    /// Returns the octets that were received and not taken.
    pub(crate) fn buffer(&self) -> &Bytes {
        &self.chunk
    }

    /// Removes this many octets from the buffer, or all if there are fewer.
    pub(crate) fn consume(&mut self, octets: usize) {
        self.chunk.advance(octets.min(self.chunk.len()));
    }

    /// Appends the rest of the body to `octets`, up to a total length of `max`.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if the body is longer. The connection is closed then, because the rest may
    /// have no end and could not be skipped.
    pub(crate) fn poll_to_vec(
        &mut self,
        engine: &mut Engine,
        octets: &mut Vec<u8>,
        max: usize,
    ) -> Poll<Result<(), Error>> {
        while let Some(chunk) = ready!(self.poll_chunk(engine))? {
            if octets.len() + chunk.len() > max {
                let limit = LimitError::new(Limited::Message, max);
                engine.connection_mut().exceeded(limit);
                return Poll::Ready(Err(limit.into()));
            }
            octets.extend_from_slice(&chunk);
        }
        Poll::Ready(Ok(()))
    }
}
