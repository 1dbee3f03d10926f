//! Runs the blocking client over a stream that moves a few octets at a time, would block, is
//! interrupted, or times out.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, ErrorKind, Read as _, Write};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pop3_blocking::{Client, Message, Stream};
use pop3_proto::{
    Batch, Channel, Connection, Error, Instant, Ticket,
    command::{Command, IntoStreamed, Streamed, Whole},
};

use super::link::{Moved, Wire, failure};
use super::plan::{Act, Plan};
use super::reading::{Got, Read};
use super::session::{Enough, Subject};

/// Runs a [`Plan`] with the blocking client. Its clock is the real one, so it must never wait.
/// Where the plan has a server that stops responding, the server closes the connection instead.
pub fn blocking_client(data: &[u8]) -> usize {
    let mut plan = Plan::decode(data);
    for octet in &mut plan.link {
        if Act::decode(*octet) == Act::Silence {
            *octet = Act::Eof.encode();
        }
    }
    let wire = Rc::new(RefCell::new(Wire::new(&plan)));
    let session = Connection::new(
        plan.setup.config(),
        Channel::TrustedByCaller,
        Instant::ORIGIN,
    );
    match pop3_blocking::start(session, Link(Rc::clone(&wire))) {
        Ok(client) => {
            let session = super::session::Session::new(Blocking(client), Rc::clone(&wire));
            let polled = pin!(session.run(&plan)).poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(polled, Poll::Ready(()), "it never waits");
        }
        Err(error) => assert!(wire.borrow().account.broken, "{error:?}"),
    }
    wire.borrow().account.results
}

#[derive(Debug)]
struct Link(Rc<RefCell<Wire>>);

fn result(moved: Moved) -> io::Result<usize> {
    match moved {
        Moved::Octets(octets) => Ok(octets),
        Moved::NotReady(0) => Err(failure(ErrorKind::WouldBlock)),
        Moved::NotReady(_) => Err(failure(ErrorKind::TimedOut)),
        Moved::NothingComes => panic!("the client waits for octets that will never be sent"),
        Moved::Failed(kind) => Err(failure(kind)),
    }
}

impl io::Read for Link {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        result(self.0.borrow_mut().read(room))
    }
}

impl Write for Link {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        result(self.0.borrow_mut().write(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Link {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn read_ready(&mut self, room: &mut [u8]) -> io::Result<Option<usize>> {
        if self.0.borrow().is_quiet() {
            return Ok(None);
        }
        match self.read(room) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock) => Ok(None),
            read => read.map(Some),
        }
    }
}

fn read(message: &mut Message<'_, Link>, read: Read) -> Got {
    let mut got = Got {
        number: message.number(),
        ..Got::default()
    };
    if read == Read::Whole {
        got.end = Some(match message.read_to_end(&mut got.octets) {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::inside(&error).expect("a reason").clone()),
        });
        return got;
    }
    for _ in 0..read.chunks() {
        match message.chunk() {
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

struct Blocking(Client<Link>);

impl Subject for Blocking {
    async fn call<C: Whole>(&mut self, command: C, _: u8) -> Option<Result<C::Reply, Error>> {
        Some(self.0.call(command))
    }

    async fn batch<B: Batch>(&mut self, batch: B, _: u8) -> Option<Result<B::Replies, Error>> {
        Some(self.0.batch(batch))
    }

    fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.0.submit(command)
    }

    async fn wait<C: Whole>(&mut self, ticket: Ticket<C>, _: u8) -> Result<C::Reply, Error> {
        self.0.wait(ticket)
    }

    async fn wait_open<C: Streamed>(
        &mut self,
        ticket: Ticket<C>,
        how: Read,
        _: u8,
    ) -> Result<Got, Error> {
        Ok(read(&mut self.0.wait_open(ticket)?, how))
    }

    async fn pipeline<I>(
        &mut self,
        commands: I,
        _: u8,
        mut each: impl FnMut(Option<Result<<I::Item as Command>::Reply, Error>>) -> Enough,
    ) where
        I: Iterator + Unpin,
        I::Item: Whole,
    {
        let mut replies = self.0.pipeline(commands);
        while each(replies.next()) == Enough::More {}
    }

    async fn retrieve<I>(
        &mut self,
        messages: I,
        _: u8,
        mut reads: impl FnMut() -> Read,
        mut each: impl FnMut(Option<Result<Got, Error>>) -> Enough,
    ) where
        I: Iterator + Unpin,
        I::Item: IntoStreamed,
    {
        let mut messages = self.0.retrieve(messages);
        loop {
            let next = messages.next();
            let next = next.map(|next| next.map(|mut message| read(&mut message, reads())));
            if each(next) == Enough::Enough {
                return;
            }
        }
    }

    async fn open<C: Streamed>(
        &mut self,
        command: C,
        how: Read,
        _: u8,
    ) -> Option<Result<Got, Error>> {
        let opened = self.0.open(command);
        Some(opened.map(|mut message| read(&mut message, how)))
    }
}
