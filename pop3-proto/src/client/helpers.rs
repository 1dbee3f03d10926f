use core::future::poll_fn;
use core::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::Transport;
use super::message::Message;
use super::pump::Pump;
use crate::command::{Command, IntoStreamed, Whole};
use crate::engine::Feed;
use crate::error::Error;
use crate::ticket::RequestId;

/// The replies of [`Client::pipeline`](super::Client::pipeline), one for each command in the order of
/// the commands, until there is a fatal error; also a [`Stream`] of them. Dropped half-way, it leaves
/// what was not sent unsent; commands that were sent are carried out all the same.
#[derive(Debug)]
pub struct Pipeline<'c, T, I: Iterator> {
    pub(super) pump: &'c mut Pump<T>,
    pub(super) feed: Feed<I>,
}

/// What a pipeline gives for each of its commands.
type Reply<I> = Result<<<I as Iterator>::Item as Command>::Reply, Error>;

impl<T: Transport, I: Iterator> Pipeline<'_, T, I>
where
    I::Item: Whole,
{
    /// Returns the next reply; a refusal concerns that command alone. After a fatal error, every command
    /// that was submitted gets it, then there is `None` for ever and nothing more is taken from the
    /// iterator.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the reply comes with the next call. Who counts along counts replies, not calls.
    pub async fn next(&mut self) -> Option<Reply<I>> {
        poll_fn(|cx| self.poll_reply(cx)).await
    }

    fn poll_reply(&mut self, cx: &mut Context<'_>) -> Poll<Option<Reply<I>>> {
        // With a window of one, long times may lie between two commands.
        self.pump.listen();
        let feed = &mut self.feed;
        self.pump.poll_for(cx, |engine| feed.poll_next(engine))
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
    pub(super) pump: &'c mut Pump<T>,
    pub(super) feed: Feed<I>,
    pub(super) open: Option<RequestId>,
}

impl<T: Transport, I: Iterator> Retrieve<'_, T, I>
where
    I::Item: IntoStreamed,
{
    /// Returns the next message, or the refusal of it alone; `None` after the last one. What was not read
    /// of the one before is skipped. After a fatal error, every command that was submitted gets it, then
    /// there is `None` for ever and nothing more is taken from the iterator. (No stream: each message
    /// borrows the connection.)
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the message comes with the next call. Who counts along counts messages, not
    /// calls; [`Message::number`] and [`Refusal::number`](crate::Refusal::number) say which one it is.
    pub async fn next(&mut self) -> Option<Result<Message<'_, T>, Error>> {
        if let Some(open) = self.open.take() {
            self.pump.engine.skip(open);
        }
        let (pump, feed) = (&mut *self.pump, &mut self.feed);
        // With a window of one, long times may lie between two commands.
        pump.listen();
        let opened = poll_fn(|cx| pump.poll_for(cx, |engine| feed.poll_open(engine))).await?;
        match opened {
            Ok((id, opened)) => {
                self.open = Some(id);
                Some(Ok(Message::new(self.pump, id, opened)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
