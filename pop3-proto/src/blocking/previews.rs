//! The headers of many messages.

use core::iter::FusedIterator;

use super::Transport;
use super::driver::Driver;
use crate::engine::Previewer;
use crate::error::Error;
use crate::reply::Preview;
use crate::types::MessageNumber;

/// A number and the header of its message, or the error of this message.
type Item = (MessageNumber, Result<Preview, Error>);

/// The headers of [`Client::preview`](super::Client::preview), one result for each number.
///
/// If it is dropped early, the commands that were not sent are removed from the queue. The replies to
/// the others are received and discarded by the next operation.
#[derive(Debug)]
pub struct Previews<'c, T, I> {
    pub(super) driver: &'c mut Driver<T>,
    pub(super) previewer: Previewer<I>,
}

impl<T: Transport, I: Iterator<Item = MessageNumber>> Previews<'_, T, I> {
    /// Never sends `RETR`: a message whose `TOP` is refused gets that refusal.
    #[must_use]
    pub fn without_retr(mut self) -> Self {
        self.previewer.forbid_retr();
        self
    }

    /// Returns how many octets were received and discarded so far: those after the headers, and those
    /// beyond the budget.
    pub fn discarded(&self) -> u64 {
        self.previewer.discarded()
    }
}

impl<T: Transport, I: Iterator<Item = MessageNumber>> Iterator for Previews<'_, T, I> {
    type Item = Item;

    /// Returns the next number and its header, or the error of this message; `None` when every number
    /// has its result. A refusal concerns only its own message. After a fatal error, every number that
    /// was taken from the iterator gets that error, and nothing more is taken from it.
    fn next(&mut self) -> Option<Item> {
        // Between two commands that are not pipelined, the connection may have been idle for long.
        self.driver.probe();
        let previewer = &mut self.previewer;
        self.driver.wait_for(|engine| previewer.poll_next(engine))
    }
}

impl<T: Transport, I: Iterator<Item = MessageNumber>> FusedIterator for Previews<'_, T, I> {}
