//! Runs the asynchronous client. Its futures are dropped after the number of polls that the plan
//! selects.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use pop3_proto::client::{Client, Message, Transport};
use pop3_proto::{
    Batch, Channel, Connection, Error, Instant, Ticket,
    command::{Command, IntoStreamed, Streamed, Whole},
};

use super::link::{Moved, Wire, failure};
use super::plan::Plan;
use super::reading::{Got, Read};
use super::session::{Enough, Subject};

/// The maximum number of polls in a session. A session with more polls is considered endless.
const POLLS: u32 = 1 << 20;

/// Runs a [`Plan`] with the asynchronous client.
pub fn async_client(data: &[u8]) -> usize {
    let plan = Plan::decode(data);
    let wire = Rc::new(RefCell::new(Wire::new(&plan)));
    let clock = Rc::new(RefCell::new(Clock::default()));
    let link = Link {
        wire: Rc::clone(&wire),
        clock: Rc::clone(&clock),
    };
    let session = Connection::new(
        plan.setup.config(),
        Channel::TrustedByCaller,
        Instant::ORIGIN,
    );
    run(&wire, &clock, async {
        match Client::start(session, link).await {
            Ok(client) => {
                let session = super::session::Session::new(Async(client), Rc::clone(&wire));
                session.run(&plan).await;
            }
            Err(error) => assert!(wire.borrow().account.broken, "{error:?}"),
        }
    });
    wire.borrow().account.results
}

#[derive(Debug, Default)]
struct Clock {
    seconds: u64,
    /// When the client must be woken.
    alarm: Option<Instant>,
}

impl Clock {
    fn now(&self) -> Instant {
        Instant::since_origin(core::time::Duration::from_secs(self.seconds))
    }
}

/// Whether a task was woken.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Polls the task until it is ready. Panics if the task is pending and was not woken, because it
/// would hang. If the server has stopped responding, advances the clock to the client's deadline
/// instead.
fn run(wire: &RefCell<Wire>, clock: &RefCell<Clock>, task: impl Future<Output = ()>) {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let mut task = pin!(task);
    for _ in 0..POLLS {
        if task.as_mut().poll(&mut cx).is_ready() {
            return;
        }
        if !woken.0.swap(false, Ordering::Relaxed) {
            assert!(wire.borrow().silent, "the client is never woken");
            let mut clock = clock.borrow_mut();
            let alarm = clock.alarm.take().expect("a deadline");
            clock.seconds = alarm.duration_since(Instant::ORIGIN).as_secs() + 1;
        }
    }
    panic!("the session does not end");
}

struct Link {
    wire: Rc<RefCell<Wire>>,
    clock: Rc<RefCell<Clock>>,
}

impl Link {
    fn result(&self, cx: &Context<'_>, moved: Moved) -> Poll<io::Result<usize>> {
        match moved {
            Moved::Octets(octets) => Poll::Ready(Ok(octets)),
            Moved::NothingComes => Poll::Pending,
            Moved::NotReady(seconds) => {
                self.clock.borrow_mut().seconds += seconds;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Moved::Failed(kind) => Poll::Ready(Err(failure(kind))),
        }
    }
}

impl Transport for Link {
    fn poll_read(&mut self, cx: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let moved = self.wire.borrow_mut().read(room);
        self.result(cx, moved)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let moved = self.wire.borrow_mut().write(octets);
        self.result(cx, moved)
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_timer(&mut self, _: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let mut clock = self.clock.borrow_mut();
        clock.alarm = Some(deadline);
        if clock.now() >= deadline {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    fn now(&self) -> Instant {
        self.clock.borrow().now()
    }
}

/// Polls a future at most this many times; 0 means no limit.
async fn poll_at_most<F: Future>(future: F, polls: u8) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 1 => Poll::Ready(None),
        Poll::Pending => {
            left = left.saturating_sub(1);
            Poll::Pending
        }
    })
    .await
}

/// Awaits the result of a future that may be dropped at any time. Drops it after this many polls
/// and creates it again, until it is ready.
macro_rules! retry_until_ready {
    ($polls:expr, $future:expr) => {
        loop {
            match poll_at_most($future, $polls).await {
                Some(output) => break output,
                None => pause().await,
            }
        }
    };
}

/// Lets the executor check whether the dropped future was woken.
async fn pause() {
    let mut paused = false;
    poll_fn(|_| {
        if core::mem::replace(&mut paused, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

async fn read(mut message: Message<'_, Link>, read: Read, polls: u8) -> Got {
    let mut got = Got {
        number: message.number(),
        ..Got::default()
    };
    if read == Read::Whole && polls == 0 {
        got.end = Some(match message.to_vec(usize::MAX).await {
            Ok(octets) => {
                got.octets = octets;
                Ok(())
            }
            Err(error) => Err(error),
        });
        return got;
    }
    for _ in 0..read.chunks() {
        match retry_until_ready!(polls, message.chunk()) {
            Ok(Some(chunk)) => got.octets.extend_from_slice(&chunk),
            Ok(None) => {
                got.end = Some(Ok(()));
                break;
            }
            Err(error) => {
                got.end = Some(Err(error));
                break;
            }
        }
    }
    got
}

struct Async(Client<Link>);

impl Subject for Async {
    async fn call<C: Whole>(&mut self, command: C, polls: u8) -> Option<Result<C::Reply, Error>> {
        poll_at_most(self.0.call(command), polls).await
    }

    async fn batch<B: Batch>(&mut self, batch: B, polls: u8) -> Option<Result<B::Replies, Error>> {
        poll_at_most(self.0.batch(batch), polls).await
    }

    fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.0.submit(command)
    }

    async fn wait<C: Whole>(&mut self, ticket: Ticket<C>, polls: u8) -> Result<C::Reply, Error> {
        retry_until_ready!(polls, self.0.wait(ticket))
    }

    async fn wait_open<C: Streamed>(
        &mut self,
        ticket: Ticket<C>,
        how: Read,
        polls: u8,
    ) -> Result<Got, Error> {
        loop {
            match poll_at_most(self.0.wait_open(ticket), polls).await {
                Some(message) => return Ok(read(message?, how, polls).await),
                None => pause().await,
            }
        }
    }

    async fn pipeline<I>(
        &mut self,
        commands: I,
        polls: u8,
        mut each: impl FnMut(Option<Result<<I::Item as Command>::Reply, Error>>) -> Enough,
    ) where
        I: Iterator + Unpin,
        I::Item: Whole,
    {
        let mut replies = self.0.pipeline(commands);
        while each(retry_until_ready!(polls, replies.next())) == Enough::More {}
    }

    async fn retrieve<I>(
        &mut self,
        messages: I,
        polls: u8,
        mut reads: impl FnMut() -> Read,
        mut each: impl FnMut(Option<Result<Got, Error>>) -> Enough,
    ) where
        I: Iterator + Unpin,
        I::Item: IntoStreamed,
    {
        let mut messages = self.0.retrieve(messages);
        loop {
            let next = loop {
                match poll_at_most(messages.next(), polls).await {
                    Some(Some(Ok(message))) => break Some(Ok(read(message, reads(), polls).await)),
                    Some(Some(Err(error))) => break Some(Err(error)),
                    Some(None) => break None,
                    None => pause().await,
                }
            };
            if each(next) == Enough::Enough {
                return;
            }
        }
    }

    async fn open<C: Streamed>(
        &mut self,
        command: C,
        how: Read,
        polls: u8,
    ) -> Option<Result<Got, Error>> {
        match poll_at_most(self.0.open(command), polls).await? {
            Ok(message) => Some(Ok(read(message, how, polls).await)),
            Err(error) => Some(Err(error)),
        }
    }
}
