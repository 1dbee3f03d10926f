//! A message while it is read.

use alloc::vec::Vec;
use std::io::{self, BufRead, Read};

use bytes::Bytes;

use super::Transport;
use super::driver::Driver;
use crate::engine::{Body, message_getters};
use crate::error::Error;
use crate::reply::BodyHead;
use crate::ticket::RequestId;

/// A message, or another streamed reply, while it is received: dot-stuffing is undone, line ends are
/// kept.
///
/// It is read as [`chunk`](Message::chunk)s, or by [`Read`] and [`BufRead`]. It is complete when a read
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
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let body = &mut self.body;
        self.driver.wait_for(|engine| body.poll_chunk(engine))
    }

    /// Reads the whole message into memory, if it has at most `max` octets.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] for a longer one. The connection is closed then: a message without end could not be
    /// skipped either. Read [`chunk`](Message::chunk)s to decide otherwise. The fatal error that ended the
    /// message before its terminator.
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
