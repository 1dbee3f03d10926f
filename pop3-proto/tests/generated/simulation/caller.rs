//! The application on top of a client: one operation at a time, each of which may be abandoned at
//! any point. It drives an [`Engine`] as the clients do, and counts the commands that every helper
//! took from its iterator and the results that it returned.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Poll, ready};

use fastrand::Rng;
use pop3_proto::internals::Engine;
use pop3_proto::{Connection, Error, Instant, Phase, RequestId, error::Misuse, reply::Reply};

use super::app::{Abandoned, App, Request};
use super::ask::Ask;
use super::operation::{Batched, Claim, Submits, batch, claim, submitter};
use super::plan::Plan;

/// An engine, and the operation in progress.
pub(crate) struct Caller {
    engine: Engine,
    rng: Rng,
    operation: Option<Operation>,
    /// The body that is being read.
    reading: Option<Reading>,
    /// Whether a helper has run, which may have filled the window.
    filled: bool,
    /// Completed helpers and abandoned operations, for the tally.
    ended: usize,
    left: usize,
}

enum Operation {
    /// A call, an open, or tickets, which are claimed from the last to the first.
    Claims(Vec<(usize, Claim)>),
    Batch(Vec<usize>, Batched),
    Helper(Helper),
}

/// A pipeline or a retrieval, and its expected results.
struct Helper {
    asks: Vec<Ask>,
    submitter: Box<dyn Submits>,
    /// How many commands were taken from the iterator.
    taken: Rc<Cell<usize>>,
    /// The requests of the submitted commands.
    requests: Vec<usize>,
    results: usize,
    /// Whether a fatal error was reported.
    fatal: bool,
    /// The message that it returned last. Its unread rest is skipped.
    open: Option<RequestId>,
}

/// A body, and the number of chunks after which it is abandoned.
struct Reading {
    request: usize,
    id: RequestId,
    chunks: usize,
}

impl Caller {
    pub(crate) fn new(session: Connection, rng: Rng) -> Self {
        Self {
            engine: Engine::new(session),
            rng,
            operation: None,
            reading: None,
            filled: false,
            ended: 0,
            left: 0,
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Returns how many helpers completed, and how many operations were abandoned.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.ended, self.left)
    }

    /// Runs one step of the application: continues the operation, abandons it, or begins another
    /// one.
    pub(crate) fn turn(&mut self, app: &mut App, plan: &Plan, now: Instant) {
        let behaviour = &plan.behaviour;
        for _ in 0..self.rng.usize(1..=behaviour.events_per_turn) {
            // Operations that fill the window are often abandoned early.
            let abandon_rate = match &self.operation {
                Some(Operation::Helper(helper)) if helper.asks.len() > 60 => 40,
                _ => behaviour.abandon_rate,
            };
            if self.operation.is_some() && self.rng.u8(..) < abandon_rate {
                self.leave(app);
            }
            if self.operation.is_none() && !self.begin(app, plan, now) {
                app.requests.iter_mut().for_each(Request::discard);
                break;
            }
            if self.step(app, now).is_pending() {
                app.drained = true;
                break;
            }
        }
        if self.operation.is_none() {
            app.drained = !app.has_more();
            let core = self.engine.connection();
            if app.drained && core.phase() == Phase::Closed {
                app.closed = Some(core.error().cloned().map_or(Ok(()), Err));
            }
        }
        if self.rng.u8(..) < behaviour.pause_rate {
            app.pause(now);
        }
    }

    /// Begins the next operation. Returns false if there is none.
    fn begin(&mut self, app: &mut App, plan: &Plan, now: Instant) -> bool {
        let Some(ask) = app.next_ask(plan) else {
            return false;
        };
        app.drained = false;
        app.note(now, || format!("  begins {ask:?}"));
        let engine = &mut self.engine;
        let first = matches!(ask, Ask::Login | Ask::StartTls | Ask::Quit);
        match self.rng.u8(..8) {
            which if first || which < 2 => {
                engine.begin();
                self.claims(app, plan, &[ask], true);
            }
            2 => {
                engine.begin();
                let more = self.rng.usize(..4);
                let mut asks = vec![ask];
                asks.extend((0..more).map(|_| Ask::random(&mut self.rng, plan.mail.len())));
                self.claims(app, plan, &asks, false);
            }
            3 => self.batch(app),
            _ => {
                let asks = self.commands(plan);
                let taken = Rc::new(Cell::new(0));
                let submitter = submitter(&mut self.engine, &asks, Rc::clone(&taken));
                self.operation = Some(Operation::Helper(Helper {
                    asks,
                    submitter,
                    taken,
                    requests: Vec::new(),
                    results: 0,
                    fatal: false,
                    open: None,
                }));
            }
        }
        true
    }

    /// Returns the commands of a helper: all of one type, and sometimes more than the window
    /// allows.
    fn commands(&mut self, plan: &Plan) -> Vec<Ask> {
        // More bodies of unknown length than the window allows. Only the first helper does this,
        // since later ones know how long messages are.
        let fills = !std::mem::replace(&mut self.filled, true) && self.rng.u8(..3) == 0;
        let count = match self.rng.u8(..16) {
            _ if fills => self.rng.usize(66..80),
            0 => 0,
            1..=12 => self.rng.usize(1..6),
            _ => self.rng.usize(6..20),
        };
        let kind = if fills { 0 } else { self.rng.u8(..8) };
        let is_large = |n: &u32| {
            let message = plan.mail.get(*n as usize - 1);
            message.is_some_and(|message| message.octets.len() > 4096)
        };
        let commands = (0..count).map(|_| {
            let number = self.rng.u32(1..=plan.mail.len() as u32 + 1);
            // Do not use so many large messages, because they would take most of the run time.
            let number = Some(number).filter(|n| !(fills && is_large(n)));
            let number = number.unwrap_or(plan.mail.len() as u32 + 1);
            match kind {
                0..=2 => Ask::Retr(number),
                3 => Ask::Top(number, 1),
                4 => Ask::Dele(number),
                5 => Ask::ListOne(number),
                6 => Ask::UidlOne(number),
                _ => Ask::Stat,
            }
        });
        commands.collect()
    }

    fn claims(&mut self, app: &mut App, plan: &Plan, asks: &[Ask], for_helper: bool) {
        let mut claims = Vec::new();
        for ask in asks {
            let ask = ask.unlike_a_keep_alive(plan);
            match claim(ask, &mut self.engine, plan, for_helper) {
                Ok((id, claim)) => {
                    claims.push((app.requests.len(), claim));
                    app.requests.push(Request::new(id, ask));
                }
                Err(error) => self.rejected(app, &error),
            }
        }
        // Tickets may be skipped, but not the last one.
        let last = app.requests.len().saturating_sub(1);
        claims.retain(|(index, _)| *index == last || self.rng.u8(..4) != 0);
        claims.reverse();
        self.operation = Some(Operation::Claims(claims));
    }

    fn batch(&mut self, app: &mut App) {
        self.engine.begin();
        let mut id = self.engine.connection().next_id();
        let (asks, batched) = batch(self.rng.u8(..), &mut self.engine);
        let batched = match batched {
            Ok(batched) => batched,
            Err(error) => return self.rejected(app, &error),
        };
        let from = app.requests.len();
        for ask in asks {
            app.requests.push(Request::new(id, ask));
            id = id.next();
        }
        let requests = (from..app.requests.len()).collect();
        self.operation = Some(Operation::Batch(requests, batched));
    }

    /// A request on a closed connection fails with its error.
    fn rejected(&self, app: &mut App, error: &Error) {
        let core = self.engine.connection();
        assert_eq!(core.phase(), Phase::Closed, "{error:?}");
        assert!(core.error().is_none_or(|fatal| fatal == error));
        app.stop_submitting();
    }

    /// Continues the operation. Returns `Pending` if octets have to be moved first.
    fn step(&mut self, app: &mut App, now: Instant) -> Poll<()> {
        if let Some(reading) = &mut self.reading {
            let request = &mut app.requests[reading.request];
            let left = if reading.chunks == 0 {
                true
            } else {
                match ready!(self.engine.poll_chunk(reading.id)) {
                    Ok(Some(chunk)) => {
                        request.body.extend_from_slice(&chunk);
                        reading.chunks -= 1;
                        return Poll::Ready(());
                    }
                    Ok(None) => request.body_end = Some(Ok(())),
                    Err(error) => request.body_end = Some(Err(error)),
                }
                false
            };
            if left {
                request.abandoned = Some(Abandoned::MaybeSent);
            }
            self.reading = None;
        }
        let Some(operation) = &mut self.operation else {
            return Poll::Pending;
        };
        let (request, result) = match operation {
            Operation::Claims(claims) => {
                let Some((index, claim)) = claims.last() else {
                    self.operation = None;
                    return Poll::Ready(());
                };
                let (index, result) = (*index, ready!(claim(&mut self.engine)));
                claims.pop();
                // Replies to earlier requests are discarded.
                let earlier = app.requests[..index].iter_mut();
                earlier.for_each(Request::discard);
                (Some(index), result)
            }
            Operation::Batch(requests, batched) => {
                let result = ready!(batched(&mut self.engine));
                let requests = std::mem::take(requests);
                match result {
                    Ok(replies) => {
                        assert_eq!(replies.len(), requests.len());
                        for (index, reply) in requests.into_iter().zip(replies) {
                            app.requests[index].reply = Some(Ok(reply));
                        }
                    }
                    // The error does not say which request failed.
                    Err(_) => requests
                        .into_iter()
                        .for_each(|index| app.requests[index].discard()),
                }
                self.operation = None;
                return Poll::Ready(());
            }
            Operation::Helper(helper) => match ready!(helper.step(&mut self.engine, app)) {
                Some(reported) => reported,
                None => {
                    helper.check_end(&mut self.engine);
                    self.ended += 1;
                    self.operation = None;
                    return Poll::Ready(());
                }
            },
        };
        app.note(now, || format!("  reported {result:?}"));
        let spent = matches!(result, Err(Error::Misuse(Misuse::TicketSpent)));
        assert!(!spent, "an awaited reply was discarded");
        let Some(index) = request else {
            return Poll::Ready(());
        };
        let id = app.requests[index].id;
        if let Ok(Reply::BodyHead(_)) = result {
            let chunks = match self.rng.u8(..4) {
                0 => 0,
                1 => self.rng.usize(1..4),
                _ => usize::MAX,
            };
            self.reading = Some(Reading {
                request: index,
                id,
                chunks,
            });
        }
        app.requests[index].reply = Some(result);
        Poll::Ready(())
    }

    /// Abandons the operation in its current state. The next operation abandons its requests.
    fn leave(&mut self, app: &mut App) {
        self.reading = None;
        self.left += 1;
        if let Some(Operation::Helper(helper)) = self.operation.take() {
            assert!(helper.results <= helper.taken.get());
        }
        app.requests.iter_mut().for_each(Request::discard);
        app.drained = false;
    }
}

/// What a helper returned: the result of a request, or of a command that could not be submitted.
type HelperResult = (Option<usize>, Result<Reply, Error>);

impl Helper {
    /// Returns the next result, or `None` if there are no more.
    fn step(&mut self, engine: &mut Engine, app: &mut App) -> Poll<Option<HelperResult>> {
        if let Some(open) = self.open.take() {
            engine.skip(open);
        }
        let mut id = engine.connection().next_id();
        let before = self.taken.get();
        let polled = self.submitter.poll(engine);
        let next = engine.connection().next_id();
        for ask in &self.asks[before..self.taken.get()] {
            if id < next {
                self.requests.push(app.requests.len());
                app.requests.push(Request::new(id, *ask));
                id = id.next();
            }
        }
        assert_eq!(
            id, next,
            "a request was submitted that the helper did not take"
        );
        let Some(result) = ready!(polled) else {
            return Poll::Ready(None);
        };
        let index = self.requests.get(self.results).copied();
        self.results += 1;
        assert!(
            self.results <= self.taken.get(),
            "a result without a command"
        );
        self.fatal |= result.as_ref().is_err_and(Error::is_fatal);
        assert!(index.is_some() || self.fatal, "{result:?}");
        if let (Ok(Reply::BodyHead(_)), Some(index)) = (&result, index) {
            self.open = Some(app.requests[index].id);
        }
        Poll::Ready(Some((index, result)))
    }

    /// Checks a completed helper: each command that it took has a result, and it took all of them
    /// unless it reported a fatal error. Polling it again changes nothing.
    fn check_end(&mut self, engine: &mut Engine) {
        let taken = self.taken.get();
        assert_eq!(self.results, taken, "commands without a result");
        let all = taken == self.asks.len();
        assert!(all || self.fatal, "{taken} of {:?} were taken", self.asks);
        let next = engine.connection().next_id();
        for _ in 0..3 {
            let more = self.submitter.poll(engine);
            assert!(
                matches!(more, Poll::Ready(None)),
                "a result after the end: {more:?}"
            );
        }
        assert_eq!(self.taken.get(), taken, "a command was taken after the end");
        assert_eq!(engine.connection().next_id(), next);
    }
}
