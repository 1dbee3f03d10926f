use std::io::{self, BufRead, Read};

use bytes::{Buf as _, Bytes};
use pop3_proto::{Error, LimitError, Limited, MessageNumber, Opened, Received, RequestId, Status};

use crate::pump::Pump;
use crate::stream::Stream;

/// A message, or another streamed reply, as it comes: dot-stuffing undone, line ends as sent.
///
/// It is complete when a read gives nothing more, and only then: a connection that ends early is an
/// error, never an end. Dropped half-way, the rest is skipped by the next operation.
///
/// Its end is where the server ended it. That is not proof that it is what the server meant: a server
/// that does not stuff dots lets a sender end a message early and write what comes next. Until
/// [`Client::confirm`](crate::Client::confirm) is `Ok`, do not record it as fetched and delete nothing.
///
/// What goes wrong in [`Read`] and [`BufRead`] is an [`io::Error`] with an [`Error`] inside:
/// [`Error::inside`] gives it back.
#[derive(Debug)]
pub struct Message<'c, S> {
    pump: &'c mut Pump<S>,
    id: RequestId,
    opened: Opened,
    chunk: Bytes,
    /// How it ended.
    end: Option<Result<Option<Received>, Error>>,
}

impl<'c, S: Stream> Message<'c, S> {
    pub(crate) fn new(pump: &'c mut Pump<S>, id: RequestId, opened: Opened) -> Self {
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
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.chunk.is_empty() {
            return Ok(Some(std::mem::take(&mut self.chunk)));
        }
        if let Some(end) = &self.end {
            return end.clone().map(|_| None);
        }
        let id = self.id;
        match self.pump.wait_for(|engine| engine.poll_chunk(id)) {
            Ok(Some(chunk)) => Ok(Some(chunk)),
            Ok(None) => {
                self.end = Some(Ok(self.pump.engine.received()));
                Ok(None)
            }
            Err(error) => {
                self.end = Some(Err(error.clone()));
                Err(error)
            }
        }
    }
}

impl<S: Stream> Message<'_, S> {
    /// The whole message in memory, if it has at most `max` octets.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] for a longer one, and the connection is dead then: a message without end could
    /// not be skipped either. Read [`chunk`](Message::chunk)s to decide otherwise. The fatal error
    /// that cut the message short.
    pub fn to_vec(mut self, max: usize) -> Result<Vec<u8>, Error> {
        let mut octets = Vec::new();
        while let Some(chunk) = self.chunk()? {
            if octets.len() + chunk.len() > max {
                let limit = LimitError::new(Limited::Message, max);
                self.pump.engine.session_mut().exceeded(limit);
                self.pump.say_goodbye();
                return Err(limit.into());
            }
            octets.extend_from_slice(&chunk);
        }
        Ok(octets)
    }
}

impl<S: Stream> BufRead for Message<'_, S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.chunk.is_empty() {
            self.chunk = self.chunk()?.unwrap_or_default();
        }
        Ok(&self.chunk)
    }

    fn consume(&mut self, octets: usize) {
        self.chunk.advance(octets.min(self.chunk.len()));
    }
}

impl<S: Stream> Read for Message<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = self.fill_buf()?.read(buffer)?;
        self.consume(octets);
        Ok(octets)
    }
}
