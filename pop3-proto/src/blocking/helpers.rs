//! Pipelines and retrievals: many commands in flight.

use core::iter::FusedIterator;

use super::Transport;
use super::driver::Driver;
use super::message::Message;
use crate::command::{Command, IntoStreamed, Whole};
use crate::engine::Submitter;
use crate::error::Error;
use crate::ticket::RequestId;

/// The replies of [`Client::pipeline`](super::Client::pipeline), one for each command and in the
/// same order, until there is a fatal error.
///
/// If it is dropped early, the commands that were not sent are removed from the queue. The server
/// executes those that were sent.
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

    /// Returns the next reply. A refusal concerns only its own command. After a fatal error, every
    /// command that was submitted gets that error. Then this method returns `None` and takes
    /// nothing more from the iterator.
    fn next(&mut self) -> Option<Self::Item> {
        // Between two commands that are not pipelined, the connection may have been idle for long.
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
    /// Returns the next message, or the error of this message; `None` after the last one. If the
    /// previous message was not read to its end, its rest is skipped. After a fatal error, every
    /// command that was submitted gets that error. Then this method returns `None` and takes
    /// nothing more from the iterator. (This type does not implement [`Iterator`], because each
    /// message borrows the connection.)
    #[expect(
        clippy::should_implement_trait,
        reason = "each item borrows from the iterator"
    )]
    pub fn next(&mut self) -> Option<Result<Message<'_, T>, Error>> {
        if let Some(open) = self.open.take() {
            self.driver.engine.skip(open);
        }
        // Between two commands that are not pipelined, the connection may have been idle for long.
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
