//! A message while it is being received.

use alloc::vec::Vec;
use std::io::{self, BufRead, Read};

use bytes::Bytes;

use super::Transport;
use super::driver::Driver;
use crate::engine::{Body, message_getters};
use crate::error::Error;
use crate::reply::BodyHead;
use crate::ticket::RequestId;

/// A message, or another streamed reply, while it is being received. Dot-stuffing is removed; line
/// ends are kept.
///
/// Read it as [`chunk`](Message::chunk)s, or with [`Read`] and [`BufRead`]. The message is complete
/// only when a read returns no more octets. If the connection ends early, reading returns an error,
/// never the end of the stream. If the message is dropped early, the next operation skips the rest.
///
/// The message ends where the server ended it. That does not prove that the server meant to end it
/// there. If a server does not stuff dots, the sender of a message can end it early and forge the
/// replies that follow. Until [`Client::confirm`](super::Client::confirm) has returned `Ok`, do not
/// record the message as fetched, and do not delete any message.
///
/// [`Read`] and [`BufRead`] return an [`io::Error`] that contains an [`Error`]; [`Error::inside`]
/// returns it.
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
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let body = &mut self.body;
        self.driver.wait_for(|engine| body.poll_chunk(engine))
    }

    /// Reads the whole message into memory, if it has at most `max` octets.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if the message is longer. The connection is then closed: the rest may be
    /// endless, so it cannot be skipped. To avoid that, read [`chunk`](Message::chunk)s.
    /// Otherwise the fatal error that ended the message before its terminator.
    pub fn to_vec(self, max: usize) -> Result<Vec<u8>, Error> {
        let Self { driver, mut body } = self;
        let mut octets = Vec::new();
        driver.wait_for(|engine| body.poll_to_vec(engine, &mut octets, max))?;
        Ok(octets)
    }
}

impl<T: Transport> BufRead for Message<'_, T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.body.buffer().is_empty() {
            let body = &mut self.body;
            self.driver.wait_for(|engine| body.poll_fill(engine))?;
        }
        Ok(self.body.buffer())
    }

    fn consume(&mut self, octets: usize) {
        self.body.consume(octets);
    }
}

impl<T: Transport> Read for Message<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let octets = self.fill_buf()?.read(buffer)?;
        self.consume(octets);
        Ok(octets)
    }
}
