//! Pipelines and retrievals: many commands in flight.

use core::future::poll_fn;
use core::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Transport;
use super::driver::Driver;
use super::message::Message;
use crate::command::{Command, IntoStreamed, Whole};
use crate::engine::Submitter;
use crate::error::Error;
use crate::ticket::RequestId;

/// The replies of [`Client::pipeline`](super::Client::pipeline), one for each command and in the
/// same order, until there is a fatal error. It also implements [`Stream`].
///
/// If it is dropped early, the commands that were not sent are removed from the queue. The server
/// executes those that were sent.
#[derive(Debug)]
pub struct Pipeline<'c, T, I: Iterator> {
    pub(super) driver: &'c mut Driver<T>,
    pub(super) submitter: Submitter<I>,
}

/// The result of each command of a pipeline.
type Reply<I> = Result<<<I as Iterator>::Item as Command>::Reply, Error>;

impl<T: Transport, I: Iterator> Pipeline<'_, T, I>
where
    I::Item: Whole,
{
    /// Returns the next reply. A refusal concerns only its own command. After a fatal error, every
    /// command that was submitted gets that error. Then this method returns `None` and takes
    /// nothing more from the iterator.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call returns the reply. To know which command it belongs to, count
    /// the replies that were returned, not the calls.
    pub async fn next(&mut self) -> Option<Reply<I>> {
        poll_fn(|cx| self.poll_reply(cx)).await
    }

    /// Passes each reply to `each`, until every command has its result.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the replies that were passed on are not lost. The commands that
    /// were not sent are removed from the queue.
    pub async fn for_each(mut self, mut each: impl FnMut(Reply<I>)) {
        while let Some(reply) = self.next().await {
            each(reply);
        }
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Option<Reply<I>>> {
        // Between two commands that are not pipelined, the connection may have been idle for long.
        self.driver.probe();
        let submitter = &mut self.submitter;
        self.driver
            .poll_for(cx, |engine| submitter.poll_next(engine))
    }
}

impl<T: Transport, I: Iterator + Unpin> Stream for Pipeline<'_, T, I>
where
    I::Item: Whole,
{
    type Item = Reply<I>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_reply(cx)
    }
}

/// The messages of [`Client::retrieve`](super::Client::retrieve), in order.
#[derive(Debug)]
pub struct Retrieve<'c, T, I: Iterator> {
    pub(super) driver: &'c mut Driver<T>,
    pub(super) submitter: Submitter<I>,
    pub(super) open: Option<RequestId>,
}

impl<T: Transport, I: Iterator> Retrieve<'_, T, I>
where
    I::Item: IntoStreamed,
{
    /// Returns the next message, or the error of this message; `None` after the last one. If the
    /// previous message was not read to its end, its rest is skipped. After a fatal error, every
    /// command that was submitted gets that error. Then this method returns `None` and takes
    /// nothing more from the iterator. (This type does not implement [`Stream`], because each
    /// message borrows the connection.)
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call returns the message. To know which message it is, see
    /// [`Message::number`] and [`Refusal::number`](crate::error::Refusal::number), or count the
    /// messages that were returned, not the calls.
    pub async fn next(&mut self) -> Option<Result<Message<'_, T>, Error>> {
        if let Some(open) = self.open.take() {
            self.driver.engine.skip(open);
        }
        let (driver, submitter) = (&mut *self.driver, &mut self.submitter);
        // Between two commands that are not pipelined, the connection may have been idle for long.
        driver.probe();
        let head = poll_fn(|cx| driver.poll_for(cx, |engine| submitter.poll_open(engine)));
        match head.await? {
            Ok((id, head)) => {
                self.open = Some(id);
                Some(Ok(Message::new(self.driver, id, head)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
