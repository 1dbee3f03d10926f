use alloc::vec::Vec;
use core::future::poll_fn;

use super::Transport;
use super::helpers::{Pipeline, Retrieve};
use super::message::Message;
use super::pump::Pump;
use crate::{
    AuthMechanisms, Batch, Capa, Capabilities, Command, Confirm, Confirmed, Dele, DropListing,
    Engine, Error, Feed, GetCapabilities, Greeting, IntoStreamed, List, ListOne, Listing, Login,
    LoginPlan, Mechanisms, MessageNumber, Noop, Pending as _, Quirk, Quit, QuitOutcome, Retr, Rset,
    ScanEntry, Session, StartTls, Stat, Status, Streamed, Ticket, Top, UidEntry, UidListing, Uidl,
    UidlOne, Whole,
};

/// A POP3 client on a [`Transport`], in no runtime and in any.
///
/// Every operation may be left half-way: the next one gives up what is left of it, skips the rest
/// of a body, and stays in step. Dropping the client closes the stream and commits nothing: only
/// [`Client::quit`] deletes what was marked as deleted.
#[derive(Debug)]
pub struct Client<T> {
    pump: Pump<T>,
}

/// Connection.
impl<T: Transport> Client<T> {
    /// Runs a session, which was just made, over a transport that was just connected, and waits for
    /// the greeting. The session's clock goes on from where it is. For SCRAM the session has to be [seeded](Session::seed); adapters do that.
    ///
    /// # Errors
    ///
    /// The fatal error that came instead of a greeting.
    ///
    /// # Cancel safety
    ///
    /// The transport is dropped, and with it the connection.
    pub async fn start(session: Session, transport: T) -> Result<Self, Error> {
        let mut pump = Pump::new(Engine::new(session), transport);
        poll_fn(|cx| pump.poll_for(cx, Engine::poll_greeting)).await?;
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

    /// The transport, for its addresses and options. Reading from it or writing to it breaks the
    /// session.
    pub fn transport(&self) -> &T {
        &self.pump.transport
    }

    /// Closes the connection at once by dropping the transport, whatever is in progress. Nothing more is
    /// read or written, TLS sends no close_notify, and nothing is committed.
    pub fn abort(self) {
        drop(self.into_transport());
    }

    /// Ends the client and returns its transport, which stays open: replies may still arrive on it, and
    /// TLS cannot be continued. Nothing is committed.
    pub fn into_transport(self) -> T {
        self.pump.transport
    }
}

/// Commands in general.
impl<T: Transport> Client<T> {
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
    /// The fatal error of a dead connection, or [`Misuse::TooLong`](crate::Misuse::TooLong).
    ///
    /// # Examples
    ///
    /// Five commands, two round trips: only more messages are sent after a `RETR`.
    ///
    /// ```no_run
    /// # use pop3_proto::{Dele, Error, List, MessageNumber, Retr, Uidl};
    /// # async fn session<T: pop3_proto::client::Transport>(mut client: pop3_proto::client::Client<T>) -> Result<(), Error> {
    /// let [first, second] = [1, 2].map(|n| MessageNumber::new(n).expect("not zero"));
    /// let (sizes, uids) = (client.submit(List)?, client.submit(Uidl)?);
    /// let message = client.submit(Retr(first))?;
    /// let deletion = client.submit(Dele(first))?;
    /// let next = client.submit(Retr(second))?;
    ///
    /// let (sizes, uids) = (client.wait(sizes).await?, client.wait(uids).await?);
    /// let octets = client.wait_open(message).await?.to_vec(1 << 20).await?;
    /// client.wait(deletion).await?;
    /// let octets = client.wait_open(next).await?.to_vec(1 << 20).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        self.pump.begin();
        self.pump.engine.submit(command)
    }

    /// Waits for the reply to a submitted command. Unclaimed replies to earlier ones are discarded, and
    /// their bodies are skipped.
    ///
    /// # Errors
    ///
    /// The command's own failure; [`Misuse::TicketSpent`](crate::Misuse::TicketSpent) if the
    /// reply is gone.
    ///
    /// # Cancel safety
    ///
    /// The ticket stays valid until its reply is returned.
    pub async fn wait<C: Whole>(&mut self, ticket: Ticket<C>) -> Result<C::Reply, Error> {
        self.wait_for(|engine| engine.poll_ticket(&ticket)).await
    }

    /// Waits for the reply to a submitted command that is streamed, and returns its body to be read.
    /// Unclaimed replies to earlier commands are discarded, and their bodies are skipped. What is not
    /// read of this body is skipped by the next operation, waiting for a later ticket included.
    ///
    /// # Errors
    ///
    /// The command's own failure; [`Misuse::TicketSpent`](crate::Misuse::TicketSpent) if the
    /// reply is gone. A body can be opened once.
    ///
    /// # Cancel safety
    ///
    /// The ticket stays valid until the body is returned.
    pub async fn wait_open<C: Streamed>(
        &mut self,
        ticket: Ticket<C>,
    ) -> Result<Message<'_, T>, Error> {
        let opened = self
            .wait_for(|engine| engine.poll_opened(ticket.id()))
            .await?;
        Ok(Message::new(&mut self.pump, ticket.id(), opened))
    }

    /// Does a command and waits for its reply.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`], [`Error::Auth`] and [`Error::Misuse`] concern this command alone; after
    /// any other error but a malformed value the connection is dead ([`Error::is_fatal`]).
    ///
    /// # Cancel safety
    ///
    /// The next operation gives up what is left: a command that was not sent is not sent, and the reply to
    /// one that was is skipped.
    pub async fn call<C: Whole>(&mut self, command: C) -> Result<C::Reply, Error> {
        self.pump.begin();
        let ticket = self.pump.engine.submit_for_helper(command)?;
        self.wait(ticket).await
    }

    /// Does several commands in as few round trips as the server allows.
    ///
    /// # Errors
    ///
    /// The first failure, when all replies are read.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`], for each of them.
    pub async fn batch<B: Batch>(&mut self, batch: B) -> Result<B::Replies, Error> {
        self.pump.begin();
        let mut pending = self.pump.engine.submit_batch(batch)?;
        self.wait_for(|engine| engine.poll_batch(&mut pending))
            .await;
        pending.finish()
    }

    /// Sends commands as they come from an iterator, many in flight, and returns each one's reply.
    ///
    /// Every command that the iterator yields is sent and gets exactly one result, in order, or the
    /// fatal error is reported. The pipeline never ends early in silence, whatever an earlier operation
    /// left unread. A command is taken from the iterator when it is submitted, so commands that were
    /// taken may be unsent when the pipeline is dropped.
    pub fn pipeline<I>(&mut self, commands: I) -> Pipeline<'_, T, I::IntoIter>
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
    pub fn retrieve<I>(&mut self, messages: I) -> Retrieve<'_, T, I::IntoIter>
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
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`]; a body is skipped.
    pub async fn open<C: Streamed>(&mut self, command: C) -> Result<Message<'_, T>, Error> {
        self.pump.begin();
        let ticket = self.pump.engine.submit_for_helper(command)?;
        self.wait_open(ticket).await
    }

    /// Moves octets until `poll` has what it waits for.
    async fn wait_for<R>(&mut self, mut poll: impl FnMut(&mut Engine) -> Option<R>) -> R {
        poll_fn(|cx| self.pump.poll_for(cx, &mut poll)).await
    }
}

/// The commands of POP3.
impl<T: Transport> Client<T> {
    /// Logs in; see [`Login`] for what that takes.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] says what to do; the connection can be used for another try.
    /// [`Error::Security`] and [`Error::Tls`] are fatal.
    ///
    /// # Cancel safety
    ///
    /// What left of the login is finished by the next operation, which may find the session logged in.
    /// To learn what came of it, [`submit`](Client::submit) it and [`wait`](Client::wait): its ticket
    /// survives.
    pub async fn login(&mut self, login: Login) -> Result<Status, Error> {
        self.call(login).await
    }

    /// Starts TLS on a connection in clear; see [`StartTls`]. A login does so by itself.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the server refuses; [`Error::Security`] and [`Error::Tls`] are fatal.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::login`]: what has begun is finished by the next operation.
    pub async fn start_tls(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(StartTls).await
    }

    /// What the server can do, from memory if it told before on this channel.
    ///
    /// # Errors
    ///
    /// Fatal ones; a server that does not say is `None`.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn capabilities(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(GetCapabilities).await
    }

    /// `CAPA`: what the server can do, asked anew.
    ///
    /// # Errors
    ///
    /// Fatal ones; a server that does not say is `None`.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn capa(&mut self) -> Result<Option<Capabilities>, Error> {
        self.call(Capa).await
    }

    /// `AUTH` without a mechanism: which SASL mechanisms the server has, where it does not know `CAPA`.
    ///
    /// See [`AuthMechanisms`] for servers that do not understand it: some close the connection.
    ///
    /// # Errors
    ///
    /// Fatal ones, and [`Misuse::Phase`](crate::Misuse::Phase) after a login; a server that does not
    /// say is `None`.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn auth_mechanisms(&mut self) -> Result<Option<Mechanisms>, Error> {
        self.call(AuthMechanisms).await
    }

    /// `STAT`: how many messages there are.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn stat(&mut self) -> Result<DropListing, Error> {
        self.call(Stat).await
    }

    /// `LIST`: the sizes of all messages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn list(&mut self) -> Result<Listing, Error> {
        self.call(List).await
    }

    /// `LIST n`: the size of one message.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn list_one(&mut self, number: MessageNumber) -> Result<ScanEntry, Error> {
        self.call(ListOne(number)).await
    }

    /// `UIDL`: the unique-ids of all messages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn uidl(&mut self) -> Result<UidListing, Error> {
        self.call(Uidl).await
    }

    /// `UIDL n`: the unique-id of one message.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn uidl_one(&mut self, number: MessageNumber) -> Result<UidEntry, Error> {
        self.call(UidlOne(number)).await
    }

    /// `RETR`: one message. For several, [`Client::retrieve`] saves round trips.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn retr(&mut self, number: MessageNumber) -> Result<Message<'_, T>, Error> {
        self.open(Retr(number)).await
    }

    /// `TOP`: the header of one message and `lines` lines of its body.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn top(
        &mut self,
        number: MessageNumber,
        lines: u32,
    ) -> Result<Message<'_, T>, Error> {
        self.open(Top { number, lines }).await
    }

    /// `RETR` into memory: a message of at most `max` octets.
    ///
    /// # Errors
    ///
    /// As [`Client::call`] and [`Message::to_vec`]: a longer message is the end of the connection.
    ///
    /// # Cancel safety
    ///
    /// As [`Message::to_vec`].
    pub async fn retr_to_vec(
        &mut self,
        number: MessageNumber,
        max: usize,
    ) -> Result<Vec<u8>, Error> {
        self.retr(number).await?.to_vec(max).await
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
    /// confirmed" too. [`Misuse::NoSeed`](crate::Misuse::NoSeed) if the session has no randomness.
    ///
    /// # Cancel safety
    ///
    /// Nothing is confirmed by a call that was dropped. The next operation discards what is left of it.
    pub async fn confirm(&mut self) -> Result<Confirmed, Error> {
        self.call(Confirm::new()).await
    }

    /// `DELE`: marks a message as deleted.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// Done or not: what left is carried out, and its reply is skipped.
    pub async fn dele(&mut self, number: MessageNumber) -> Result<Status, Error> {
        self.call(Dele(number)).await
    }

    /// `RSET`: unmarks all messages.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// Done or not: what left is carried out, and its reply is skipped.
    pub async fn rset(&mut self) -> Result<Status, Error> {
        self.call(Rset).await
    }

    /// `NOOP`.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    ///
    /// As [`Client::call`].
    pub async fn noop(&mut self) -> Result<Status, Error> {
        self.call(Noop).await
    }

    /// `QUIT`: ends the session and deletes what was marked as deleted. The outcome says whether
    /// that was done.
    ///
    /// # Errors
    ///
    /// The fatal error of a connection that died before `QUIT` could leave: nothing was deleted, unless
    /// an earlier `QUIT` was given up on its way.
    ///
    /// # Cancel safety
    ///
    /// What left cannot be taken back: whether anything was deleted is not known then. To be able to
    /// ask again, [`submit`](Client::submit) a [`Quit`] and [`wait`](Client::wait): its ticket
    /// survives.
    pub async fn quit(&mut self) -> Result<QuitOutcome, Error> {
        self.call(Quit).await
    }

    /// `RSET`, then `QUIT`: ends the session and deletes nothing, not even on servers that mark
    /// what was retrieved.
    ///
    /// # Errors
    ///
    /// As [`Client::call`]. `QUIT` is not sent unless `RSET` succeeded.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::quit`].
    pub async fn quit_keeping(&mut self) -> Result<QuitOutcome, Error> {
        self.rset().await?;
        self.quit().await
    }
}
