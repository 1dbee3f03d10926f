//! Many commands in flight: pipelines and retrievals.

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

/// The replies of [`Client::pipeline`](super::Client::pipeline), one for each command in the order of
/// the commands, until there is a fatal error; also a [`Stream`] of them.
///
/// If it is dropped before its end, commands that were not sent are not sent any more. The server executes
/// those that were.
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
    /// Returns the next reply; a refusal concerns that command alone. After a fatal error, every command
    /// that was submitted gets it. Then this returns `None`, and nothing more is taken from the iterator.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call returns the reply. To know which command it belongs to, count
    /// replies, not calls.
    pub async fn next(&mut self) -> Option<Reply<I>> {
        poll_fn(|cx| self.poll_reply(cx)).await
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Option<Reply<I>>> {
        // With a window of one, a long time may pass between two commands.
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
    /// Returns the next message, or the refusal of it alone; `None` after the last one. The unread rest of
    /// the message before is skipped. After a fatal error, every command that was submitted gets it. Then
    /// this returns `None`, and nothing more is taken from the iterator. (This is no [`Stream`], since each
    /// message borrows the connection.)
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call returns the message. To know which one it is, see
    /// [`Message::number`] and [`Refusal::number`](crate::error::Refusal::number), or count messages, not calls.
    pub async fn next(&mut self) -> Option<Result<Message<'_, T>, Error>> {
        if let Some(open) = self.open.take() {
            self.driver.engine.skip(open);
        }
        let (driver, submitter) = (&mut *self.driver, &mut self.submitter);
        // With a window of one, a long time may pass between two commands.
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
