//! The application, which uses either client.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use pop3_proto::{
    Batch, Dele, Error, List, Login, MessageNumber, Retr, Stat, Ticket, Top, Uidl,
    command::{Command, IntoStreamed, ListOne, Noop, Streamed, UidlOne, Whole},
    login::{LoginPolicy, Method},
    reply::Status,
};

use super::super::commands::{secret, user};
use super::super::setup::message;
use super::account::{Account, Id};
use super::commands::{AnyTicket, Pipelined, Valued, call, outcome, submit, wait};
use super::link::Wire;
use super::plan::{Ask, Operation, Plan, Setup, What, enough, how_many, pipelined, streamed};
use super::reading::{Got, Read};
use super::server::Value;

/// A client. `polls` is the number of polls after which a future is dropped if it is not ready. If
/// that loses the result, the method returns `None`. The blocking client ignores `polls`.
pub trait Subject {
    async fn call<C: Whole>(&mut self, command: C, polls: u8) -> Option<Result<C::Reply, Error>>;

    async fn batch<B: Batch>(&mut self, batch: B, polls: u8) -> Option<Result<B::Replies, Error>>;

    fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error>;

    /// Dropping the future loses nothing.
    async fn wait<C: Whole>(&mut self, ticket: Ticket<C>, polls: u8) -> Result<C::Reply, Error>;

    /// Dropping the future loses nothing until the body is returned.
    async fn wait_open<C: Streamed>(
        &mut self,
        ticket: Ticket<C>,
        read: Read,
        polls: u8,
    ) -> Result<Got, Error>;

    /// Passes every result to `each`, until `each` has enough or there are no more. Dropping the
    /// future loses nothing.
    async fn pipeline<I>(
        &mut self,
        commands: I,
        polls: u8,
        each: impl FnMut(Option<Result<<I::Item as Command>::Reply, Error>>) -> Enough,
    ) where
        I: Iterator + Unpin,
        I::Item: Whole;

    /// Opens every message, reads as much of it as `each` requests, and passes what was read to
    /// `each`.
    async fn retrieve<I>(
        &mut self,
        messages: I,
        polls: u8,
        reads: impl FnMut() -> Read,
        each: impl FnMut(Option<Result<Got, Error>>) -> Enough,
    ) where
        I: Iterator + Unpin,
        I::Item: IntoStreamed;

    async fn open<C: Streamed>(
        &mut self,
        command: C,
        read: Read,
        polls: u8,
    ) -> Option<Result<Got, Error>>;
}

/// Whether more results of a helper are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enough {
    Enough,
    More,
}

/// Returns the login of every session.
pub fn login() -> Login {
    Login::password(user(), secret()).with_policy(LoginPolicy::only(Method::UserPass))
}

/// A session and its record.
pub struct Session<S> {
    subject: S,
    wire: Rc<RefCell<Wire>>,
    tickets: Vec<(Id, AnyTicket)>,
}

impl<S: Subject> Session<S> {
    pub fn new(subject: S, wire: Rc<RefCell<Wire>>) -> Self {
        Self {
            subject,
            wire,
            tickets: Vec::new(),
        }
    }

    fn account(&self) -> RefMut<'_, Account> {
        RefMut::map(self.wire.borrow_mut(), |wire| &mut wire.account)
    }

    /// Logs in, follows the plan, and quits.
    pub async fn run(mut self, plan: &Plan) {
        let status: Option<Result<Status, Error>> = self.subject.call(login(), 0).await;
        if let Some(Err(error)) = status {
            assert!(self.account().broken && error.is_fatal(), "{error:?}");
            return;
        }
        if plan.setup.has(Setup::LISTED) {
            self.call(Ask::List, 0).await;
        }
        for operation in &plan.operations {
            self.perform(operation).await;
        }
        // All commands that were submitted and not abandoned are sent before this NOOP.
        self.call(Ask::Noop, 0).await;
        if !self.account().is_dead() {
            self.account().assert_nothing_is_left();
        }
        self.call(Ask::Quit, 0).await;
        let dead = self.account().broken;
        let account = self.account();
        assert!(dead || account.server.over);
    }

    async fn perform(&mut self, operation: &Operation) {
        let polls = operation.polls;
        match operation.what {
            What::Call(ask) => self.call(ask, polls).await,
            What::Batch(which, number) => self.batch(which, number, polls).await,
            What::Pipeline { kind, count, take } => {
                let numbers = numbers(how_many(count));
                match kind & 3 {
                    0 => self.pipeline(kind, numbers.map(Dele), take, polls).await,
                    1 => self.pipeline(kind, numbers.map(UidlOne), take, polls).await,
                    2 => self.pipeline(kind, numbers.map(ListOne), take, polls).await,
                    _ => {
                        self.pipeline(kind, numbers.map(|_| Noop), take, polls)
                            .await
                    }
                }
            }
            What::Retrieve {
                top: false,
                reads,
                count,
                take,
            } => {
                let messages = numbers(how_many(count));
                self.retrieve(0, messages, reads, take, polls).await;
            }
            What::Retrieve {
                reads, count, take, ..
            } => {
                let messages = numbers(how_many(count)).map(|number| Top { number, lines: 1 });
                self.retrieve(1, messages, reads, take, polls).await;
            }
            What::Open { kind, number, read } => self.open(kind, number, read, polls).await,
            What::Submit(ask) => self.submit(ask),
            What::Wait { which, read } => self.wait(which, Read::decode(read), polls).await,
            What::HangUp => self.wire.borrow_mut().hang_up(),
        }
    }

    async fn call(&mut self, ask: Ask, polls: u8) {
        let id = self.begin_with(ask);
        if let Some(outcome) = call(&mut self.subject, ask, polls).await {
            self.account().report(id, outcome);
        }
    }

    /// Begins an operation with one command.
    fn begin_with(&self, ask: Ask) -> Id {
        let mut account = self.account();
        account.begin();
        account.submit_for_helper(ask)
    }

    async fn batch(&mut self, which: u8, number: MessageNumber, polls: u8) {
        let asks: &[Ask] = match which {
            0 => &[Ask::Stat, Ask::Uidl],
            1 => &[Ask::Dele(number), Ask::Noop, Ask::ListOne(number)],
            _ => &[Ask::List, Ask::Stat, Ask::UidlOne(number), Ask::Noop],
        };
        let ids = {
            let mut account = self.account();
            account.begin();
            let first = account.next();
            for ask in asks {
                account.submit_for_helper(*ask);
            }
            first..account.next()
        };
        let subject = &mut self.subject;
        let values = match which {
            0 => {
                let replies = subject.batch((Stat, Uidl), polls).await;
                replies.map(|replies| replies.map(|(a, b)| vec![a.value(), b.value()]))
            }
            1 => {
                let batch = (Dele(number), Noop, ListOne(number));
                let replies = subject.batch(batch, polls).await;
                replies
                    .map(|replies| replies.map(|(a, b, c)| vec![a.value(), b.value(), c.value()]))
            }
            _ => {
                let batch = (List, Stat, UidlOne(number), Noop);
                let replies = subject.batch(batch, polls).await;
                replies.map(|replies| {
                    replies.map(|(a, b, c, d)| vec![a.value(), b.value(), c.value(), d.value()])
                })
            }
        };
        if let Some(values) = values {
            self.account().report_batch(ids, values);
        }
    }

    async fn pipeline<C: Pipelined>(
        &mut self,
        kind: u8,
        commands: impl ExactSizeIterator<Item = C> + Unpin,
        take: u8,
        polls: u8,
    ) where
        C::Reply: Valued,
    {
        let mut helper = Helper::begin(&self.wire, commands.len(), enough(take));
        let commands = entered(&self.wire, move |number| pipelined(kind, number), commands);
        let each =
            |result: Option<Result<C::Reply, Error>>| helper.take(result.map(outcome), |_, _| {});
        self.subject.pipeline(commands, polls, each).await;
    }

    async fn retrieve<C: IntoStreamed>(
        &mut self,
        kind: u8,
        messages: impl ExactSizeIterator<Item = C> + Unpin,
        reads: u8,
        take: u8,
        polls: u8,
    ) {
        let mut helper = Helper::begin(&self.wire, messages.len(), enough(take));
        let messages = entered(&self.wire, move |number| streamed(kind, number), messages);
        let mut second = false;
        let read = || {
            second = !second;
            Read::decode(if second { reads >> 2 } else { reads })
        };
        let each = |result: Option<Result<Got, Error>>| {
            let mut body = None;
            let outcome = result.map(|result| {
                let got = result?;
                body = Some(got);
                Ok(Value::BodyHead)
            });
            helper.take(outcome, |account, id| {
                if let Some(got) = body.take() {
                    account.report_got(id, got);
                }
            })
        };
        self.subject.retrieve(messages, polls, read, each).await;
    }

    async fn open(&mut self, kind: u8, number: MessageNumber, read: u8, polls: u8) {
        let id = self.begin_with(streamed(kind, number));
        let (subject, read) = (&mut self.subject, Read::decode(read));
        let result = match kind & 3 {
            0 => subject.open(Retr(number), read, polls).await,
            1 => {
                let top = Top { number, lines: 1 };
                subject.open(top, read, polls).await
            }
            2 => subject.open(List::streamed(), read, polls).await,
            _ => subject.open(Uidl::streamed(), read, polls).await,
        };
        match result {
            None => {}
            Some(Ok(got)) => {
                let mut account = self.account();
                account.report(id, Ok(Value::BodyHead));
                account.report_got(id, got);
            }
            Some(Err(error)) => self.account().report(id, Err(error)),
        }
    }

    fn submit(&mut self, ask: Ask) {
        self.account().begin();
        let ticket = submit(&mut self.subject, ask);
        let mut account = self.account();
        let id = account.submit(ask);
        match ticket {
            Ok(ticket) => {
                drop(account);
                self.tickets.push((id, ticket));
            }
            Err(error) => account.report(id, Err(error)),
        }
    }

    async fn wait(&mut self, which: u8, read: Read, polls: u8) {
        if self.tickets.is_empty() {
            return;
        }
        let (id, ticket) = self.tickets.remove(usize::from(which) % self.tickets.len());
        self.account().wait(id);
        let (outcome, got) = wait(&mut self.subject, ticket, read, polls).await;
        let mut account = self.account();
        account.report_ticket(id, outcome);
        if let Some(got) = got {
            account.report_got(id, got);
        }
    }
}

/// Yields the message numbers repeatedly, including one that does not exist.
fn numbers(count: usize) -> impl ExactSizeIterator<Item = MessageNumber> + Unpin {
    (0..count).map(nth)
}

fn nth(n: usize) -> MessageNumber {
    message(u32::try_from(n % 9).unwrap_or_default() + 1)
}

/// Returns an iterator that records every command that it yields.
fn entered<C>(
    wire: &Rc<RefCell<Wire>>,
    asks: impl Fn(MessageNumber) -> Ask + Unpin,
    commands: impl Iterator<Item = C> + Unpin,
) -> impl Iterator<Item = C> + Unpin {
    let wire = Rc::clone(wire);
    commands.enumerate().map(move |(n, command)| {
        wire.borrow_mut().account.submit_for_helper(asks(nth(n)));
        command
    })
}

/// Counts the results of a pipeline or a retrieval.
struct Helper<'w> {
    wire: &'w RefCell<Wire>,
    /// The first of its commands.
    first: Id,
    /// The number of commands that its iterator yields.
    commands: usize,
    enough: Option<usize>,
    results: usize,
    fatal: bool,
}

impl<'w> Helper<'w> {
    fn begin(wire: &'w RefCell<Wire>, commands: usize, enough: Option<usize>) -> Self {
        let account = &mut wire.borrow_mut().account;
        account.begin();
        Self {
            wire,
            first: account.next(),
            commands,
            enough,
            results: 0,
            fatal: false,
        }
    }

    fn is_enough(&self) -> Enough {
        if self.enough.is_some_and(|enough| self.results >= enough) {
            Enough::Enough
        } else {
            Enough::More
        }
    }

    /// Records a result, or the end of the results.
    fn take(
        &mut self,
        outcome: Option<Result<Value, Error>>,
        then: impl FnOnce(&mut Account, Id),
    ) -> Enough {
        let account = &mut self.wire.borrow_mut().account;
        let yielded = account.next() - self.first;
        let Some(outcome) = outcome else {
            assert_eq!(self.results, yielded, "a result for each command");
            assert!(
                self.fatal || yielded == self.commands,
                "the helper ended early"
            );
            return Enough::Enough;
        };
        assert!(self.results < yielded, "more results than commands");
        let id = self.first + self.results;
        self.results += 1;
        self.fatal |= outcome.as_ref().is_err_and(Error::is_fatal);
        account.report(id, outcome);
        then(account, id);
        self.is_enough()
    }
}
