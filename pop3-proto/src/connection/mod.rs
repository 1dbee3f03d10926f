//! The state machine of one connection.
//!
//! [`Connection`] has the public methods and holds the parts: [`Inbound`] makes frames of the octets from
//! the server, [`State`] knows the phase, the channel and the server, [`Outbound`] has the requests and
//! the octets to send, [`Timers`] the deadlines, [`End`] what ends it all. `advance.rs` is the loop that
//! moves them on: read a frame, match it with a request (`receive.rs`), send what may be sent
//! (`send.rs`).

mod advance;
mod body;
mod confirm;
mod end;
mod event;
mod first_batch;
mod inbound;
mod last_err;
mod multiline;
mod outbound;
mod queue;
mod receive;
mod recv_buffer;
mod reply_size;
mod request;
mod send;
mod send_buffer;
mod state;
mod status_values;
mod surplus;
mod timers;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::ops::Range;

use self::end::End;
pub use self::event::{Event, Greeting};
use self::inbound::Inbound;
use self::outbound::Outbound;
use self::receive::Partial;
use self::request::PendingRequest;
use self::state::State;
use self::timers::Timers;
use crate::capability::Capabilities;
use crate::command::{Command, Request};
use crate::config::{Channel, Config};
use crate::error::{Closed, Error, LimitError, Retry, TlsError, TransportError};
use crate::exchange::{Input, plan_login};
use crate::line::check_length;
use crate::login::Login;
use crate::misuse::Misuse;
use crate::phase::Phase;
use crate::plan::LoginPlan;
use crate::redact::Redactor;
use crate::sasl::Seed;
use crate::secret::Secret;
use crate::ticket::{RequestId, Ticket};
use crate::time::Instant;
use crate::tls::TlsInfo;

/// A POP3 connection as a state machine: octets in, octets out, requests in, events out.
///
/// Its methods are of four kinds. *Getters* return its state. The *application side* submits requests
/// and takes events. The *socket side* moves octets when the `wants_` methods say so. The *clock side*
/// returns when it wants to be woken. All polls are idempotent and may be called in any order, any
/// number of times. A caller that leaves one out is slower, never wrong, except for
/// [`handle_timeout`](Connection::handle_timeout), which is the clock.
#[derive(Debug)]
pub struct Connection {
    config: Config,
    state: State,
    inbound: Inbound,
    outbound: Outbound,
    /// The multi-line reply that is being received.
    partial: Option<Partial>,
    events: VecDeque<Event>,
    timers: Timers,
    next_id: RequestId,
    end: End,
    plan: Option<LoginPlan>,
    seed: Option<Seed>,
    redactor: Redactor,
}

/// Getters.
impl Connection {
    /// Returns the state of the session.
    pub fn phase(&self) -> Phase {
        match self.end.outcome {
            Some(_) => Phase::Closed,
            None => self.state.phase(),
        }
    }

    /// Returns the greeting, if it was received in this channel. STLS drops it (RFC 2595 section 4).
    pub fn greeting(&self) -> Option<&Greeting> {
        self.state.greeting()
    }

    /// Returns the capabilities of this channel, if the server announced them.
    pub fn capabilities(&self) -> Option<&Capabilities> {
        self.state.capabilities()
    }

    /// Returns the channel that the connection began with. After STLS it is still
    /// [`Channel::Plain`]; see [`Connection::tls`].
    pub fn channel(&self) -> Channel {
        self.state.channel()
    }

    /// Returns the result of the TLS handshake, once there is one.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.state.tls()
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the fatal error, if there was one. Every later request gets the same.
    pub fn error(&self) -> Option<&Error> {
        self.end
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.as_ref().err())
    }

    /// Whether another try is sensible after this error of the session, and how soon at the earliest:
    /// as [`Error::retry`], and if the session was logged in, not before the time that the server
    /// wants between two logins (`LOGIN-DELAY`, RFC 2449 section 6.5).
    pub fn retry(&self, error: &Error) -> Retry {
        let delay = self.state.login_delay();
        let delay = delay.filter(|_| self.state.was_logged_in());
        error.retry().not_before(delay.unwrap_or_default())
    }

    /// What the last login decided, and why: `None` if it did not come to that. What it would decide
    /// now is [`plan_login`](Connection::plan_login).
    pub fn login_plan(&self) -> Option<&LoginPlan> {
        self.plan.as_ref()
    }

    /// What a login would do if it were submitted now, as far as that is known: ask for the
    /// [capabilities](crate::GetCapabilities) before, and after [`StartTls`](crate::StartTls) again.
    pub fn plan_login(&self, login: &Login) -> LoginPlan {
        plan_login(login, &self.state.context(&self.config))
    }

    /// How many requests are submitted and not answered.
    pub fn outstanding(&self) -> usize {
        self.outbound.requests()
    }

    /// Whether anything was sent that is not answered.
    pub fn awaits_reply(&self) -> bool {
        self.outbound.has_begun_front()
    }

    /// Returns whether an application with more requests should submit the next one now: the window has
    /// room.
    /// Submitting without asking is fine too; requests wait in the queue then.
    pub fn wants_request(&self) -> bool {
        self.end.outcome.is_none() && self.outbound.has_room(self.window())
    }

    /// The id that the next request will have.
    pub fn next_id(&self) -> RequestId {
        self.next_id
    }
}

/// The application side.
impl Connection {
    /// A connection that was just made; `now` starts the deadline of the greeting, or of TLS.
    pub fn new(mut config: Config, channel: Channel, now: Instant) -> Self {
        config.limits = config.limits.clamped();
        Self {
            state: State::new(channel),
            inbound: Inbound::new(&config),
            outbound: Outbound::default(),
            partial: None,
            events: VecDeque::new(),
            timers: Timers::new(now),
            next_id: RequestId::FIRST,
            end: End::default(),
            plan: None,
            seed: None,
            redactor: Redactor::default(),
            config,
        }
    }

    /// Gives the connection randomness of its own, from the operating system, for the nonces of
    /// SCRAM and the questions of [`Confirm`](crate::Confirm). Never give two connections the same.
    /// Without it, both fail with [`Misuse::NoSeed`](crate::Misuse::NoSeed). The adapters call this.
    ///
    /// The digests by which the connection recognizes echoes of its credentials are keyed with it,
    /// too ([`Secret`](crate::Secret#redaction)). Without a seed their key is a constant: equal
    /// passwords then have equal digests in every process, so an attacker who reads the memory of one can
    /// look a guessable password up in a precomputed table. With a seed each guess has to be
    /// computed for this connection. Seed a connection before it sends credentials.
    pub fn seed(&mut self, random: [u8; 32]) {
        self.redactor.set_key(&random);
        self.seed = Some(Seed::new(random));
    }

    /// Queues a request. Whether it is legal is decided when its turn comes, so a login and what
    /// follows it can be submitted together.
    ///
    /// A login may call a [`Mechanism`](crate::sasl::Mechanism) of the application. It runs in this method,
    /// or in any other that moves the session on. If it panics and the application catches that, the
    /// connection has ended with [`Error::CallbackPanicked`]. Nothing else calls code of the application: a
    /// token is requested by [`Event::TokenWanted`].
    ///
    /// # Errors
    ///
    /// The connection's fatal error if it is dead ([`Closed::Finished`] after `QUIT`), or
    /// [`Misuse::TooLong`](crate::Misuse::TooLong). Nothing was queued then.
    pub fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        if let Some(error) = self.fatal() {
            return Err(error);
        }
        let request = command.request().0;
        match &request {
            Request::Command(command) => check_length(command, self.config.limits.command)?,
            Request::Exchange(exchange) => exchange.check_length(self.config.limits.command)?,
            // Its commands are chosen when its turn comes.
            Request::Confirm(_) => {}
        }
        let id = self.next_id;
        self.next_id = id.next();
        self.rearm_if_idle();
        let expected = match &request {
            Request::Command(command) => self.state.reply_size(command).expected,
            Request::Exchange(_) | Request::Confirm(_) => 0,
        };
        self.outbound.push(id, request, expected);
        self.advance();
        Ok(Ticket::new(id))
    }

    /// Returns the next event. While one waits, nothing is parsed and nothing is sent.
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            // After a panic in a callback the end was not reported yet.
            self.report_end();
        }
        let event = self.events.pop_front()?;
        if self.events.is_empty() {
            self.timers.rearm();
            self.advance();
        }
        Some(event)
    }

    /// Abandons requests and drops their pending events. No later event reports them. Ids that do not
    /// exist are ignored.
    ///
    /// Commands that were not sent are removed from the queue. Replies to those in flight are read and
    /// discarded, and a login that has started is completed. A login that waits for a token ends there:
    /// nothing more of it is sent.
    pub fn abandon(&mut self, requests: Range<RequestId>) {
        let about = |event: &Event| match event {
            Event::Reply { id, .. }
            | Event::Body { id, .. }
            | Event::BodyEnd { id, .. }
            | Event::TokenWanted { id, .. } => requests.contains(id),
            Event::Greeting(_) | Event::Quirk(_) | Event::Closed(_) => false,
        };
        let wanted_token = self.wants_token();
        let abandoned = self.outbound.abandon(&requests);
        if !abandoned.any && !self.events.iter().any(about) {
            return;
        }
        self.outbound.shrink_first_batch();
        if abandoned.front {
            self.timers.operation(self.outbound.in_flight() > 0);
        }
        if wanted_token {
            self.timers.rearm();
        }
        let waited = !self.events.is_empty();
        self.events.retain(|event| !about(event));
        if waited && self.events.is_empty() {
            self.timers.rearm();
        }
        self.advance();
        drop(abandoned.exchanges);
    }

    /// Provides the token that [`Event::TokenWanted`] requested, or says why there is none. The login then
    /// goes on, or fails with [`AuthError::NoToken`](crate::AuthError::NoToken) and these words. They may be
    /// logged: no secret belongs there.
    ///
    /// The time since the event does not count against the server: its deadline starts now, and so does
    /// [`Timeouts::total`](crate::Timeouts::total).
    ///
    /// # Errors
    ///
    /// The connection's fatal error if it is dead, since the server may have closed it in the meantime;
    /// [`Misuse::NoTokenWanted`] if this request does not wait for a token or its event was not taken yet.
    pub fn provide_token(
        &mut self,
        id: RequestId,
        token: Result<Secret, Box<str>>,
    ) -> Result<(), Error> {
        if let Some(error) = self.fatal() {
            return Err(error);
        }
        let is_asked = |event: &Event| matches!(event, Event::TokenWanted { .. });
        let front = self.outbound.front().filter(|front| front.wants_token());
        if front.is_none_or(|front| front.id != Some(id)) || self.events.iter().any(is_asked) {
            return Err(Misuse::NoTokenWanted.into());
        }
        self.timers.operation(true);
        self.timers.rearm();
        if let Err(error) = self.step_exchange(Input::Token(token)) {
            self.close(Err(error));
        }
        self.advance();
        Ok(())
    }

    /// Whether the request in front waits for a token from the application.
    fn wants_token(&self) -> bool {
        self.outbound
            .front()
            .is_some_and(PendingRequest::wants_token)
    }

    /// The error that new requests get, if the connection is dead.
    fn fatal(&self) -> Option<Error> {
        let outcome = self.end.outcome.as_ref()?;
        let error = outcome.as_ref().err().cloned();
        Some(error.unwrap_or_else(|| Closed::Finished.into()))
    }
}

/// Ends that the application decides.
impl Connection {
    /// Ends the connection because a limit of the application is exceeded. All outstanding requests get
    /// this error, and nothing more is read or written.
    pub fn exceeded(&mut self, limit: LimitError) {
        self.close(Err(limit.into()));
    }

    /// Ends the connection because code of the application panicked outside of it, such as the stream
    /// that moves its octets: how many of them moved is not known. All outstanding requests get
    /// [`Error::CallbackPanicked`].
    pub fn callback_panicked(&mut self) {
        self.close(Err(Error::CallbackPanicked));
    }
}

/// The socket side.
impl Connection {
    /// Whether there are octets to send.
    pub fn wants_write(&self) -> bool {
        !self.outbound.pending().is_empty() && !self.holds_batch()
    }

    /// The octets to send: a batch of whole commands. The same until they are
    /// [`transmitted`](Connection::transmitted), or a request among them is abandoned.
    pub fn transmit(&mut self) -> &[u8] {
        if self.holds_batch() {
            return &[];
        }
        self.outbound.pending()
    }

    /// The octets to send, for a layer that will send them all and cannot give any back.
    #[cfg(feature = "rustls")]
    pub(crate) fn hand_over(&mut self) -> &[u8] {
        self.outbound.hand_over()
    }

    /// So many of them were sent.
    pub fn transmitted(&mut self, octets: usize, now: Instant) {
        if self.outbound.transmitted(octets) > 0 {
            self.inbound.expect_answer();
            self.timers.progress(now);
        }
        self.advance();
    }

    /// Whether octets from the server can be taken: not while an event waits, nor during a TLS
    /// handshake, nor after the end.
    pub fn wants_read(&self) -> bool {
        self.events.is_empty()
            && self.end.outcome.is_none()
            && self.end.input_over.is_none()
            && !self.wants_tls()
            && !self.inbound.is_full()
    }

    /// Where to put octets from the server: `Some`, and never empty, exactly while
    /// [`wants_read`](Connection::wants_read). Do not read into an empty slice instead: that looks like
    /// an end of file.
    pub fn recv_buffer(&mut self) -> Option<&mut [u8]> {
        if self.wants_read() {
            Some(self.inbound.room())
        } else {
            None
        }
    }

    /// So many octets were put into the [`recv_buffer`](Connection::recv_buffer).
    pub fn received(&mut self, octets: usize, now: Instant) {
        if octets == 0 || !self.wants_read() {
            return;
        }
        self.inbound.fill(octets);
        self.timers.progress(now);
        self.advance();
    }

    /// The server will send no more octets.
    pub fn handle_eof(&mut self, now: Instant) {
        self.input_over(None, now);
    }

    /// Reading failed: no more octets will be received.
    pub fn handle_read_error(&mut self, cause: TransportError, now: Instant) {
        self.input_over(Some(cause), now);
    }

    /// Writing failed: nothing more is sent. Go on reading to the end of file, because the server may
    /// have sent an unsolicited `-ERR` that says why. [`TransportError::writing`] is set.
    pub fn handle_write_error(&mut self, mut cause: TransportError, now: Instant) {
        cause.writing = true;
        self.outbound.clear();
        self.timers.progress(now);
        self.end.write_failed.get_or_insert(cause);
        self.advance();
    }

    fn input_over(&mut self, cause: Option<TransportError>, now: Instant) {
        self.timers.progress(now);
        self.end.input_over.get_or_insert(cause);
        self.advance();
    }

    /// Whether the socket has to be handed to a TLS handshake now: at the start of an implicit TLS
    /// connection, and after the `+OK` to STLS. Nothing is read or written until
    /// [`tls_established`](Connection::tls_established).
    pub fn wants_tls(&self) -> bool {
        self.state.is_in_handshake() && self.end.outcome.is_none()
    }

    /// The TLS handshake succeeded. What the server announced in cleartext is forgotten (RFC 2595
    /// section 4).
    pub fn tls_established(&mut self, info: TlsInfo, now: Instant) {
        if !self.wants_tls() {
            return;
        }
        self.state.tls_established(info);
        self.inbound.restart();
        self.timers.progress(now);
        if self.state.phase() != Phase::Greeting
            && let Err(error) = self.step_exchange(Input::Tls)
        {
            self.close(Err(error));
        }
        self.advance();
    }

    /// The TLS handshake failed.
    pub fn tls_failed(&mut self, cause: TlsError, now: Instant) {
        self.timers.progress(now);
        self.close(Err(cause.into()));
    }
}
