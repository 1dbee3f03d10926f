//! Operations of a client as values: what is submitted, and how its replies are claimed.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Poll, ready};

use pop3_proto::internals::{BatchInternals, Engine, Pending as _, Submitter};
use pop3_proto::{
    self as pop3, Batch, Error, MessageNumber, RequestId,
    command::{Command, GetCapabilities, IntoStreamed, Raw, Whole},
    reply::Reply,
};

use super::ask::Ask;
use super::plan::{Plan, USERNAME};

/// Polls an engine for a reply.
pub(crate) type Claim = Box<dyn Fn(&mut Engine) -> Poll<Result<Reply, Error>>>;

/// Polls an engine for all replies of a batch.
pub(crate) type Batched = Box<dyn FnMut(&mut Engine) -> Poll<Result<Vec<Reply>, Error>>>;

fn number(n: u32) -> MessageNumber {
    MessageNumber::new(n).unwrap()
}

/// Submits a command: for a helper, whose rest is abandoned by the next operation, or for a ticket.
pub(crate) fn claim(
    ask: Ask,
    engine: &mut Engine,
    plan: &Plan,
    for_helper: bool,
) -> Result<(RequestId, Claim), Error> {
    macro_rules! submit {
        ($command:expr) => {
            if for_helper {
                engine.submit_for_helper($command)?
            } else {
                engine.submit($command)?
            }
        };
    }
    macro_rules! whole {
        ($command:expr, $reply:path) => {{
            let ticket = submit!($command);
            let claim = move |engine: &mut Engine| {
                let result = ready!(engine.poll_ticket(&ticket));
                Poll::Ready(result.map($reply))
            };
            (ticket.id(), Box::new(claim))
        }};
    }
    macro_rules! streamed {
        ($command:expr) => {{
            let id = submit!($command).id();
            let claim = move |engine: &mut Engine| {
                let result = ready!(engine.poll_head(id));
                Poll::Ready(result.map(Reply::BodyHead))
            };
            (id, Box::new(claim))
        }};
    }
    Ok(match ask {
        Ask::Login => {
            let login = pop3::Login::new(USERNAME, plan.password)?;
            whole!(login.with_policy(plan.policy()), Reply::Status)
        }
        Ask::StartTls => whole!(pop3::command::StartTls, Reply::Capabilities),
        Ask::Capabilities => whole!(GetCapabilities, Reply::Capabilities),
        Ask::Stat => whole!(pop3::Stat, Reply::Stat),
        Ask::List => whole!(pop3::List, Reply::Sizes),
        Ask::ListStreamed => streamed!(pop3::List::streamed()),
        Ask::ListRaw => whole!(Raw::long("LIST")?, Reply::Lines),
        Ask::ListOne(n) => whole!(pop3::command::ListOne(number(n)), Reply::Size),
        Ask::Uidl => whole!(pop3::Uidl, Reply::UniqueIds),
        Ask::UidlOne(n) => whole!(pop3::command::UidlOne(number(n)), Reply::UniqueId),
        Ask::Retr(n) => streamed!(pop3::Retr(number(n))),
        Ask::Top(n, lines) => {
            let number = number(n);
            streamed!(pop3::Top { number, lines })
        }
        Ask::Dele(n) => whole!(pop3::Dele(number(n)), Reply::Status),
        Ask::Noop => whole!(pop3::command::Noop, Reply::Status),
        Ask::NoopRaw => whole!(Raw::short("NOOP")?, Reply::Status),
        Ask::Rset => whole!(pop3::command::Rset, Reply::Status),
        Ask::Quit => whole!(pop3::Quit, Reply::Quit),
    })
}

/// Submits one of a few batches, and returns its requests.
pub(crate) fn batch(which: u8, engine: &mut Engine) -> (Vec<Ask>, Result<Batched, Error>) {
    fn submit<B: Batch + BatchInternals<Pending: 'static>>(
        engine: &mut Engine,
        batch: B,
        replies: fn(B::Replies) -> Vec<Reply>,
    ) -> Result<Batched, Error>
    where
        B::Replies: 'static,
    {
        let mut pending = Some(engine.submit_batch(batch)?);
        Ok(Box::new(move |engine| {
            let awaited = pending.as_mut().expect("it is polled until it is ready");
            ready!(engine.poll_batch::<B>(awaited));
            let finished = pending.take().expect("it was there").finish();
            Poll::Ready(finished.map(replies))
        }))
    }
    let one = number(1);
    match which % 3 {
        0 => {
            let commands = (pop3::Stat, pop3::List, pop3::Uidl);
            let batched = submit(engine, commands, |(stat, sizes, uids)| {
                vec![
                    Reply::Stat(stat),
                    Reply::Sizes(sizes),
                    Reply::UniqueIds(uids),
                ]
            });
            (vec![Ask::Stat, Ask::List, Ask::Uidl], batched)
        }
        1 => {
            let commands = (pop3::Dele(one), pop3::command::UidlOne(one));
            let batched = submit(engine, commands, |(deleted, uid)| {
                vec![Reply::Status(deleted), Reply::UniqueId(uid)]
            });
            (vec![Ask::Dele(1), Ask::UidlOne(1)], batched)
        }
        _ => {
            let commands = (pop3::command::ListOne(one), pop3::command::Rset);
            let batched = submit(engine, commands, |(size, reset)| {
                vec![Reply::Size(size), Reply::Status(reset)]
            });
            (vec![Ask::ListOne(1), Ask::Rset], batched)
        }
    }
}

/// A submitter of any type of command.
pub(crate) trait Submits {
    fn poll(&mut self, engine: &mut Engine) -> Poll<Option<Result<Reply, Error>>>;
}

struct Pipeline<C: Command, I: Iterator<Item = C>> {
    submitter: Submitter<I>,
    reply: fn(C::Reply) -> Reply,
}

impl<C: Whole, I: Iterator<Item = C>> Submits for Pipeline<C, I> {
    fn poll(&mut self, engine: &mut Engine) -> Poll<Option<Result<Reply, Error>>> {
        let result = ready!(self.submitter.poll_next(engine));
        Poll::Ready(result.map(|result| result.map(self.reply)))
    }
}

struct Retrieve<I: Iterator>(Submitter<I>);

impl<I: Iterator<Item: IntoStreamed>> Submits for Retrieve<I> {
    fn poll(&mut self, engine: &mut Engine) -> Poll<Option<Result<Reply, Error>>> {
        let result = ready!(self.0.poll_open(engine));
        Poll::Ready(result.map(|result| result.map(|(_, opened)| Reply::BodyHead(opened))))
    }
}

/// Creates a helper for these commands, which all have the type of the first. `taken` counts how
/// many were taken from the iterator.
pub(crate) fn submitter(
    engine: &mut Engine,
    asks: &[Ask],
    taken: Rc<Cell<usize>>,
) -> Box<dyn Submits> {
    let numbers: Vec<u32> = asks.iter().map(|ask| ask.number().unwrap_or(1)).collect();
    let numbers = numbers.into_iter();
    let numbers = numbers
        .inspect(move |_| taken.set(taken.get() + 1))
        .map(number);
    macro_rules! pipeline {
        ($command:expr, $reply:path) => {
            Box::new(Pipeline {
                submitter: Submitter::new(engine, numbers.map($command)),
                reply: $reply,
            })
        };
    }
    match asks.first() {
        Some(Ask::Dele(_)) => pipeline!(pop3::Dele, Reply::Status),
        Some(Ask::ListOne(_)) => pipeline!(pop3::command::ListOne, Reply::Size),
        Some(Ask::UidlOne(_)) => pipeline!(pop3::command::UidlOne, Reply::UniqueId),
        Some(Ask::Stat) => pipeline!(|_| pop3::Stat, Reply::Stat),
        Some(Ask::Top(_, lines)) => {
            let lines = *lines;
            let commands = numbers.map(move |number| pop3::Top { number, lines });
            Box::new(Retrieve(Submitter::new(engine, commands)))
        }
        _ => Box::new(Retrieve(Submitter::new(engine, numbers))),
    }
}
