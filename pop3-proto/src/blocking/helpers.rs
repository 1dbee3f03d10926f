//! Many commands in flight: pipelines and retrievals.

use core::iter::FusedIterator;

use super::Transport;
use super::driver::Driver;
use super::message::Message;
use crate::command::{Command, IntoStreamed, Whole};
use crate::engine::Submitter;
use crate::error::Error;
use crate::ticket::RequestId;

/// The replies of [`Client::pipeline`](super::Client::pipeline), one for each command in the order of
/// the commands, until there is a fatal error.
///
/// If it is dropped before its end, commands that were not sent are not sent any more. The server executes
/// those that were.
#[derive(Debug)]
pub struct Pipeline<'c, T, I: Iterator> {
    pub(super) driver: &'c mut Driver<T>,
    pub(super) submitter: Submitter<I>,
}

impl<T: Transport, I: Iterator> Iterator for Pipeline<'_, T, I>
where
    I::Item: Whole,
{
    type Item = Result<<I::Item as Command>::Reply, Error>;

    /// Returns the next reply; a refusal concerns that command alone. After a fatal error, every command
    /// that was submitted gets it. Then this returns `None`, and nothing more is taken from the iterator.
    fn next(&mut self) -> Option<Self::Item> {
        // With a window of one, a long time may pass between two commands.
        self.driver.probe();
        let submitter = &mut self.submitter;
        self.driver.wait_for(|engine| submitter.poll_next(engine))
    }
}

impl<T: Transport, I: Iterator> FusedIterator for Pipeline<'_, T, I> where I::Item: Whole {}

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
    /// this returns `None`, and nothing more is taken from the iterator. (This is no [`Iterator`], since
    /// each message borrows the connection.)
    #[expect(
        clippy::should_implement_trait,
        reason = "each item borrows from the iterator"
    )]
    pub fn next(&mut self) -> Option<Result<Message<'_, T>, Error>> {
        if let Some(open) = self.open.take() {
            self.driver.engine.skip(open);
        }
        // With a window of one, a long time may pass between two commands.
        self.driver.probe();
        let submitter = &mut self.submitter;
        match self.driver.wait_for(|engine| submitter.poll_open(engine))? {
            Ok((id, head)) => {
                self.open = Some(id);
                Some(Ok(Message::new(self.driver, id, head)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
