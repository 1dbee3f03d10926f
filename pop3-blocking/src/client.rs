use std::iter::FusedIterator;
use std::net::TcpStream;

use pop3_proto::{
    AuthMechanisms, Batch, Capa, Capabilities, Command, Confirm, Confirmed, Dele, DropListing,
    Engine, Error, Feed, GetCapabilities, Greeting, IntoStreamed, List, ListOne, Listing, Login,
    LoginPlan, Mechanisms, MessageNumber, Noop, Pending as _, Quirk, Quit, QuitOutcome, Retr, Rset,
    ScanEntry, Session, StartTls, Stat, Status, Streamed, Ticket, Top, UidEntry, UidListing, Uidl,
    UidlOne, Whole,
};

use crate::message::Message;
use crate::pump::Pump;
use crate::stream::Stream;

/// A POP3 client on a stream.
///
/// Every operation may be left half-way: the next one gives up what is left of it, skips the rest
/// of a body, and stays in step. Dropping the client closes the stream and commits nothing: only
/// [`Client::quit`] deletes what was marked as deleted.
#[derive(Debug)]
pub struct Client<S = TcpStream> {
    pump: Pump<S>,
}

/// Connection.
impl<S: Stream> Client<S> {
    /// Waits for the greeting.
    pub(crate) fn start(session: Session, stream: S) -> Result<Self, Error> {
        let mut pump = Pump::new(Engine::new(session), stream);
        pump.wait_for(Engine::poll_greeting)?;
        Ok(Self { pump })
    }

    /// The server's first line; `None` after STLS, since it came in clear and may be anybody's.
    pub fn greeting(&self) -> Option<&Greeting> {
        self.session().connection().greeting()
    }

    /// The session, for its getters: phase, capabilities, TLS, errors.
    pub fn session(&self) -> &Session {
        self.pump.engine.session()
    }

    /// Which way the last login took, why, and why none of the others; `None` if it did not come to
    /// that.
    pub fn login_plan(&self) -> Option<&LoginPlan> {
        self.session().connection().login_plan()
    }

    /// Which way a login would take now, as far as that is known: ask for the
    /// [capabilities](Client::capabilities) before, and after [`Client::start_tls`] again.
    pub fn plan_login(&self, login: &Login) -> LoginPlan {
        self.session().connection().plan_login(login)
    }

    /// The oddities of the server so far, each once.
    pub fn quirks(&self) -> &[Quirk] {
        self.pump.engine.quirks()
    }

    /// The stream, for its addresses and options. Reading from it or writing to it breaks the
    /// session.
    pub fn stream(&self) -> &S {
        &self.pump.stream
    }

    /// Closes the connection at once by dropping the stream, whatever is in progress. Nothing more is
    /// read or written, TLS sends no close_notify, and nothing is committed. (A socket of which the
    /// caller keeps a clone stays open.)
    pub fn abort(self) {
        drop(self.into_stream());
    }

    /// Ends the client and returns its stream, which stays open: replies may still arrive on it, and
    /// TLS cannot be continued. Nothing is committed.
    pub fn into_stream(self) -> S {
        self.pump.stream
    }
}

/// Commands in general.
impl<S: Stream> Client<S> {
    /// Submits a command without waiting, a streamed one such as [`Retr`] too. Submitted commands share
    /// round trips. Claim their replies in order: with [`Client::wait`], or with [`Client::wait_open`] if
    /// the reply is streamed.
    ///
    /// Any operation that waits for a later reply discards the replies that were not claimed, and reads
    /// past the bodies among them: a body whose ticket is dropped costs its octets and never blocks the
    /// session. A body is not read ahead: while nothing waits, the server can send no more than the
    /// buffers take.
    ///
    /// # Errors
    ///
    /// The fatal error of a dead connection, or [`Misuse::TooLong`](pop3_proto::Misuse::TooLong).
    ///
    /// # Examples
    ///
    /// Five commands, two round trips: only more messages are sent after a `RETR`.
    ///
    /// ```no_run
    /// # use pop3_blocking::{Dele, Error, List, MessageNumber, Retr, Uidl};
    /// # fn session(mut client: pop3_blocking::Client) -> Result<(), Error> {
    /// let [first, second] = [1, 2].map(|n| MessageNumber::new(n).expect("not zero"));
    /// let (sizes, uids) = (client.submit(List)?, client.submit(Uidl)?);
    /// let message = client.submit(Retr(first))?;
    /// let deletion = client.submit(Dele(first))?;
    /// let next = client.submit(Retr(second))?;
    ///
    /// let (sizes, uids) = (client.wait(sizes)?, client.wait(uids)?);
    /// let octets = client.wait_open(message)?.to_vec(1 << 20)?;
    /// client.wait(deletion)?;
    /// let octets = client.wait_open(next)?.to_vec(1 << 20)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.begin();
        self.pump.engine.submit(command)
    }

    /// Waits for the reply to a submitted command. Unclaimed replies to earlier ones are discarded, and
    /// their bodies are skipped.
    ///
    /// # Errors
    ///
    /// The command's own failure; [`Misuse::TicketSpent`](pop3_proto::Misuse::TicketSpent) if the
    /// reply is gone.
    pub fn wait<C: Whole>(&mut self, ticket: Ticket<C>) -> Result<C::Reply, Error> {
        self.pump.wait_for(|engine| engine.poll_ticket(&ticket))
    }

    /// Waits for the reply to a submitted command that is streamed, and returns its body to be read.
    /// Unclaimed replies to earlier commands are discarded, and their bodies are skipped. What is not
    /// read of this body is skipped by the next operation, waiting for a later ticket included.
    ///
    /// # Errors
    ///
    /// The command's own failure; [`Misuse::TicketSpent`](pop3_proto::Misuse::TicketSpent) if the
    /// reply is gone. A body can be opened once.
    pub fn wait_open<C: Streamed>(&mut self, ticket: Ticket<C>) -> Result<Message<'_, S>, Error> {
        let opened = self
            .pump
            .wait_for(|engine| engine.poll_opened(ticket.id()))?;
        Ok(Message::new(&mut self.pump, ticket.id(), opened))
    }

    /// Does a command and waits for its reply.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Auth`] and [`Error::Misuse`] concern this command alone; after
    /// any other error but a malformed value the connection is dead ([`Error::is_fatal`]).
    pub fn call<C: Whole>(&mut self, command: C) -> Result<C::Reply, Error> {
        let ticket = self.submit(command)?;
        self.wait(ticket)
    }

    /// Does several commands in as few round trips as the server allows.
    ///
    /// # Errors
    ///
    /// The first failure, when all replies are read.
    pub fn batch<B: Batch>(&mut self, batch: B) -> Result<B::Replies, Error> {
        self.begin();
        let mut pending = self.pump.engine.submit_batch(batch)?;
        self.pump.wait_for(|engine| engine.poll_batch(&mut pending));
        pending.finish()
    }

    /// Sends commands as they come from an iterator, many in flight, and returns each one's reply.
    ///
    /// Every command that the iterator yields is sent and gets exactly one result, in order, or the
    /// fatal error is reported. The pipeline never ends early in silence, whatever an earlier operation
    /// left unread. A command is taken from the iterator when it is submitted, so commands that were
    /// taken may be unsent when the pipeline is dropped.
    pub fn pipeline<I>(&mut self, commands: I) -> Pipeline<'_, S, I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Whole,
    {
        let feed = Feed::new(&mut self.pump.engine, commands.into_iter());
        Pipeline {
            pump: &mut self.pump,
            feed,
        }
    }

    /// Retrieves messages as their numbers come from an iterator, many on their way at a time and
    /// none kept in memory. Accepts [`MessageNumber`]s, [`Retr`], [`Top`] and other streamed commands.
    ///
    /// None of them is certain to be what the server meant before [`Client::confirm`] is `Ok`.
    ///
    /// Every command that the iterator yields is sent and gets exactly one result, in order, or the
    /// fatal error is reported. The retrieval never ends early in silence, whatever part of a message is
    /// left unread. A command is taken from the iterator when it is submitted, so commands that were
    /// taken may be unsent when the retrieval is dropped.
    pub fn retrieve<I>(&mut self, messages: I) -> Retrieve<'_, S, I::IntoIter>
    where
        I: IntoIterator,
        I::Item: IntoStreamed,
    {
        let feed = Feed::new(&mut self.pump.engine, messages.into_iter());
        Retrieve {
            pump: &mut self.pump,
            feed,
            open: None,
        }
    }

    /// Does one streamed command and gives its body.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn open<C: Streamed>(&mut self, command: C) -> Result<Message<'_, S>, Error> {
        self.begin();
        let ticket = self.pump.engine.submit_for_helper(command)?;
        self.wait_open(ticket)
    }

    fn begin(&mut self) {
        self.pump.engine.begin();
        self.pump.listen();
    }
}

/// The commands of POP3.
impl<S: Stream> Client<S> {
    /// Logs in; see [`Login`] for what that takes.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] says what to do; the connection can be used for another try.
    /// [`Error::Security`] and [`Error::Tls`] are fatal.
    pub fn login(&mut self, login: Login) -> Result<Status, Error> {
        self.call(login)
    }

    /// Starts TLS on a connection in clear; see [`StartTls`]. A login does so by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the server refuses; [`Error::Security`] and [`Error::Tls`] are fatal.
    pub fn start_tls(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(StartTls)
    }

    /// What the server can do, from memory if it told before on this channel.
    ///
    /// # Errors
    ///
    /// Fatal ones; a server that does not say is `None`.
    pub fn capabilities(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(GetCapabilities)
    }

    /// `CAPA`: what the server can do, asked anew.
    ///
    /// # Errors
    ///
    /// Fatal ones; a server that does not say is `None`.
    pub fn capa(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(Capa)
    }

    /// `AUTH` without a mechanism: which SASL mechanisms the server has, where it does not know `CAPA`.
    ///
    /// See [`AuthMechanisms`] for servers that do not understand it: some close the connection.
    ///
    /// # Errors
    ///
    /// Fatal ones, and [`Misuse::Phase`](crate::Misuse::Phase) after a login; a server that does not
    /// say is `None`.
    pub fn auth_mechanisms(&mut self) -> Result<Option<Mechanisms>, Error> {
        self.call(AuthMechanisms)
    }

    /// `STAT`: how many messages there are.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn stat(&mut self) -> Result<DropListing, Error> {
        self.call(Stat)
    }

    /// `LIST`: the sizes of all messages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn list(&mut self) -> Result<Listing, Error> {
        self.call(List)
    }

    /// `LIST n`: the size of one message.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn list_one(&mut self, number: MessageNumber) -> Result<ScanEntry, Error> {
        self.call(ListOne(number))
    }

    /// `UIDL`: the unique-ids of all messages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn uidl(&mut self) -> Result<UidListing, Error> {
        self.call(Uidl)
    }

    /// `UIDL n`: the unique-id of one message.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn uidl_one(&mut self, number: MessageNumber) -> Result<UidEntry, Error> {
        self.call(UidlOne(number))
    }

    /// `RETR`: one message. For several, [`Client::retrieve`] saves round trips.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn retr(&mut self, number: MessageNumber) -> Result<Message<'_, S>, Error> {
        self.open(Retr(number))
    }

    /// `TOP`: the header of one message and `lines` lines of its body.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn top(&mut self, number: MessageNumber, lines: u32) -> Result<Message<'_, S>, Error> {
        self.open(Top { number, lines })
    }

    /// `RETR` into memory: a message of at most `max` octets.
    ///
    /// # Errors
    ///
    /// As [`Client::call`] and [`Message::to_vec`]: a longer message is the end of the connection.
    pub fn retr_to_vec(&mut self, number: MessageNumber, max: usize) -> Result<Vec<u8>, Error> {
        self.retr(number)?.to_vec(max)
    }

    /// Confirms that all messages read to their end since the last confirmation are what the server
    /// meant: asks random questions whose answers are known, and compares. **Delete nothing that is
    /// not confirmed**; see [`Confirm`] for the reasons, and for what this needs and promises.
    ///
    /// One round trip where the server allows pipelining, else one for each of
    /// [`Confirm::QUESTIONS`].
    ///
    /// # Errors
    ///
    /// [`Error::Unconfirmed`]: nothing could be asked, or the answers are wrong. In the second case
    /// the connection is closed, and none of the messages may be trusted. Any other error means "not
    /// confirmed" too. [`Misuse::NoSeed`](pop3_proto::Misuse::NoSeed) if the session has no randomness.
    pub fn confirm(&mut self) -> Result<Confirmed, Error> {
        self.call(Confirm::new())
    }

    /// `DELE`: marks a message as deleted.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn dele(&mut self, number: MessageNumber) -> Result<Status, Error> {
        self.call(Dele(number))
    }

    /// `RSET`: unmarks all messages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn rset(&mut self) -> Result<Status, Error> {
        self.call(Rset)
    }

    /// `NOOP`.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub fn noop(&mut self) -> Result<Status, Error> {
        self.call(Noop)
    }

    /// `QUIT`: ends the session and deletes what was marked as deleted. The outcome says whether
    /// that was done.
    ///
    /// # Errors
    ///
    /// The fatal error of a connection that died before `QUIT` could leave: nothing was deleted.
    pub fn quit(&mut self) -> Result<QuitOutcome, Error> {
        self.call(Quit)
    }

    /// `RSET`, then `QUIT`: ends the session and deletes nothing, not even on servers that mark
    /// what was retrieved.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]. `QUIT` is not sent unless `RSET` succeeded.
    pub fn quit_keeping(&mut self) -> Result<QuitOutcome, Error> {
        self.rset()?;
        self.quit()
    }
}

/// The replies of [`Client::pipeline`], one for each command in the order of the commands, until there
/// is a fatal error. Dropped half-way, it leaves what was not sent unsent; commands that were sent are
/// carried out all the same.
#[derive(Debug)]
pub struct Pipeline<'c, S, I: Iterator> {
    pump: &'c mut Pump<S>,
    feed: Feed<I>,
}

impl<S: Stream, I: Iterator> Iterator for Pipeline<'_, S, I>
where
    I::Item: Whole,
{
    type Item = Result<<I::Item as Command>::Reply, Error>;

    /// Returns the next reply; a refusal concerns that command alone. After a fatal error, every command
    /// that was submitted gets it, then there is `None` for ever and nothing more is taken from the
    /// iterator.
    fn next(&mut self) -> Option<Self::Item> {
        // With a window of one, long times may lie between two commands.
        self.pump.listen();
        let feed = &mut self.feed;
        self.pump.wait_for(|engine| feed.poll_next(engine))
    }
}

impl<S: Stream, I: Iterator> FusedIterator for Pipeline<'_, S, I> where I::Item: Whole {}

/// The messages of [`Client::retrieve`], in order.
#[derive(Debug)]
pub struct Retrieve<'c, S, I: Iterator> {
    pump: &'c mut Pump<S>,
    feed: Feed<I>,
    open: Option<pop3_proto::RequestId>,
}

impl<S: Stream, I: Iterator> Retrieve<'_, S, I>
where
    I::Item: IntoStreamed,
{
    /// Returns the next message, or the refusal of it alone; `None` after the last one. What was not read
    /// of the one before is skipped. After a fatal error, every command that was submitted gets it, then
    /// there is `None` for ever and nothing more is taken from the iterator. (No `Iterator`: each message
    /// borrows the connection.)
    #[expect(
        clippy::should_implement_trait,
        reason = "each item borrows from the iterator"
    )]
    pub fn next(&mut self) -> Option<Result<Message<'_, S>, Error>> {
        if let Some(open) = self.open.take() {
            self.pump.engine.skip(open);
        }
        // With a window of one, long times may lie between two commands.
        self.pump.listen();
        let feed = &mut self.feed;
        match self.pump.wait_for(|engine| feed.poll_open(engine))? {
            Ok((id, opened)) => {
                self.open = Some(id);
                Some(Ok(Message::new(self.pump, id, opened)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}
