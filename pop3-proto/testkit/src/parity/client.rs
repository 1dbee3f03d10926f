//! The common interface of the clients for tests. Its methods block until the operation is
//! complete. For asynchronous clients the implementation waits in their runtime.

use std::net::TcpStream;
use std::time::Duration;

use pop3_proto::{
    Batch, Capabilities, Connection, Connector, Endpoint, Error, Login, MessageNumber, Quirk,
    QuitOutcome, Secret, Ticket,
    command::{Command, IntoStreamed, Streamed, Whole},
    error::AuthError,
    listing::{Listing, ScanEntry, UidEntry, UidListing},
    reply::{Confirmed, Language, Languages, MailboxStat, Mechanisms, Preview, Received, Status},
};

/// A message that is being received.
pub trait Body {
    fn number(&self) -> Option<MessageNumber>;
    fn status(&self) -> &Status;
    fn received(&self) -> Option<Received>;
    /// Returns the next octets, or `None` at the end.
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, Error>;

    /// Returns the remaining octets.
    fn rest(&mut self) -> Result<Vec<u8>, Error> {
        let mut octets = Vec::new();
        while let Some(chunk) = self.chunk()? {
            octets.extend(chunk);
        }
        Ok(octets)
    }
}

/// The code with which a test reads a message before the message is dropped.
pub type Reader<'r> = &'r mut dyn FnMut(&mut dyn Body);

/// Provides a token on request.
pub type Provide<'p> = &'p mut dyn FnMut(Option<AuthError>) -> Result<Secret, String>;

/// The methods that accept plain values and return a reply, passed as a table to `$each!`.
#[macro_export]
macro_rules! operations {
    ($each:ident) => {
        $each! {
            login(login: Login) -> Status;
            start_tls() -> Option<Capabilities>;
            capa() -> Option<Capabilities>;
            auth_mechanisms() -> Option<Mechanisms>;
            utf8() -> Status;
            lang() -> Languages;
            set_lang(range: &str) -> Language;
            stat() -> MailboxStat;
            list() -> Listing;
            list_one(number: MessageNumber) -> ScanEntry;
            uidl() -> UidListing;
            uidl_one(number: MessageNumber) -> UidEntry;
            retr_to_vec(number: MessageNumber, max: usize) -> Vec<u8>;
            confirm() -> Confirmed;
            dele(number: MessageNumber) -> Status;
            rset() -> Status;
            noop() -> Status;
            quit() -> QuitOutcome;
            quit_keeping() -> QuitOutcome;
        }
    };
}
macro_rules! declare {
    ($($name:ident($($argument:ident: $type:ty),*) -> $reply:ty;)*) => {
        $(fn $name(&mut self, $($argument: $type),*) -> Result<$reply, Error>;)*
    };
}

/// A client, asynchronous or blocking.
pub trait Client: Sized {
    /// Starts a session on a connected stream.
    fn start(session: Connection, stream: TcpStream) -> Result<Self, Error>;
    fn connect_with(endpoint: &Endpoint, connector: &Connector) -> Result<Self, Error>;

    /// Sets the delay after which the next address is tried in parallel, if the client supports
    /// this.
    fn set_stagger(_: &mut Connector, _: Option<Duration>) {}

    fn connection(&self) -> &Connection;
    fn quirks(&self) -> &[Quirk];

    operations!(declare);

    fn login_with(&mut self, login: Login, provide: Provide<'_>) -> Result<Status, Error>;

    fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error>;
    fn wait<C: Whole>(&mut self, ticket: Ticket<C>) -> Result<C::Reply, Error>;
    fn wait_open<C: Streamed>(&mut self, ticket: Ticket<C>, read: Reader<'_>) -> Result<(), Error>;
    fn call<C: Whole>(&mut self, command: C) -> Result<C::Reply, Error>;
    fn batch<B: Batch>(&mut self, batch: B) -> Result<B::Replies, Error>;

    fn retr(&mut self, number: MessageNumber, read: Reader<'_>) -> Result<(), Error>;
    fn top(&mut self, number: MessageNumber, lines: u32, read: Reader<'_>) -> Result<(), Error>;
    fn open<C: Streamed>(&mut self, command: C, read: Reader<'_>) -> Result<(), Error>;

    /// Returns the first `replies` replies of a pipeline, and then drops it.
    fn pipeline<I>(&mut self, commands: I, replies: usize) -> Vec<Result<Reply<I>, Error>>
    where
        I: IntoIterator,
        I::Item: Whole;

    /// Returns all results of previews, and how many octets were discarded.
    fn preview(
        &mut self,
        numbers: impl IntoIterator<Item = MessageNumber>,
        budget: usize,
    ) -> (Vec<Previewed>, u64);

    /// Passes each message to `read` until `read` has enough of them.
    fn retrieve<I>(
        &mut self,
        messages: I,
        read: &mut dyn FnMut(Result<&mut dyn Body, Error>) -> Enough,
    ) where
        I: IntoIterator,
        I::Item: IntoStreamed;

    /// Does other work for this long, and sends `NOOP` when the session has been idle for
    /// `interval`. Errors are left to the next operation.
    fn work(&mut self, span: Duration, interval: Duration);

    fn abort(self);

    /// Waits until the socket has unread octets or is closed.
    fn until_something_comes(&self);
}

/// A result of previews.
pub type Previewed = (MessageNumber, Result<Preview, Error>);

/// The reply type of a pipelined command.
pub type Reply<I> = <<I as IntoIterator>::Item as pop3_proto::command::Command>::Reply;

/// Whether a reader continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enough {
    NotYet,
    Enough,
}
