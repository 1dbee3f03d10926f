//! The state machine of one connection without TLS, which is inside the public
//! [`Connection`](crate::Connection).
//!
//! [`Core`] owns these parts:
//!
//! * [`Inbound`] splits the octets from the server into frames.
//! * [`State`] stores the phase, the channel, and what is known about the server.
//! * [`Outbound`] stores the requests and the octets to send.
//! * [`Timers`] computes the deadlines.
//! * [`End`] stores why the connection ended.
//!
//! The loop in `advance.rs` reads a frame, matches it with a request (`receive.rs`), and sends what
//! may be sent (`send.rs`).
//!
//! Most methods are documented in detail in `Connection`, under the same names. The *front* request
//! is the one that the server answers next.

mod advance;
mod body;
mod confirm;
mod counters;
mod end;
mod first_batch;
mod inbound;
mod last_err;
mod multiline;
mod observe;
mod outbound;
mod queue;
mod receive;
#[cfg(feature = "record")]
mod record;
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
use core::time::Duration;

use self::counters::Counters;
use self::end::End;
use self::inbound::Inbound;
use self::outbound::Outbound;
use self::receive::Partial;
use self::request::PendingRequest;
use self::state::State;
use self::timers::Timers;
use crate::capability::Capabilities;
use crate::channel::Channel;
use crate::channel::TlsInfo;
use crate::command::{Command, Request};
use crate::command_line::check_length;
use crate::config::Config;
use crate::error::{Closed, Error, LimitError, Retry, TlsError, TransportError};
use crate::event::Event;
use crate::exchange::{Input, plan_login};
#[cfg(feature = "record")]
use crate::inputs::{Done, Input as Recorded, Tap};
use crate::login::Login;
use crate::login_plan::LoginPlan;
use crate::misuse::Misuse;
use crate::observe::{Observation, Observed, Statistics};
use crate::phase::Phase;
use crate::redact::Redactor;
use crate::reply::Greeting;
use crate::sasl::Seed;
use crate::secret::Secret;
use crate::ticket::{RequestId, Ticket};
use crate::time::Instant;

/// The state machine.
#[derive(Debug)]
pub(crate) struct Core {
    config: Config,
    state: State,
    inbound: Inbound,
    outbound: Outbound,
    /// The multi-line reply that is being received.
    partial: Option<Partial>,
    events: VecDeque<Event>,
    timers: Timers,
    /// The interval of keep-alives.
    keep_alive: Option<Duration>,
    next_id: RequestId,
    end: End,
    plan: Option<LoginPlan>,
    seed: Option<Seed>,
    redactor: Redactor,
    counters: Counters,
    /// Boxed, because most connections have none.
    observation: Option<Box<Observation>>,
    /// What the recorder keeps.
    #[cfg(feature = "record")]
    tap: Option<Tap>,
}

/// Getters.
impl Core {
    /// Returns the state of the session.
    pub(crate) fn phase(&self) -> Phase {
        match self.end.outcome {
            Some(_) => Phase::Closed,
            None => self.state.phase(),
        }
    }

    /// Returns the greeting that was received on this channel.
    pub(crate) fn greeting(&self) -> Option<&Greeting> {
        self.state.greeting()
    }

    /// Returns the capabilities that the server announced on this channel.
    pub(crate) fn capabilities(&self) -> Option<&Capabilities> {
        self.state.capabilities()
    }

    /// Returns whether the server accepted `UTF8`.
    pub(crate) fn utf8_mode(&self) -> bool {
        self.state.utf8_mode()
    }

    /// Returns the tag of the language that the server confirmed last.
    pub(crate) fn language(&self) -> Option<&str> {
        self.state.language()
    }

    /// Returns the channel that the connection began with.
    pub(crate) fn channel(&self) -> Channel {
        self.state.channel()
    }

    /// Returns the result of the TLS handshake.
    pub(crate) fn tls(&self) -> Option<&TlsInfo> {
        self.state.tls()
    }

    /// Returns what was counted so far, without the octets of TLS records.
    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            sent: self.outbound.sent(),
            commands: self.outbound.sent_lines(),
            ..self.counters.sum
        }
    }

    /// Returns the configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the fatal error, if there was one.
    pub(crate) fn error(&self) -> Option<&Error> {
        self.end
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.as_ref().err())
    }

    /// Returns whether a program should try again after this error, and how soon.
    pub(crate) fn retry(&self, error: &Error) -> Retry {
        let delay = self.state.login_delay();
        let delay = delay.filter(|_| self.state.was_logged_in());
        error.retry().not_before(delay.unwrap_or_default())
    }

    /// Returns the plan of the last login.
    pub(crate) fn login_plan(&self) -> Option<&LoginPlan> {
        self.plan.as_ref()
    }

    /// Returns what a login would do now.
    pub(crate) fn plan_login(&self, login: &Login) -> LoginPlan {
        plan_login(login, &self.state.context(&self.config))
    }

    /// Returns how many submitted requests are not answered yet.
    pub(crate) fn outstanding(&self) -> usize {
        self.outbound.requests()
    }

    /// Returns whether a command was sent whose reply was not received yet.
    pub(crate) fn awaits_reply(&self) -> bool {
        self.outbound.has_begun_front()
    }

    /// Returns whether the window has room for another request.
    pub(crate) fn wants_request(&self) -> bool {
        self.end.outcome.is_none() && self.outbound.has_room(self.window())
    }

    /// Returns the id that the next request will have.
    pub(crate) fn next_id(&self) -> RequestId {
        self.next_id
    }
}

/// The application side.
impl Core {
    /// Creates the state machine. `now` starts the deadline of the greeting, or of the TLS
    /// handshake.
    pub(crate) fn new(mut config: Config, channel: Channel, now: Instant) -> Self {
        config.limits = config.limits.clamped();
        Self {
            state: State::new(channel),
            inbound: Inbound::new(&config),
            outbound: Outbound::default(),
            partial: None,
            events: VecDeque::new(),
            timers: Timers::new(now),
            keep_alive: config.keep_alive,
            next_id: RequestId::FIRST,
            end: End::default(),
            plan: None,
            seed: None,
            redactor: Redactor::default(),
            counters: Counters::new(now),
            observation: None,
            #[cfg(feature = "record")]
            tap: None,
            config,
        }
    }

    /// Seeds the connection with random octets.
    pub(crate) fn seed(&mut self, random: [u8; 32]) {
        self.redactor.set_key(&random);
        self.seed = Some(Seed::new(random));
    }

    /// Queues a request.
    pub(crate) fn submit<C: Command>(&mut self, command: C) -> Result<Ticket<C>, Error> {
        let request = command.request().0;
        #[cfg(feature = "record")]
        self.record_submit(&request);
        if let Some(error) = self.fatal() {
            return Err(error);
        }
        match &request {
            Request::Command(command) => check_length(command, self.config.limits.command)?,
            Request::Exchange(exchange) => exchange.check_length(self.config.limits.command)?,
            // A confirmation chooses its commands later, when it is its turn to be sent.
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

    /// Returns the next event. While an event is pending, nothing is parsed and nothing is sent.
    #[inline]
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            // After a panic in a callback, the end may not have been reported yet.
            self.report_end();
        }
        let event = self.events.pop_front()?;
        self.observe_event(&event);
        #[cfg(feature = "record")]
        self.record_event(&event);
        if self.events.is_empty() {
            self.timers.rearm();
            self.advance();
        }
        Some(event)
    }

    /// Abandons requests and drops their pending events.
    pub(crate) fn abandon(&mut self, requests: Range<RequestId>) {
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
        #[cfg(feature = "record")]
        self.record_abandon(&requests);
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

    /// Provides the token that [`Event::TokenWanted`] requested.
    pub(crate) fn provide_token(
        &mut self,
        id: RequestId,
        token: Result<Secret, Box<str>>,
    ) -> Result<(), Error> {
        #[cfg(feature = "record")]
        self.record_token(token.as_ref().ok().map(Secret::expose));
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

    /// Returns whether the front request waits for a token from the application.
    fn wants_token(&self) -> bool {
        self.outbound
            .front()
            .is_some_and(PendingRequest::wants_token)
    }

    /// Returns the error that new requests get, if the connection has ended.
    fn fatal(&self) -> Option<Error> {
        let outcome = self.end.outcome.as_ref()?;
        let error = outcome.as_ref().err().cloned();
        Some(error.unwrap_or_else(|| Closed::Finished.into()))
    }
}

/// Keeping an idle session open.
impl Core {
    /// Changes the interval of keep-alives.
    pub(crate) fn set_keep_alive(&mut self, interval: Option<Duration>) {
        #[cfg(feature = "record")]
        if self.keep_alive != interval {
            self.record_action(Done::KeepAlive(interval));
        }
        self.keep_alive = interval;
    }

    /// Returns when the last octet was sent or received.
    pub(crate) fn last_octet(&self) -> Instant {
        self.timers.last()
    }
}

/// Methods with which the application ends the connection.
impl Core {
    /// Ends the connection because a limit of the application was exceeded.
    pub(crate) fn exceeded(&mut self, limit: LimitError) {
        #[cfg(feature = "record")]
        self.record_action(Done::Exceeded(limit));
        self.close(Err(limit.into()));
    }

    /// Ends the connection because code of the application panicked outside the connection's
    /// methods.
    pub(crate) fn callback_panicked(&mut self) {
        #[cfg(feature = "record")]
        self.record_action(Done::Panicked);
        self.close(Err(Error::CallbackPanicked));
    }
}

/// The socket side.
impl Core {
    /// Returns whether there are octets to send.
    pub(crate) fn wants_write(&self) -> bool {
        !self.outbound.pending().is_empty() && !self.must_hold_back()
    }

    /// Returns the octets to send.
    pub(crate) fn transmit(&mut self) -> &[u8] {
        if self.must_hold_back() {
            return &[];
        }
        self.outbound.pending()
    }

    /// Returns the octets to send, for a layer that will send all of them: none can be retracted.
    #[cfg(feature = "rustls")]
    pub(crate) fn hand_over(&mut self) -> &[u8] {
        self.outbound.hand_over()
    }

    /// Counts octets that were sent.
    pub(crate) fn transmitted(&mut self, octets: usize, now: Instant) {
        self.observe_time(now);
        if self.outbound.transmitted(octets) > 0 {
            self.counters.expects_answer = true;
            #[cfg(feature = "record")]
            self.record_at(now, Recorded::Sent);
            self.observe_sent();
            self.inbound.expect_answer();
            self.timers.progress(now);
        }
        self.advance();
    }

    /// Returns whether the connection can accept octets from the server.
    pub(crate) fn wants_read(&self) -> bool {
        self.events.is_empty()
            && self.end.outcome.is_none()
            && self.end.input_ended.is_none()
            && !self.wants_tls()
            && !self.inbound.is_full()
    }

    /// Returns the buffer for octets from the server, exactly while
    /// [`wants_read`](Core::wants_read) returns true.
    pub(crate) fn recv_buffer(&mut self) -> Option<&mut [u8]> {
        if self.wants_read() {
            Some(self.inbound.room())
        } else {
            None
        }
    }

    /// Counts octets that were put into the [`recv_buffer`](Core::recv_buffer).
    pub(crate) fn received(&mut self, octets: usize, now: Instant) {
        if octets == 0 || !self.wants_read() {
            return;
        }
        self.observe_time(now);
        self.counters.received(octets);
        self.inbound.fill(octets);
        #[cfg(feature = "record")]
        self.record_received(octets, now);
        self.timers.progress(now);
        self.advance();
    }

    /// Notes that the server will send no more octets.
    pub(crate) fn handle_eof(&mut self, now: Instant) {
        #[cfg(feature = "record")]
        self.record_at(now, Recorded::EndOfFile);
        self.input_ended(None, now);
    }

    /// Notes that reading failed.
    pub(crate) fn handle_read_error(&mut self, cause: TransportError, now: Instant) {
        #[cfg(feature = "record")]
        self.record_at(now, Recorded::ReadFails(cause.kind));
        self.input_ended(Some(cause), now);
    }

    /// Notes that writing failed: nothing more is sent.
    pub(crate) fn handle_write_error(&mut self, mut cause: TransportError, now: Instant) {
        #[cfg(feature = "record")]
        self.record_at(now, Recorded::WriteFails(cause.kind));
        cause.writing = true;
        self.observe_time(now);
        self.outbound.clear();
        self.timers.progress(now);
        self.end.write_failed.get_or_insert(cause);
        self.advance();
    }

    fn input_ended(&mut self, cause: Option<TransportError>, now: Instant) {
        self.observe_time(now);
        self.timers.progress(now);
        self.end.input_ended.get_or_insert(cause);
        self.advance();
    }

    /// Returns whether a TLS handshake must be done now.
    pub(crate) fn wants_tls(&self) -> bool {
        self.state.is_in_handshake() && self.end.outcome.is_none()
    }

    /// Notes that the TLS handshake succeeded. Everything that the server announced in cleartext is
    /// discarded (RFC 2595 section 4).
    pub(crate) fn tls_established(&mut self, info: TlsInfo, now: Instant) {
        if !self.wants_tls() {
            return;
        }
        self.observe_time(now);
        self.counters.handshake_ends(&info, now);
        self.observe(None, Observed::TlsEstablished(&info));
        #[cfg(feature = "record")]
        self.record_at(
            now,
            Recorded::Tls {
                exporter: info.exporter.is_some(),
                end_point: info.end_point.is_ok(),
            },
        );
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

    /// Notes that the TLS handshake failed.
    pub(crate) fn tls_failed(&mut self, cause: TlsError, now: Instant) {
        #[cfg(feature = "record")]
        self.record_at(now, Recorded::TlsFails(cause.kind));
        self.observe_time(now);
        self.timers.progress(now);
        self.close(Err(cause.into()));
    }
}
