//! Implements the common interface for the blocking client.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use pop3_blocking::Message;
use pop3_proto::{
    Batch, Capabilities, Connection, Connector, Endpoint, Error, Login, MessageNumber, Quirk,
    QuitOutcome, Ticket,
    command::{Command, IntoStreamed, Streamed, Whole},
    listing::{Listing, ScanEntry, UidEntry, UidListing},
    reply::{Confirmed, Language, Languages, MailboxStat, Mechanisms, Received, Status},
};

use super::client::{Body, Client, Enough, Previewed, Provide, Reader, Reply};

pub type Blocking = pop3_blocking::Client<TcpStream>;

macro_rules! by_name {
    ($($name:ident($($argument:ident: $type:ty),*) -> $reply:ty;)*) => {
        $(fn $name(&mut self, $($argument: $type),*) -> Result<$reply, Error> {
            Blocking::$name(self, $($argument),*)
        })*
    };
}

impl Client for Blocking {
    fn start(session: Connection, stream: TcpStream) -> Result<Self, Error> {
        pop3_blocking::start(session, stream)
    }

    fn connect_with(endpoint: &Endpoint, connector: &Connector) -> Result<Self, Error> {
        pop3_blocking::connect_with(endpoint, connector)
    }

    fn connection(&self) -> &Connection {
        Blocking::connection(self)
    }

    fn quirks(&self) -> &[Quirk] {
        Blocking::quirks(self)
    }

    crate::operations!(by_name);

    fn login_with(&mut self, login: Login, provide: Provide<'_>) -> Result<Status, Error> {
        Blocking::login_with(self, login, provide)
    }

    fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        Blocking::submit(self, command)
    }

    fn wait<C: Whole>(&mut self, ticket: Ticket<C>) -> Result<C::Reply, Error> {
        Blocking::wait(self, ticket)
    }

    fn wait_open<C: Streamed>(&mut self, ticket: Ticket<C>, read: Reader<'_>) -> Result<(), Error> {
        read(&mut Blocking::wait_open(self, ticket)?);
        Ok(())
    }

    fn call<C: Whole>(&mut self, command: C) -> Result<C::Reply, Error> {
        Blocking::call(self, command)
    }

    fn batch<B: Batch>(&mut self, batch: B) -> Result<B::Replies, Error> {
        Blocking::batch(self, batch)
    }

    fn retr(&mut self, number: MessageNumber, read: Reader<'_>) -> Result<(), Error> {
        read(&mut Blocking::retr(self, number)?);
        Ok(())
    }

    fn top(&mut self, number: MessageNumber, lines: u32, read: Reader<'_>) -> Result<(), Error> {
        read(&mut Blocking::top(self, number, lines)?);
        Ok(())
    }

    fn open<C: Streamed>(&mut self, command: C, read: Reader<'_>) -> Result<(), Error> {
        read(&mut Blocking::open(self, command)?);
        Ok(())
    }

    fn pipeline<I>(&mut self, commands: I, replies: usize) -> Vec<Result<Reply<I>, Error>>
    where
        I: IntoIterator,
        I::Item: Whole,
    {
        Blocking::pipeline(self, commands).take(replies).collect()
    }

    fn preview(
        &mut self,
        numbers: impl IntoIterator<Item = MessageNumber>,
        budget: usize,
    ) -> (Vec<Previewed>, u64) {
        let mut previews = Blocking::preview(self, numbers, budget);
        let items = previews.by_ref().collect();
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
        let mut messages = Blocking::retrieve(self, messages);
        while let Some(message) = messages.next() {
            let enough = match message {
                Ok(mut message) => read(Ok(&mut message)),
                Err(error) => read(Err(error)),
            };
            if enough == Enough::Enough {
                return;
            }
        }
    }

    fn work(&mut self, span: Duration, interval: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < span {
            std::thread::sleep(Duration::from_millis(50));
            let _ = self.noop_if_idle(interval);
        }
    }

    fn abort(self) {
        Blocking::abort(self);
    }

    fn until_something_comes(&self) {
        // Ignore errors: a socket that has failed is also ready.
        let _ = self.transport().get_ref().peek(&mut [0]);
    }
}

impl Body for Message<'_, TcpStream> {
    fn number(&self) -> Option<MessageNumber> {
        Message::number(self)
    }

    fn status(&self) -> &Status {
        Message::status(self)
    }

    fn received(&self) -> Option<Received> {
        Message::received(self).copied()
    }

    fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(Message::chunk(self)?.map(|chunk| chunk.to_vec()))
    }
}
