//! Implements the common interface for asynchronous clients. Each method waits for the operation in
//! the client's runtime.

use std::future::{Future, poll_fn};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use pop3_proto::client::{Client as Asynchronous, Message, Transport};
use pop3_proto::{
    Batch, Capabilities, Connection, Connector, Endpoint, Error, Login, MessageNumber, Quirk,
    QuitOutcome, Ticket,
    command::{Command, IntoStreamed, Streamed, Whole},
    listing::{Listing, ScanEntry, UidEntry, UidListing},
    reply::{Confirmed, Language, Languages, MailboxStat, Mechanisms, Received, Status},
};

use super::client::{Body, Client, Enough, Previewed, Provide, Reader, Reply};

/// A runtime, and the adapter for it.
pub trait Runtime {
    type Transport: Transport;

    fn new() -> Self;
    fn block_on<F: Future>(&self, future: F) -> F::Output;
    async fn start(
        session: Connection,
        stream: TcpStream,
    ) -> Result<Asynchronous<Self::Transport>, Error>;
    async fn connect_with(
        endpoint: &Endpoint,
        connector: &Connector,
    ) -> Result<Asynchronous<Self::Transport>, Error>;
    /// Waits until the socket has unread octets or is closed.
    async fn until_something_comes(transport: &Self::Transport);
}

/// A client and its runtime, which is dropped after the client.
#[derive(Debug)]
pub struct Waiting<R: Runtime> {
    client: Asynchronous<R::Transport>,
    runtime: R,
}

macro_rules! by_name {
    ($($name:ident($($argument:ident: $type:ty),*) -> $reply:ty;)*) => {
        $(fn $name(&mut self, $($argument: $type),*) -> Result<$reply, Error> {
            self.runtime.block_on(self.client.$name($($argument),*))
        })*
    };
}

impl<R: Runtime> Client for Waiting<R> {
    fn start(session: Connection, stream: TcpStream) -> Result<Self, Error> {
        let runtime = R::new();
        let client = runtime.block_on(R::start(session, stream))?;
        Ok(Self { client, runtime })
    }

    fn connect_with(endpoint: &Endpoint, connector: &Connector) -> Result<Self, Error> {
        let runtime = R::new();
        let client = runtime.block_on(R::connect_with(endpoint, connector))?;
        Ok(Self { client, runtime })
    }

    fn set_stagger(connector: &mut Connector, stagger: Option<Duration>) {
        connector.stagger = stagger;
    }

    fn connection(&self) -> &Connection {
        self.client.connection()
    }

    fn quirks(&self) -> &[Quirk] {
        self.client.quirks()
    }

    crate::operations!(by_name);

    fn login_with(&mut self, login: Login, provide: Provide<'_>) -> Result<Status, Error> {
        let provide = |refused| {
            let token = provide(refused);
            async {
                yield_once().await;
                token
            }
        };
        self.runtime
            .block_on(self.client.login_with(login, provide))
    }

    fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.client.submit(command)
    }

    fn wait<C: Whole>(&mut self, ticket: Ticket<C>) -> Result<C::Reply, Error> {
        self.runtime.block_on(self.client.wait(ticket))
    }

    fn wait_open<C: Streamed>(&mut self, ticket: Ticket<C>, read: Reader<'_>) -> Result<(), Error> {
        let message = self.runtime.block_on(self.client.wait_open(ticket))?;
        read(&mut Awaited(message, &self.runtime));
        Ok(())
    }

    fn call<C: Whole>(&mut self, command: C) -> Result<C::Reply, Error> {
        self.runtime.block_on(self.client.call(command))
    }

    fn batch<B: Batch>(&mut self, batch: B) -> Result<B::Replies, Error> {
        self.runtime.block_on(self.client.batch(batch))
    }

    fn retr(&mut self, number: MessageNumber, read: Reader<'_>) -> Result<(), Error> {
        let message = self.runtime.block_on(self.client.retr(number))?;
        read(&mut Awaited(message, &self.runtime));
        Ok(())
    }

    fn top(&mut self, number: MessageNumber, lines: u32, read: Reader<'_>) -> Result<(), Error> {
        let message = self.runtime.block_on(self.client.top(number, lines))?;
        read(&mut Awaited(message, &self.runtime));
        Ok(())
    }

    fn open<C: Streamed>(&mut self, command: C, read: Reader<'_>) -> Result<(), Error> {
        let message = self.runtime.block_on(self.client.open(command))?;
        read(&mut Awaited(message, &self.runtime));
        Ok(())
    }

    fn pipeline<I>(&mut self, commands: I, replies: usize) -> Vec<Result<Reply<I>, Error>>
    where
        I: IntoIterator,
        I::Item: Whole,
    {
        let mut pipeline = self.client.pipeline(commands);
        let replies = (0..replies).map_while(|_| self.runtime.block_on(pipeline.next()));
        replies.collect()
    }

    fn preview(
        &mut self,
        numbers: impl IntoIterator<Item = MessageNumber>,
        budget: usize,
    ) -> (Vec<Previewed>, u64) {
        let mut previews = self.client.preview(numbers, budget);
        let mut items = Vec::new();
        while let Some(item) = self.runtime.block_on(previews.next()) {
            items.push(item);
        }
        (items, previews.discarded())
    }

    fn retrieve<I>(
        &mut self,
        messages: I,
        read: &mut dyn FnMut(Result<&mut dyn Body, Error>) -> Enough,
    ) where
        I: IntoIterator,
        I::Item: IntoStreamed,
    {
        let mut messages = self.client.retrieve(messages);
        while let Some(message) = self.runtime.block_on(messages.next()) {
            let enough = match message {
                Ok(message) => read(Ok(&mut Awaited(message, &self.runtime))),
                Err(error) => read(Err(error)),
            };
            if enough == Enough::Enough {
                return;
            }
        }
    }

    fn work(&mut self, span: Duration, interval: Duration) {
        // The interval is that of the configuration.
        assert_eq!(self.client.config().keep_alive, Some(interval));
        let work = self.client.keep_alive(work_in_a_thread(span));
        self.runtime.block_on(work);
    }

    fn abort(self) {
        // Abort the client inside the runtime, because some runtimes close a socket in a task.
        self.runtime.block_on(async { self.client.abort() });
    }

    fn until_something_comes(&self) {
        let something = R::until_something_comes(self.client.transport());
        self.runtime.block_on(something);
    }
}

/// Is ready after this time. It needs no timer of the runtime.
async fn work_in_a_thread(span: Duration) {
    let shared = Arc::new(Mutex::new((false, None::<Waker>)));
    let done = Arc::clone(&shared);
    std::thread::spawn(move || {
        std::thread::sleep(span);
        let mut done = done.lock().expect("no panic");
        done.0 = true;
        if let Some(waker) = done.1.take() {
            waker.wake();
        }
    });
    poll_fn(|cx| {
        let mut shared = shared.lock().expect("no panic");
        if shared.0 {
            return Poll::Ready(());
        }
        shared.1 = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

/// Waits for the next poll of the task.
async fn yield_once() {
    let mut waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A message and the runtime in which it is read.
struct Awaited<'c, R: Runtime>(Message<'c, R::Transport>, &'c R);

impl<R: Runtime> Body for Awaited<'_, R> {
    fn number(&self) -> Option<MessageNumber> {
        self.0.number()
    }

    fn status(&self) -> &Status {
        self.0.status()
    }

    fn received(&self) -> Option<Received> {
        self.0.received().copied()
    }

    fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let chunk = self.1.block_on(self.0.chunk())?;
        Ok(chunk.map(|chunk| chunk.to_vec()))
    }
}
