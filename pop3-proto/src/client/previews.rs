//! The headers of many messages.

use core::future::poll_fn;
use core::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Transport;
use super::driver::Driver;
use crate::engine::Previewer;
use crate::error::Error;
use crate::reply::Preview;
use crate::types::MessageNumber;

/// A number and the header of its message, or the error of this message.
type Item = (MessageNumber, Result<Preview, Error>);

/// The headers of [`Client::preview`](super::Client::preview), one result for each number. It also implements
/// [`Stream`].
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

    /// Returns the next number and its header, or the error of this message; `None` when every number
    /// has its result. A refusal concerns only its own message. After a fatal error, every number that
    /// was taken from the iterator gets that error, and nothing more is taken from it.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call returns the result.
    pub async fn next(&mut self) -> Option<Item> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        // Between two commands that are not pipelined, the connection may have been idle for long.
        self.driver.probe();
        let previewer = &mut self.previewer;
        self.driver
            .poll_for(cx, |engine| previewer.poll_next(engine))
    }
}

impl<T: Transport, I: Iterator<Item = MessageNumber> + Unpin> Stream for Previews<'_, T, I> {
    type Item = Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.get_mut().poll_item(cx)
    }
}
